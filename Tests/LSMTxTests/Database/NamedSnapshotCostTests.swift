import LSMTx
import LSMTxSimulation
import LSMTxTestSupport
import Testing

/// A named snapshot under a load that overwrites everything many times: what it shows, and what it takes.
@Suite struct NamedSnapshotCostTests {
    #if DEBUG
    static let keys = 3_000
    static let overwrites = 30_000
    static let memtableBytes = 128 << 10
    #else
    static let keys = 200_000
    static let overwrites = 10_000_000
    static let memtableBytes = 16 << 20
    #endif
    static let valueBytes = 100
    /// The log's extents, and those that a table has only begun: how many there are is a matter of timing. They weigh
    /// much where all data fills eight extents, as in debug builds, and nothing where it fills hundreds.
    static let slackExtents = 8

    @Test func itReadsBackExactlyAndCostsTheVersionsThatItSees() throws {
        try withTemporaryFolder { try run(at: $0 + "/named.lsmtx") }
    }

    private func run(at path: String) throws {
        var configuration = Configuration()
        configuration.durability = .buffered
        configuration.memtableBytes = Self.memtableBytes
        configuration.extentBytes = 64 << 10
        configuration.retention = .snapshotsOnly

        var database = try Database(path: path, configuration: configuration)
        var random = SeededGenerator(seed: 1)
        // Not in the order of the keys: timestamps that rise with the keys take 6% less space than any others.
        for number in (0..<Self.keys).shuffled(using: &random) {
            try database.write { try $0.put(Self.key(number), Self.value(number, 0)) }
        }
        try database.close()
        let filled = try Self.length(of: path)

        database = try Database(path: path, configuration: configuration)
        try database.createSnapshot(named: "before")
        for round in 1...Self.overwrites {
            let number = Int.random(in: 0..<Self.keys, using: &random)
            try database.write { try $0.put(Self.key(number), Self.value(number, round)) }
        }
        try Self.expectOriginals(in: database)
        try database.compact()
        try database.close()
        let pinned = try Self.length(of: path)
        // The present once, and once more what the snapshot sees.
        let slack = Double(Self.slackExtents * configuration.extentBytes)
        #expect(Double(pinned) <= 2.2 * Double(filled) + slack, "\(filled) bytes grew to \(pinned)")

        database = try Database(path: path, configuration: configuration)
        try Self.expectOriginals(in: database)
        try database.dropSnapshot(named: "before")
        try database.compact()
        try database.close()
        let freed = try Self.length(of: path)
        #expect(
            Double(freed) <= 1.1 * Double(filled) + slack, "\(filled) bytes are \(freed) without the snapshot")
    }

    private static func length(of path: String) throws -> UInt64 {
        var configuration = Configuration()
        configuration.readOnly = true
        let database = try Database(path: path, configuration: configuration)
        defer { try? database.close() }
        return try database.statistics.fileBytes
    }

    private static func expectOriginals(in database: Database) throws {
        var number = 0
        try database.read(at: .named("before")) { snapshot in
            try snapshot.forEach(.all, reverse: false) { key, value in
                let isOriginal =
                    key.withUnsafeBytes { Array($0) } == Self.key(number)
                    && value.withUnsafeBytes { Array($0) } == Self.value(number, 0)
                if isOriginal { number += 1 }
                return isOriginal
            }
        }
        #expect(number == Self.keys, "the snapshot differs at key \(number)")
    }

    /// Of equal length, so that they order as their numbers do.
    private static func key(_ number: Int) -> [UInt8] {
        let digits = Array("\(number)".utf8)
        return Array("key".utf8) + [UInt8](repeating: 0x30, count: 9 - digits.count) + digits
    }

    /// Bytes that compression would find nothing in, and that tell key and round apart.
    private static func value(_ number: Int, _ round: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: UInt64(number) << 32 | UInt64(round))
        return (0..<valueBytes / 8 + 1).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
            .prefix(valueBytes).map { $0 }
    }
}
