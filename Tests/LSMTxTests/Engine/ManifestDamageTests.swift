import LSMTxSimulation
import Testing

@testable import LSMTx

/// Each superblock slot has a manifest of its own, so that no single damaged block makes a store unreadable.
@Suite struct ManifestDamageTests {
    /// A closed store with a few tables.
    private func closedStore() throws -> MemoryDevice {
        var options = EngineOptions()
        options.extentBytes = 16 << 10
        options.memtableBytes = 64 << 10
        let device = MemoryDevice()
        var random = SeededGenerator(seed: 1)
        try Engine.format(device, options: options, using: &random)
        let database = try Database(device: device, path: nil, configuration: Configuration(), options: options)
        for round in 0..<3 {
            try database.write { t in
                for key in 0..<50 { try t.put("key \(key)", "round \(round)") }
            }
            try database.flush()
        }
        try database.close()
        return device
    }

    private func open(_ device: MemoryDevice) throws -> Database {
        try Database(device: device, path: nil, configuration: Configuration(), options: EngineOptions())
    }

    @Test(arguments: [0, 1]) func damageToOneManifestLosesNothing(slot: Int) throws {
        let device = try closedStore()
        let slots = try SuperblockSlots.read(from: device)
        let previous = try #require(slots.previous)
        let manifest = slot == slots.currentSlot ? slots.current.manifest : previous.manifest
        try device.write([0xff], at: manifest.base.offset + 30)

        let database = try open(device)
        #expect(try database.read { try $0.get("key 49") } == Array("round 2".utf8))
        try database.write { try $0.put("more", "1") }
        try database.flush()
        #expect(try database.check().findings.isEmpty)
        try database.close()

        let again = try open(device)
        #expect(try again.read { try $0.get("more") } == Array("1".utf8))
        #expect(try again.read { $0.scan().reduce(0) { count, _ in count + 1 } } == 51)
        #expect(try again.check().findings.isEmpty)
    }

    @Test func theManifestsOfTheTwoSlotsShareNoBlock() throws {
        let slots = try SuperblockSlots.read(from: try closedStore())
        let previous = try #require(slots.previous)
        #expect(Set(slots.current.manifest.extents).isDisjoint(with: previous.manifest.extents))
    }

    @Test func damageToBothManifestsIsCorruption() throws {
        let device = try closedStore()
        let slots = try SuperblockSlots.read(from: device)
        for manifest in [slots.current.manifest, try #require(slots.previous).manifest] {
            try device.write([0xff], at: manifest.base.offset + 30)
        }
        #expect { try open(device) } throws: { ($0 as? StoreError)?.code == .corrupt }
    }
}
