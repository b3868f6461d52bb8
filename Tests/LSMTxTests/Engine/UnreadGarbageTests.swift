import LSMTx
import LSMTxTestSupport
import Testing

/// What a deleted range, or a large value that was written over, leaves behind goes without another write, as soon as
/// nobody can read it.
@Suite struct UnreadGarbageTests {
    private static func fill(_ database: Database, keys: Int = 4000) throws {
        for start in stride(from: 0, to: keys, by: 500) {
            try database.write { t in
                for key in start..<min(start + 500, keys) {
                    try t.put("key \(100_000 + key)", String(repeating: "value \(key) ", count: 8))
                }
            }
        }
        try database.compact()
    }

    private static func entryCount(_ database: Database) throws -> UInt64 {
        try database.statistics.levels.reduce(0) { $0 + $1.entries }
    }

    /// Waits until at most so many entries are left in tables.
    private static func settledEntries(_ database: Database, atMost limit: UInt64) throws -> UInt64 {
        for _ in 0..<400 {
            if try entryCount(database) <= limit { break }
            SystemClock.sleep(microseconds: 25_000)
        }
        return try entryCount(database)
    }

    @Test func whatADeletedRangeCoversGoesWithoutAnotherWrite() throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        try Self.fill(database)
        try database.write { try $0.deleteRange(.all) }
        try database.flush()
        #expect(try Self.settledEntries(database, atMost: 1) <= 1)
        // What was dropped is counted after the tables have changed.
        for _ in 0..<400 where try database.statistics.compaction.droppedRangeTombstones == 0 {
            SystemClock.sleep(microseconds: 25_000)
        }
        let work = try database.statistics.compaction
        #expect(work.droppedByRangeDeletion == 4000 && work.droppedVersions == 0)
        #expect(work.droppedRangeTombstones >= 1)
        #expect(work.levels.reduce(0) { $0 + $1.droppedByRangeDeletion } == 4000)
        #expect(try database.check().findings.isEmpty)
        try database.close()
    }

    /// Nobody flushes: what hides it is in the memtable alone.
    @Test func whatTheMemtableHidesGoesToo() throws {
        let device = MemoryDevice()
        try EngineFixture.format(device)
        var options = EngineFixture.options(background: true)
        options.largeValueBytes = 3000
        options.flushDelayMilliseconds = 50
        let database = try EngineFixture.open(device, options)
        for byte in 0..<3 as Range<UInt8> {
            try database.write { t in
                for key in 0..<4 { try t.put("large \(key)", [UInt8](repeating: byte, count: 10_000)) }
            }
        }
        for _ in 0..<400 {
            if try database.statistics.largeValues.count == 4 { break }
            SystemClock.sleep(microseconds: 25_000)
        }
        #expect(try database.statistics.largeValues.count == 4)
        try Self.fill(database)
        try database.write { try $0.deleteRange(.all) }
        #expect(try Self.settledEntries(database, atMost: 1) <= 1)
        #expect(try database.statistics.largeValues.count == 0)
        try database.close()
    }

    @Test func partOfAStoreGoesToo() throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        try Self.fill(database)
        let (lower, upper) = (Array("key 101000".utf8), Array("key 103500".utf8))
        try database.write { try $0.deleteRange(KeyRange(from: lower, upTo: upper)) }
        try database.flush()
        #expect(try Self.settledEntries(database, atMost: 1700) <= 1700)
        #expect(try EngineFixture.contents(database).count == 1500)
        try database.close()
    }

    @Test(arguments: [false, true]) func whatASnapshotHeldGoesWithIt(isNamed: Bool) throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        try Self.fill(database)
        let snapshot = isNamed ? nil : try database.snapshot()
        if isNamed { _ = try database.createSnapshot(named: "before") }
        try database.write { try $0.deleteRange(.all) }
        try database.flush()
        try database.compact()
        #expect(try Self.entryCount(database) >= 4000)
        snapshot?.close()
        if isNamed { try database.dropSnapshot(named: "before") }
        #expect(try Self.settledEntries(database, atMost: 1) <= 1)
        try database.close()
    }

    @Test func aSnapshotThatWasOpenDuringTheDeletionIsWaitedFor() throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        try Self.fill(database)
        let snapshot = try database.snapshot()
        try database.write { try $0.deleteRange(.all) }
        try database.flush()
        #expect(try Self.entryCount(database) >= 4000)
        #expect(Array(snapshot.scan()).count == 4000)
        snapshot.close()
        #expect(try Self.settledEntries(database, atMost: 1) <= 1)
        try database.close()
    }

    @Test(arguments: [false, true]) func whatTheRetentionKeptGoesWhenItsTimeHasPassed(compacted: Bool) throws {
        let clock = ManualClock()
        let device = MemoryDevice()
        try EngineFixture.format(device)
        var options = EngineFixture.options(background: true, retention: Retention(keep: .seconds(60)))
        options.wallClock = { clock.now }
        options.retentionLookMilliseconds = 20
        let database = try EngineFixture.open(device, options)
        try Self.fill(database)
        clock.advance(1000)
        try database.write { try $0.deleteRange(.all) }
        try database.flush()
        if compacted { try database.compact() }
        clock.advance(30_000)
        SystemClock.sleep(microseconds: 200_000)
        #expect(try Self.entryCount(database) >= 4000)
        clock.advance(120_000)
        #expect(try Self.settledEntries(database, atMost: 1) <= 1)
        try database.close()
    }

    @Test func aRequestedCompactionDropsWhatADeletedRangeCovers() throws {
        let (_, database) = try EngineFixture.newStore()
        try Self.fill(database)
        let early = try database.begin(.snapshot)
        try database.write { try $0.deleteRange(.all) }
        try database.compact()
        early.rollback()
        try database.compact()
        #expect(try database.statistics.levels.allSatisfy { $0.tables == 0 })
    }

    @Test(arguments: [false, true]) func largeValuesThatWereWrittenOverOrDeletedGo(isDeletion: Bool) throws {
        let device = MemoryDevice()
        try EngineFixture.format(device)
        var options = EngineFixture.options(background: true)
        options.largeValueBytes = 3000
        let database = try EngineFixture.open(device, options)
        func put(_ byte: UInt8) throws {
            try database.write { t in
                for key in 0..<100 { try t.put("key \(key)", [UInt8](repeating: byte, count: 10_000)) }
            }
            try database.flush()
        }
        try put(1)
        if isDeletion {
            try database.write { t in for key in 0..<100 { try t.delete("key \(key)") } }
            try database.flush()
        } else {
            try put(2)
        }
        let limit = isDeletion ? 0 : 100
        for _ in 0..<400 {
            if try database.statistics.largeValues.count <= limit { break }
            SystemClock.sleep(microseconds: 25_000)
        }
        #expect(try database.statistics.largeValues.count == limit)
        #expect(try database.check().findings.isEmpty)
        try database.close()
    }

    /// A table with many small entries and few large values, which a snapshot held.
    @Test func theBytesOfLargeValuesCountAsGarbage() throws {
        let device = MemoryDevice()
        try EngineFixture.format(device)
        var options = EngineFixture.options(background: true)
        options.largeValueBytes = 3000
        let database = try EngineFixture.open(device, options)
        try database.write { t in
            for key in 0..<2000 { try t.put("key \(key)", "small") }
            try t.put("large", [UInt8](repeating: 1, count: 100_000))
        }
        let snapshot = try database.snapshot()
        try database.write { try $0.put("large", [UInt8](repeating: 2, count: 100_000)) }
        try database.compact()
        #expect(try database.statistics.largeValues.count == 2)
        snapshot.close()
        for _ in 0..<400 {
            if try database.statistics.largeValues.count == 1 { break }
            SystemClock.sleep(microseconds: 25_000)
        }
        #expect(try database.statistics.largeValues.count == 1)
        try database.close()
    }
}
