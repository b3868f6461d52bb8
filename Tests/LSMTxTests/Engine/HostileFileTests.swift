import LSMTxSimulation
import Testing

@testable import LSMTx

/// Files whose checksums are right and whose contents are not: every open ends with a store or an error.
@Suite struct HostileFileTests {
    #if DEBUG
    private static let rounds = 150
    #else
    private static let rounds = 4_000
    #endif

    /// A store with tables, manifest edits and a live log, as a kill leaves it.
    private static func victim() throws -> [UInt8] {
        let (device, database) = try EngineFixture.newStore()
        for round in 0..<4 {
            for number in 0..<40 { try database.write { try $0.put("k\(number)", "\(round)") } }
            try database.createSnapshot(named: "round \(round)")
            if round < 3 { try database.flush() }
        }
        let killed = try EngineFixture.copy(device).readAll()
        try database.close()
        return killed
    }

    private static func reseal(_ file: inout [UInt8], slotAt offset: UInt64) {
        let slot = Int(offset)..<Int(offset) + Superblock.slotBytes
        file.replaceSubrange(slot.lowerBound + 16..<slot.lowerBound + 24, with: repeatElement(0, count: 8))
        let checksum = file[slot].withUnsafeBytes { xxh3(BorrowedBytes($0), seed: offset &+ 1) }
        withUnsafeBytes(of: checksum.littleEndian) {
            file.replaceSubrange(slot.lowerBound + 16..<slot.lowerBound + 24, with: $0)
        }
    }

    /// Numbers that are hard to calculate with.
    private static let hardNumbers: [UInt64] = [
        0, 1, .max, .max - 1, 1 << 63, (1 << 63) - 1, 1 << 62, 4096, 65_536, 1 << 44,
    ]

