import LSMTxTestSupport
import Testing

@testable import LSMTx

/// The bound on the file's size that Architecture states, under overwrites, with and without a snapshot.
@Suite struct FileSizeTests {
    #if DEBUG
    private static let keys = 5_000
    private static let memtableBytes = 640 << 10
    private static let extentBytes = 32 << 10
    /// Of a file as small as this one, superblocks, log and manifest are a large part.
    private static let slackBytes = 256 << 10
    #else
    private static let keys = 500_000
    private static let memtableBytes = 64 << 20
    private static let extentBytes = 1 << 20
    private static let slackBytes = 0
    #endif
    private static let valueBytes = 100

    private static func open(_ path: String) throws -> Database {
        var configuration = Configuration()
        configuration.retention = .snapshotsOnly
        configuration.memtableBytes = memtableBytes
        configuration.extentBytes = extentBytes
        configuration.durability = .buffered
        return try Database(path: path, configuration: configuration)
    }

    /// Overwrites every key once, in an order of its own.
    private static func overwrite(_ database: Database, round: Int) throws {
        let value = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: valueBytes)
        var key = round * 7919 % keys
        for _ in 0..<keys / 100 {
            try database.write { t in
                for _ in 0..<100 {
                    try t.put("key \(10_000_000 + key)", value)
                    key = (key + 7919) % keys
                }
            }
        }
    }

    private static func check(_ database: Database, live: UInt64, retained: UInt64, _ context: String) throws {
        let statistics = try database.statistics
        let bound = (live + retained) * 22 / 10 + UInt64(32 * memtableBytes)
        #expect(statistics.fileBytes <= bound, "\(context): \(statistics.fileBytes) of \(bound)")
    }

    @Test func twentyOverwritesStayWithinTheBound() throws {
        try withTemporaryFolder { try Self.run(path: $0 + "/size.lsmtx") }
    }

    private static func run(path: String) throws {
        var database = try Self.open(path)
        try Self.overwrite(database, round: 0)
        try database.close()
        database = try Self.open(path)
        let live = try database.statistics.fileBytes
        let tableBytes = try database.statistics.levels.reduce(0) { $0 + $1.bytes }
        #expect(Double(live) <= 1.1 * Double(tableBytes) + Double(slackBytes), "\(live) bytes for \(tableBytes)")

        for round in 1...20 {
            try Self.overwrite(database, round: round)
            try Self.check(database, live: live, retained: 0, "round \(round)")
        }
        try database.close()
        database = try Self.open(path)
        let closed = try database.statistics.fileBytes
        #expect(
            Double(closed) <= 1.1 * Double(live) + Double(slackBytes),
            "\(closed) bytes after 20 overwrites, \(live) after one fill")

        // The snapshot keeps one more version of each key, and no more.
        let snapshot = try database.snapshot()
        for round in 21...40 {
            try Self.overwrite(database, round: round)
            try Self.check(database, live: live, retained: live, "round \(round)")
        }
        #expect(try snapshot.get("key 10000000") == [UInt8](repeating: 20, count: Self.valueBytes))
        snapshot.close()
        try database.flush()
        // Without a write, what it kept goes: at most what is above the last level is left beside live data.
        var tables: UInt64 = .max
        for _ in 0..<1200 where tables > live + UInt64(5 * Self.memtableBytes) {
            SystemClock.sleep(microseconds: 50_000)
            tables = try database.statistics.levels.reduce(0) { $0 + $1.bytes }
        }
        #expect(tables <= live + UInt64(5 * Self.memtableBytes))
        try database.close()
        database = try Self.open(path)
        let last = try database.statistics.fileBytes
        #expect(
            Double(last) <= 1.1 * Double(live) + Double(slackBytes),
            "\(last) bytes after a snapshot, \(live) after one fill")
        #expect(try database.check().findings.isEmpty)
        #expect(try EngineFixture.contents(database).count == Self.keys)
        try database.close()
    }
}
