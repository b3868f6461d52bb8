import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct MergingIteratorTests {
    #if DEBUG
    private static let rounds = 60
    #else
    private static let rounds = 400
    #endif

    /// Random moves over memtable, level 0 and deeper levels, in random ranges, against the sorted live entries.
    @Test(arguments: TableKeyShape.allCases, [1, 2] as [UInt64])
    func movesAgreeWithTheModel(shape: TableKeyShape, seed: UInt64) throws {
        try Self.compareMoves(try LevelFixture(shape: shape, count: 1500, seed: seed), shape, seed)
    }

    /// The same in one source, which is walked by a shorter path.
    @Test(arguments: TableKeyShape.allCases, [1, 2] as [UInt64])
    func movesInOneSourceAgreeWithTheModel(shape: TableKeyShape, seed: UInt64) throws {
        try Self.compareMoves(try LevelFixture(shape: shape, count: 1500, seed: seed, isSettled: true), shape, seed)
    }

    private static func compareMoves(_ fixture: LevelFixture, _ shape: TableKeyShape, _ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed &+ 9)
        for round in 0..<rounds {
            let timestamp = LevelFixture.timestamp(&random)
            let isWhole = Int.random(in: 0..<4, using: &random) == 0
            let range =
                isWhole
                ? KeyRange.all
                : KeyRange(
                    from: fixture.someKey(&random),
                    upTo: Bool.random(using: &random) ? nil : fixture.someKey(&random))
            let live = LevelFixture.visible(fixture.model, at: timestamp).filter {
                $0.kind != .tombstone && contains(range, $0.key)
            }
            let iterator = MergingIterator(view: fixture.view, at: Timestamp(rawValue: timestamp), range: range)
            var place: Int?
            for step in 0..<60 {
                place = try move(iterator, from: place, in: live, range: range, random: &random)
                // Past the range, sources that were not opened are missing, and nothing is promised.
                let isInside = iterator.isValid && contains(range, iterator.key.array)
                let shown = isInside ? iterator.key.array : nil
                let value = isInside ? iterator.value.array : nil
                guard shown == place.map({ live[$0].key }), value == place.map({ live[$0].value }) else {
                    Issue.record("\(shape), seed \(seed), round \(round), step \(step)")
                    return
                }
            }
        }
    }

    private static func contains(_ range: KeyRange, _ key: [UInt8]) -> Bool {
        guard !key.lexicographicallyPrecedes(range.lowerBound) else { return false }
        return range.upperBound.map { key.lexicographicallyPrecedes($0) } ?? true
    }

    /// Seeks within the range, or steps from an entry of it.
    static func move(
        _ iterator: MergingIterator, from place: Int?, in live: [ModelVersion], range: KeyRange,
        random: inout SeededGenerator
    ) throws -> Int? {
        let choice = Int.random(in: 0..<12, using: &random)
        guard choice < 4 || place == nil else {
            let isForward = choice < 8
            if isForward { try iterator.next() } else { try iterator.previous() }
            return place.flatMap { live.indices.contains($0 + (isForward ? 1 : -1)) ? $0 + (isForward ? 1 : -1) : nil }
        }
        let key = live.randomElement(using: &random)?.key ?? range.lowerBound
        switch choice % 4 {
        case 0:
            try range.lowerBound.withBorrowed { bytes throws(StoreError) in try iterator.seek(to: bytes) }
            return live.isEmpty ? nil : 0
        case 1:
            if let upper = range.upperBound {
                try upper.withBorrowed { bytes throws(StoreError) in try iterator.seek(before: bytes) }
            } else {
                try iterator.seekToLast()
            }
            return live.isEmpty ? nil : live.count - 1
        case 2:
            try key.withBorrowed { bytes throws(StoreError) in try iterator.seek(to: bytes) }
            return live.firstIndex { !$0.key.lexicographicallyPrecedes(key) }
        default:
            try key.withBorrowed { bytes throws(StoreError) in try iterator.seek(before: bytes) }
            return live.lastIndex { $0.key.lexicographicallyPrecedes(key) }
        }
    }

    @Test func pointLookupsAgreeWithTheModel() throws {
        let fixture = try LevelFixture(shape: .random, count: 1500, seed: 5)
        var random = SeededGenerator(seed: 6)
        for _ in 0..<2_000 {
            let key = fixture.someKey(&random)
            let timestamp = LevelFixture.timestamp(&random)
            let expected = fixture.model.first { $0.key == key && $0.timestamp <= timestamp }
            let epoch = Epoch.pin()
            defer { Epoch.unpin(epoch) }
            let found = try key.withBorrowed { bytes throws(StoreError) in
                try fixture.view.find(bytes, hash: xxh3(bytes), at: Timestamp(rawValue: timestamp))
            }
            #expect(found?.timestamp.rawValue == expected?.timestamp)
            #expect(found?.value.array == expected?.value)
        }
    }
}
