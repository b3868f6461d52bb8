import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// A compaction that meets a damaged block has written nothing wrongly: the store goes on without that table.
@Suite struct DamagedCompactionTests {
    private static let value = [UInt8](repeating: 7, count: 100)

    private static func key(_ prefix: String, _ number: Int) -> [UInt8] { Array("\(prefix) \(100_000 + number)".utf8) }

    private static func write(_ database: Database, _ prefix: String, _ keys: Range<Int>, byte: UInt8 = 7) throws {
        try database.write { t in
            for key in keys { try t.put(Self.key(prefix, key), [UInt8](repeating: byte, count: 100)) }
        }
    }

    /// A store with the keys of "a" and "c" in deeper tables, and one block with keys of "a" damaged.
    private static func damaged(background: Bool) throws -> (device: FaultDevice, database: Database) {
        let device = FaultDevice(MemoryDevice())
        try EngineFixture.format(device)
        var database = try EngineFixture.open(device)
        try write(database, "a", 0..<200)
        try database.compact()
        try write(database, "c", 0..<200)
        try database.compact()
        try database.close()
        var options = EngineFixture.options(background: background)
        options.cacheBytes = 4 << 10
        options.wallClock = { 1_800_000_000_000 }
        database = try EngineFixture.open(device, options)
        let tables = database.engine.versions.current.tables.map(\.descriptor)
        let table = try #require(tables.first { $0.bounds.contains(key("a", 100)) })
        try #require(!table.bounds.contains(key("c", 0)))
        try device.write([UInt8](repeating: 0x55, count: 8), at: table.extents[0].offset + 6_000)
        return (device, database)
    }

    /// Overwrites keys of "a" until a compaction has met the damage.
    private static func meetDamage(_ database: Database) throws {
        for round in 0..<4 as Range<UInt8> {
            try write(database, "a", 0..<50, byte: round)
            try database.flush()
        }
        var turns = 0
        while try database.statistics.damagedTables.isEmpty, turns < 20_000 {
            SystemClock.sleep(microseconds: 1000)
            turns += 1
        }
    }

    @Test(arguments: [false, true]) func theTableIsLeftAloneAndEverythingElseGoesOn(background: Bool) throws {
        let (device, database) = try Self.damaged(background: background)
        try Self.meetDamage(database)
        let found = try database.statistics.damagedTables
        #expect(found.count == 1)
        let damage = try #require(found.first)
        #expect(damage.level == 1 && damage.since == 1_800_000_000_000)
        #expect(damage.error.code == .corrupt && damage.error.location.offset != nil)
        let lost = try #require(damage.error.location.keys)
        #expect(damage.keys.contains(lost.lowerBound))

        // Other keys are compacted as if nothing were: 40 flushes fit into level 0, which would stop writers at 12.
        let before = try database.statistics.compaction.count
        for round in 0..<40 as Range<UInt8> {
            try Self.write(database, "b", 0..<200, byte: round)
            try database.flush()
        }
        #expect(try database.statistics.compaction.count > before + 5)
        #expect(try database.statistics.damagedTables == found)
        #expect(database.engine.poison.first == nil)
        #expect(try database.read { try $0.get(Self.key("b", 3)) } == [UInt8](repeating: 39, count: 100))
        #expect(try database.read { try $0.get(Self.key("a", 3)) } == [UInt8](repeating: 3, count: 100))

        #expect(try database.check().findings.map(\.location.offset) == [damage.error.location.offset])
        let thrown = #expect(throws: StoreError.self) { try database.compact() }
        #expect(thrown?.code == .corrupt)
        #expect(thrown?.location.keys == lost && thrown?.location.offset == damage.error.location.offset)
        try database.compact(KeyRange(prefix: "c"))
        try Self.write(database, "b", 0..<10, byte: 99)
        #expect(ExtentAudit.findings(in: database.engine) == [])
        try database.close()

        let again = try EngineFixture.open(device)
        #expect(try again.statistics.damagedTables.isEmpty)
        #expect(try again.read { try $0.get(Self.key("b", 9)) } == [UInt8](repeating: 99, count: 100))
        #expect(try again.read { try $0.get(Self.key("a", 49)) } == [UInt8](repeating: 3, count: 100))
        try again.close()
    }

    /// Nobody could ever wake a writer who waits for a level 0 that rests on the damage.
    @Test(arguments: [false, true]) func writersAreToldWhenLevelZeroCannotGetShorter(background: Bool) throws {
        let (device, database) = try Self.damaged(background: background)
        let committed = Guarded<UInt8>(0)
        let outcome = Guarded<StoreError??>(nil)
        let writer = try WorkerThread(name: "writer") {
            var failure: StoreError?
            do {
                for round in 1..<200 as Range<UInt8> {
                    try Self.write(database, "a", 0..<200, byte: round)
                    committed.withLock { $0 = round }
                }
            } catch {
                failure = error as? StoreError
            }
            outcome.withLock { $0 = .some(failure) }
            outcome.notifyAll()
        }
        let ended: StoreError?? = outcome.wait(timeoutMilliseconds: 300_000) { $0 }
        let failure = try #require(ended)
        let told = try #require(failure)
        writer.join()
        #expect(told.code == .corrupt && told.location.offset != nil && told.location.keys != nil)
        let last = committed.withLock { $0 }
        #expect(last >= 12)
        #expect(database.engine.poison.first == nil)
        #expect(try database.read { try $0.get(Self.key("a", 7)) } == [UInt8](repeating: last, count: 100))
        #expect(EngineFixture.code { for _ in 0..<10 { try Self.write(database, "d", 0..<200) } } == .corrupt)
        try database.close()
        let again = try EngineFixture.open(device)
        #expect(try again.read { try $0.get(Self.key("a", 7)) } == [UInt8](repeating: last, count: 100))
        try again.close()
    }

    /// A table that a deleted range covers is dropped without being read.
    @Test(arguments: [false, true]) func deletingItsKeysAndCompactingRemovesTheDamage(background: Bool) throws {
        let (device, database) = try Self.damaged(background: background)
        try Self.meetDamage(database)
        try database.write { try $0.deleteRange(KeyRange(prefix: "a")) }
        try database.compact()
        #expect(try database.statistics.damagedTables.isEmpty)
        #expect(try database.check().findings.isEmpty)
        for round in 0..<30 as Range<UInt8> { try Self.write(database, "a", 0..<200, byte: round) }
        try database.close()
        let again = try EngineFixture.open(device)
        #expect(try again.check().findings.isEmpty)
        #expect(try again.read { try $0.get(Self.key("a", 3)) } == [UInt8](repeating: 29, count: 100))
        #expect(try again.read { try $0.get(Self.key("c", 3)) } == Self.value)
        try again.close()
    }

    /// What cannot be written is another matter: the file may hold anything after that.
    @Test func aCompactionThatCannotWriteStillPoisons() throws {
        let (device, database) = try Self.damaged(background: false)
        try Self.meetDamage(database)
        try Self.write(database, "b", 0..<50)
        // The flush has the first sync, and the compaction of what it wrote the second.
        let flushes = try database.statistics.flushes
        device.setFault(FaultDevice.Fault(.sync, call: 1, .failure(.io)))
        #expect(throws: StoreError.self) { try database.flush() }
        #expect(try database.statistics.flushes == flushes + 1)
        #expect(EngineFixture.code { try Self.write(database, "b", 0..<1) } == .poisoned)
        #expect(EngineFixture.code { try database.close() } == .poisoned)
    }
}
