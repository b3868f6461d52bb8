import LSMTxSimulation
import Testing

@testable import LSMTx

@Suite struct CompactionSplitTests {
    private static func pieces(_ list: [(UInt8, UInt64)]) -> [CompactionSplit.Piece] {
        list.map { CompactionSplit.Piece(lower: [$0.0], bytes: $0.1) }
    }

    @Test func piecesOfOneSizeAreCutInTheMiddle() {
        let equal = Self.pieces((0..<8).map { (UInt8($0), 10) })
        #expect(CompactionSplit.key(equal, minimumBytes: 10) == [4])
        #expect(CompactionSplit.key(equal.reversed(), minimumBytes: 40) == [4])
        #expect(CompactionSplit.key(equal, minimumBytes: 41) == nil)
    }

    @Test func whatCannotBeCutIsLeftWhole() {
        #expect(CompactionSplit.key([], minimumBytes: 0) == nil)
        #expect(CompactionSplit.key(Self.pieces([(3, 100)]), minimumBytes: 0) == nil)
        #expect(CompactionSplit.key(Self.pieces([(3, 100), (3, 100)]), minimumBytes: 0) == nil)
        // All of the data is in one of the two.
        #expect(CompactionSplit.key(Self.pieces([(3, 100), (4, 0)]), minimumBytes: 0) == nil)
    }

    @Test func aLargePieceStaysWithinOnePart() {
        #expect(CompactionSplit.key(Self.pieces([(1, 10), (2, 100), (3, 30)]), minimumBytes: 1) == [3])
        #expect(CompactionSplit.key(Self.pieces([(1, 30), (2, 100), (3, 10)]), minimumBytes: 1) == [2])
    }

    /// Of all keys that pieces begin with, it is the one with the smallest larger part that is allowed.
    @Test(arguments: UInt64(1)...200)
    func noOtherKeyLeavesASmallerLargerPart(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = (0..<Int.random(in: 1...20, using: &random)).map { _ in
            CompactionSplit.Piece(
                lower: (0..<Int.random(in: 0...2, using: &random)).map { _ in UInt8.random(in: 0...4, using: &random) },
                bytes: UInt64.random(in: 0...50, using: &random))
        }
        let minimum = UInt64.random(in: 0...120, using: &random)
        func parts(_ key: [UInt8]) -> (before: UInt64, after: UInt64) {
            let before = pieces.filter { $0.lower.lexicographicallyPrecedes(key) }.reduce(0) { $0 + $1.bytes }
            return (before, pieces.reduce(0) { $0 + $1.bytes } - before)
        }
        let allowed = pieces.map(\.lower).filter { min(parts($0).before, parts($0).after) >= max(minimum, 1) }
        let least = allowed.map { max(parts($0).before, parts($0).after) }.min()
        let found = CompactionSplit.key(pieces.shuffled(using: &random), minimumBytes: minimum)
        #expect(found.map { max(parts($0).before, parts($0).after) } == least, "seed \(seed)")
        #expect(found.map(allowed.contains) ?? allowed.isEmpty, "seed \(seed)")
    }

    @Test func aTablesKeysHaveAboutAsMuchBetweenThem() throws {
        var store = try CompactionFixture()
        let versions = (0..<200).map {
            ModelVersion(key: [UInt8($0)], timestamp: 1, kind: .value, value: Array(repeating: 0, count: 60))
        }
        try store.addTable(versions, level: 0)
        let table = store.version.levels[0][0]
        let blocks = Int(table.descriptor.statistics.dataBlockCount)
        for count in [1, 2, 3, 8, 16, blocks - 1, blocks, blocks + 5] {
            let keys = try table.evenKeys(count)
            #expect(keys.count == min(count, blocks) && keys.first == [0])
            let counts = zip(keys, keys.dropFirst() + [[200]]).map { lower, upper in
                versions.filter { KeyRange(from: lower, upTo: upper).contains($0.key) }.count
            }
            #expect((counts.min() ?? 0) > 0 && (counts.max() ?? 0) <= 2 * 200 / keys.count + 8, "\(counts)")
        }
    }
}
