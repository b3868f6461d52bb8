import LSMTxTestSupport
import Testing

@testable import LSMTx

/// What a range tombstone hides is garbage like any other once nobody reads it any more.
@Suite struct RangeGarbageTests {
    /// A store whose keys were all deleted by one range tombstone while a snapshot saw them, compacted to one level.
    private static func store(
        background: Bool = false, _ end: (Database, Snapshot) throws -> Void
    ) throws -> MemoryDevice {
        let (device, database) = try EngineFixture.newStore(background: background)
        for start in stride(from: 0, to: 2_000, by: 100) {
            try database.write { t in
                for key in start..<start + 100 {
                    try t.put("key \(100_000 + key)", String(repeating: "v", count: 100))
                }
            }
        }
        try database.compact()
        let snapshot = try database.snapshot()
        try database.write {
            try $0.deleteRange(KeyRange(from: Array("key 100010".utf8), upTo: Array("key 101990".utf8)))
        }
        try database.compact()
        #expect(Array(snapshot.scan()).count == 2_000)
        #expect(try EngineFixture.contents(database).count == 20)
        try end(database, snapshot)
        return device
    }

    private static func entries(_ database: Database) -> UInt64 {
        database.engine.versions.current.tables.reduce(0) { $0 + $1.descriptor.statistics.entryCount }
    }

    @Test func aRequestedCompactionDropsIt() throws {
        _ = try Self.store { database, snapshot in
            #expect(Self.entries(database) >= 2_000)
            snapshot.close()
            try database.compact()
            #expect(Self.entries(database) == 20)
            #expect(try EngineFixture.contents(database).count == 20)
            try database.close()
        }
    }

    @Test func theEndOfTheReaderIsReasonEnoughToDropIt() throws {
        _ = try Self.store { database, snapshot in
            snapshot.close()
            while try database.engine.compactOnce() {}
            #expect(Self.entries(database) == 20)
            try database.close()
        }
    }

    /// What is deleted in the memtable that it was written in.
    @Test func aCloseDropsWhatOneTableHides() throws {
        let (device, database) = try EngineFixture.newStore()
        try database.write { t in
            for key in 0..<300 { try t.put("key \(100_000 + key)", String(repeating: "v", count: 100)) }
        }
        try database.write { try $0.deleteRange(.all) }
        try database.close()
        let again = try EngineFixture.open(device)
        #expect(Self.entries(again) == 0)
        try again.close()
    }

    /// A large value counts with its extent: its reference is short beside what else there is in its table.
    @Test func aSupersededLargeValueIsReasonEnoughToDropIt() throws {
        let device = MemoryDevice()
        try EngineFixture.format(device)
        let database = try LargeValueRun.open(device)
        try database.write { t in
            for key in 0..<200 { try t.put("key \(100_000 + key)", String(repeating: "v", count: 100)) }
            try t.put("large", [UInt8](repeating: 1, count: 500_000))
        }
        let snapshot = try database.snapshot()
        try database.write { try $0.put("large", [UInt8](repeating: 2, count: 500_000)) }
        try database.compact()
        #expect(Self.entries(database) == 202)
        snapshot.close()
        while try database.engine.compactOnce() {}
        #expect(Self.entries(database) == 201)
        try database.close()
    }

    @Test func aCloseDropsIt() throws {
        let device = try Self.store { (database, snapshot) throws in
            snapshot.close()
            try database.close()
        }
        let again = try EngineFixture.open(device)
        #expect(Self.entries(again) == 20)
        #expect(try device.length() < 150_000)
        try again.close()
    }
}
