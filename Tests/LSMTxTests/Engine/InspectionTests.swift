import LSMTx
import LSMTxSimulation
import Testing

/// What an inspection counts, compared with what was written.
@Suite("Inspection")
struct InspectionTests {
    private let device = MemoryDevice()

    private func filled(seed: UInt64) throws -> (Database, [[UInt8]: [[UInt8]?]]) {
        try EngineFixture.format(device)
        let database = try EngineFixture.openWithPast(device)
        var model: [[UInt8]: [[UInt8]?]] = [:]
        var generator = SeededGenerator(seed: seed)
        for step in 0..<600 {
            let key = Array("key\(Int.random(in: 0..<120, using: &generator))".utf8)
            let count = Int.random(in: 0..<(step % 50 == 0 ? 9_000 : 200), using: &generator)
            let value = step % 7 == 0 ? nil : [UInt8](repeating: 7, count: count)
            try database.write { transaction in
                if let value { try transaction.put(key, value) } else { try transaction.delete(key) }
            }
            model[key, default: []].append(value)
            if step % 150 == 149 { try EngineControl(database).flush() }
        }
        return (database, model)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func everyVersionIsCountedOnce(seed: UInt64) throws {
        let (database, model) = try filled(seed: seed)
        var calls = 0
        let result = try database.inspect(now: .max / 2, ageLimits: [1000]) { done, total in
            calls += 1
            #expect(done <= total)
        }
        let versions = model.values.flatMap { $0 }
        #expect(calls >= 2)
        #expect(result.versions == UInt64(versions.count), "seed \(seed)")
        #expect(result.tombstones == UInt64(versions.filter { $0 == nil }.count), "seed \(seed)")
        #expect(result.keySizes.count == UInt64(model.count))
        #expect(result.keySizes.sum == model.keys.reduce(0) { $0 + UInt64($1.count) })
        #expect(result.valueSizes.sum == versions.reduce(0) { $0 + UInt64($1?.count ?? 0) })
        #expect(result.valueBytes + result.largeValueBytes == result.valueSizes.sum)
        #expect(result.largeValues == UInt64(versions.filter { ($0?.count ?? 0) > 3_000 }.count), "seed \(seed)")
        #expect(result.versionsPerKey.sum == result.versions)
        #expect(result.versionsPerKey.largest == model.values.map { UInt64($0.count) }.max())
        #expect(result.keyBytes == model.reduce(0) { $0 + UInt64($1.key.count * $1.value.count) })
        #expect(result.ages.reduce(0, +) == result.versions && result.ages[0] == 0)
        #expect(result.unflushedEntries == 0)
        #expect(result.tables.reduce(0) { $0 + $1.descriptor.statistics.entryCount } == result.versions)
        try database.close()
    }

    @Test func everyByteOfTheFileHasOneUse() throws {
        let (database, _) = try filled(seed: 4)
        try database.write { try $0.deleteRange(KeyRange(prefix: "key1")) }
        for _ in 0..<2 {
            let extents = try database.engine.fileExtents()
            var end: UInt64 = 0
            for extent in extents {
                #expect(extent.range.offset == end && extent.range.length > 0)
                end = extent.range.end
            }
            #expect(end == (try device.length()))
            for (left, right) in zip(extents, extents.dropFirst()) { #expect(left.use != right.use) }
            let uses = Set(extents.map(\.use))
            #expect(uses.isSuperset(of: [.superblock, .manifest, .log, .largeValue]))
            let tables = Set(
                extents.compactMap { extent -> TableID? in
                    if case .table(let id, _) = extent.use { id } else { nil }
                })
            #expect(tables == Set(database.engine.versions.current.tables.map(\.descriptor.id)))
            try EngineControl(database).compact(full: true)
        }
        try database.close()
    }

    @Test func whatOnlyTheLogHasIsCountedApart() throws {
        try EngineFixture.format(device)
        let database = try EngineFixture.openWithPast(device)
        try database.write { try $0.put("a", "1") }
        let result = try database.inspect(now: 0, ageLimits: []) { _, _ in }
        #expect(result.unflushedEntries == 1 && result.versions == 0 && result.tables.isEmpty)
        try database.close()
        #expect(throws: StoreError.self) { _ = try database.inspect(now: 0, ageLimits: []) { _, _ in } }
    }

    @Test func aProgressThatThrowsEndsIt() throws {
        struct Stop: Error {}
        let (database, _) = try filled(seed: 5)
        #expect(throws: Stop.self) { _ = try database.inspect(now: 0, ageLimits: []) { _, _ in throw Stop() } }
        try database.close()
    }

    @Test func aDistributionHasAClassForEachPowerOfTwo() {
        var distribution = Distribution()
        for number in [0, 1, 2, 3, 4, 7, 8, .max] as [UInt64] where number < .max { distribution.add(number) }
        #expect(distribution.counts == [1, 1, 2, 2, 1])
        #expect(distribution.count == 7 && distribution.sum == 25 && distribution.largest == 8)
        for (index, range) in ([0...0, 1...1, 2...3, 4...7, 8...15] as [ClosedRange<UInt64>]).enumerated() {
            #expect(Distribution.range(index) == range)
        }
        #expect(Distribution.range(64) == (1 << 63)...UInt64.max)
    }
}