    /// Changes a few bytes, or a number to one that is hard to calculate with.
    private static func mutate(_ bytes: inout [UInt8], in range: Range<Int>, using random: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: range, using: &random)
            if Bool.random(using: &random) || place + 8 > range.upperBound {
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            } else {
                let aligned = range.lowerBound + (place - range.lowerBound) / 4 * 4
                guard aligned + 8 <= range.upperBound else { continue }
                withUnsafeBytes(of: Self.hardNumbers.randomElement(using: &random)!.littleEndian) {
                    bytes.replaceSubrange(aligned..<aligned + 8, with: $0)
                }
            }
        }
    }

    /// Opens, reads, writes and closes, as far as it goes.
    private static func use(_ file: [UInt8], readOnly: Bool) throws -> Bool {
        let device = MemoryDevice()
        try device.write(file, at: 0)
        do {
            var options = EngineFixture.options()
            options.isReadOnly = readOnly
            let database = try Database(
                device: device, path: nil, configuration: EngineFixture.configuration, options: options)
            _ = try EngineFixture.contents(database)
            if !readOnly { try database.write { try $0.put("more", "1") } }
            try database.close()
            return true
        } catch is StoreError {
            return false
        }
    }

    @Test func superblocksThatLieAreRefusedOrServed() throws {
        let victim = try Self.victim()
        var served = 0
        for seed in 0..<UInt64(Self.rounds) {
            var random = SeededGenerator(seed: seed)
            var file = victim
            // Both slots alike, or else the better one would be taken.
            Self.mutate(&file, in: 24..<240, using: &random)
            file.replaceSubrange(65_536..<65_536 + Superblock.slotBytes, with: file[0..<Superblock.slotBytes])
            for offset in Superblock.slotOffsets { Self.reseal(&file, slotAt: offset) }
            if try Self.use(file, readOnly: seed % 3 == 0) { served += 1 }
        }
        #expect(served < Self.rounds)
    }

    @Test func superblocksWithAnyNumberAreRefusedOrServed() throws {
        let victim = try Self.victim()
        for place in stride(from: 24, to: 240, by: 4) {
            for number in Self.hardNumbers {
                var file = victim
                withUnsafeBytes(of: number.littleEndian) { file.replaceSubrange(place..<place + 8, with: $0) }
                file.replaceSubrange(65_536..<65_536 + Superblock.slotBytes, with: file[0..<Superblock.slotBytes])
                for offset in Superblock.slotOffsets { Self.reseal(&file, slotAt: offset) }
                _ = try Self.use(file, readOnly: false)
            }
        }
    }

    @Test func manifestsThatLieAreRefusedOrServed() throws {
        let victim = try Self.victim()
        let device = MemoryDevice()
        try device.write(victim, at: 0)
        let slots = try SuperblockSlots.read(from: device)
        let seal = SealedBlock(file: slots.current.identity)
        let pointers = [slots.current.manifest.base] + slots.current.manifest.edits
        #expect(pointers.count > 1)
        for seed in 0..<UInt64(Self.rounds) {
            var random = SeededGenerator(seed: seed)
            var file = victim
            let chosen = Int.random(in: 0..<pointers.count, using: &random)
            let pointer = pointers[chosen]
            let block = Int(pointer.offset)..<Int(pointer.offset) + Int(pointer.length)
            guard block.count > SealedBlock.headerBytes else { continue }
            Self.mutate(&file, in: block.lowerBound + SealedBlock.headerBytes..<block.upperBound, using: &random)
            let sealed = file.withUnsafeMutableBytes { raw in
                seal.seal(
                    UnsafeMutableRawBufferPointer(rebasing: raw[block]),
                    kind: chosen == 0 ? .manifestBase : .manifestEdit,
                    generation: slots.current.generation, offset: pointer.offset)
            }
            var superblock = slots.current
            if chosen == 0 {
                superblock.manifest.base = sealed
            } else {
                superblock.manifest.edits[chosen - 1] = sealed
            }
            for offset in Superblock.slotOffsets {
                file.replaceSubrange(
                    Int(offset)..<Int(offset) + Superblock.slotBytes, with: superblock.encoded(at: offset))
            }
            _ = try Self.use(file, readOnly: seed % 3 == 0)
        }
    }

    @Test func commitRecordsThatLieAreRefused() throws {
        var batch = WriteBatch()
        for number in 0..<6 {
            Array("key\(number)".utf8).withUnsafeBytes { key in
                batch.put(key: BorrowedBytes(key), value: BorrowedBytes(key))
                batch.delete(key: BorrowedBytes(key))
            }
        }
        var writer = ByteWriter()
        writer.uint64(7)
        writer.uint64(0)
        writer.uint32(2)
        writer.uint32(0)
        for _ in 0..<2 {
            writer.uint32(UInt32(batch.count))
            writer.uint32(UInt32(batch.byteCount))
            writer.raw(batch.bytes)
        }
        func decode(_ bytes: [UInt8]) throws -> Int {
            try bytes.withUnsafeBytes { raw in
                let group = try CommitRecord.decode(BorrowedBytes(raw), fileOffset: 0)
                #expect(group.lastTimestamp.advanced(by: Timestamp.uncleanOpenSkip) > group.firstTimestamp)
                return group.members.count
            }
        }
        #expect(try decode(writer.bytes) == 2)
        for length in 0..<writer.bytes.count {
            #expect(throws: StoreError.self) { try decode(Array(writer.bytes[..<length])) }
        }
        for seed in 0..<UInt64(20 * Self.rounds) {
            var random = SeededGenerator(seed: seed)
            var bytes = writer.bytes
            Self.mutate(&bytes, in: 0..<bytes.count, using: &random)
            _ = try? decode(bytes)
        }
    }

    /// The newer slot is lost, and of the first commit after a clean open only the beginning was written. What is
    /// left says that the store is clean, and leads to a log that goes on into a second segment.
    @Test func aLostSlotBehindATornFirstCommitIsRecovered() throws {
        let device = CrashDevice()
        try EngineFixture.format(device)
        let first = try EngineFixture.open(device)
        try first.write { try $0.put("kept", "1") }
        try first.close()
        let database = try EngineFixture.open(device)
        device.onCrashPoint { _ in }
        let before = device.crashPoint()
        #expect(before.unsyncedSectors.isEmpty)
        try database.write(durability: .buffered) { try $0.put("torn", [UInt8](repeating: 1, count: 30_000)) }
        let point = device.crashPoint()
        try database.close()
        for cut in 0..<point.unsyncedSectors.count {
            // The last sectors were not written.
            var fates: [UInt64: SectorFate] = [:]
            for sector in point.unsyncedSectors.suffix(cut) { fates[sector] = .version(0) }
            for slot in Superblock.slotOffsets {
                let image = point.image(CrashChoice(.new, fates: fates))
                try image.writeDurably([UInt8](repeating: 0, count: Superblock.slotBytes), at: slot)
                let reopened = try EngineFixture.open(image)
                #expect(try reopened.read { try $0.get("kept") } == Array("1".utf8))
                try reopened.write { try $0.put("later", "1") }
                try reopened.close()
                let again = try EngineFixture.open(image)
                #expect(try again.read { try $0.get("later") } == Array("1".utf8))
                try again.close()
            }
        }
    }
}
