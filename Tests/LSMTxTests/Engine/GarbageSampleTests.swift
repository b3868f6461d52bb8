import LSMTxTestSupport
import Testing

@testable import LSMTx

/// What a sample of the tables says about how much of them could be dropped.
@Suite struct GarbageSampleTests {
    /// Level 0 with as many tables as there are parts; no compaction.
    private static func store(_ parts: [[Int]]) throws -> Database {
        let device = MemoryDevice()
        try EngineFixture.format(device)
        var options = EngineFixture.options()
        options.levelZeroTables = 100
        options.levelZeroSlow = 200
        options.levelZeroStop = 300
        options.garbageShare = 2
        let database = try EngineFixture.open(device, options)
        for part in parts {
            for number in part {
                try database.write { try $0.put("k\(10_000 + number)", [UInt8](repeating: 1, count: 60)) }
            }
            try database.flush()
        }
        return database
    }

    private static func share(_ database: Database) throws -> Double {
        let engine = database.engine
        let version = engine.versions.current
        let sample = GarbageSample(readPoints: engine.announceReadPoints())
        let whole = version.tables.reduce(0) { $0 + $1.descriptor.fileBytes }
        return Double(try sample.droppableBytes(of: version)) / Double(whole)
    }

    @Test func keysThatLieBetweenEachOtherAreNoGarbage() throws {
        let database = try Self.store([Array(stride(from: 0, to: 900, by: 2)), Array(stride(from: 1, to: 900, by: 2))])
        #expect(try Self.share(database) == 0)
        try database.close()
    }

    @Test func keysThatWereWrittenAgainAreGarbageOnce() throws {
        let all = Array(0..<500)
        let database = try Self.store([all, all, all])
        let share = try Self.share(database)
        #expect(share > 0.6 && share <= 0.67, "\(share)")
        try database.close()
    }

    @Test func whatAReaderStillSeesIsNoGarbage() throws {
        let all = Array(0..<500)
        let database = try Self.store([all])
        let snapshot = try database.snapshot()
        for number in all { try database.write { try $0.put("k\(10_000 + number)", "new") } }
        try database.flush()
        #expect(try Self.share(database) == 0)
        snapshot.close()
        #expect(try Self.share(database) > 0.3)
        try database.close()
    }

    @Test func whatARangeTombstoneHidesIsGarbage() throws {
        let database = try Self.store([Array(0..<500)])
        try database.write { try $0.deleteRange(KeyRange(from: Array("k10000".utf8), upTo: Array("k10250".utf8))) }
        try database.flush()
        let share = try Self.share(database)
        #expect(share > 0.3 && share < 0.6, "\(share)")
        try database.close()
    }
}
