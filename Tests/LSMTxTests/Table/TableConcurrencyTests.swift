import LSMTxSimulation
import Testing

@testable import LSMTx

@Suite struct TableConcurrencyTests {
    /// Blocks come and go all the time: finds and cursors in several threads still see the right versions.
    @Test(arguments: [0, 5000, 20_000])
    func readersShareATinyCache(cacheBytes: Int) async throws {
        let fixture = try TableFixture(TableKeyShape.random.model(count: 400, seed: 4), cacheBytes: cacheBytes)
        let table = fixture.table
        let model = fixture.model
        let visible = fixture.visible(at: 500)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seed in 1...4 as ClosedRange<UInt64> {
                group.addTask {
                    var random = SeededGenerator(seed: seed)
                    for _ in 0..<150 {
                        let version = model.randomElement(using: &random)!
                        let found = try Self.find(table, version)
                        try #require(found == version.value, "seed \(seed)")
                        let start = Int.random(in: 0..<visible.count, using: &random)
                        var cursor = table.cursor(at: Timestamp(rawValue: 500))
                        try visible[start].key.withBorrowed { try cursor.seek(to: $0) }
                        for expected in visible[start...].prefix(15) {
                            try #require(cursor.version == expected, "seed \(seed)")
                            try cursor.next()
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(
            fixture.cache.statistics.bytes <= max(cacheBytes, 8 * Int(fixture.descriptor.statistics.dataBlockCount)))
    }

    private static func find(_ table: Table, _ version: ModelVersion) throws -> [UInt8]? {
        let epoch = Epoch.pin()
        defer { Epoch.unpin(epoch) }
        return try version.key.withBorrowed {
            try table.find($0, hash: xxh3($0), at: Timestamp(rawValue: version.timestamp))?.value.array
        }
    }

    @Test func cursorsKeepTheirPlaceWhenEverythingIsEvicted() throws {
        let fixture = try TableFixture(TableKeyShape.random.model(count: 300, seed: 5), cacheBytes: 8000)
        let visible = fixture.visible(at: .max)
        var cursor = fixture.table.cursor(at: .max)
        try cursor.seekToFirst()
        let first = cursor.version
        var other = fixture.table.cursor(at: .max)
        try other.seekToLast()
        while other.isValid { try other.previous() }
        let kept = cursor.version
        #expect(kept == first && first == visible.first)
        try cursor.next()
        let second = cursor.version
        #expect(second == visible[1])
    }
}
