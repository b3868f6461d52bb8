import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// What tables remember of the versions that may become droppable, and the compactions that follow from it.
@Suite struct GarbageTests {
    private static let key = Array("k".utf8)

    private static func points(_ floor: UInt64, _ older: [UInt64] = [], writer: UInt64? = nil) -> ReadPoints {
        ReadPoints(
            floor: Timestamp(rawValue: floor), older: older.map { Timestamp(rawValue: $0) },
            oldestWriter: writer.map { Timestamp(rawValue: $0) })
    }

    private static func versions(_ random: inout SeededGenerator, keys: Int, newest: UInt64) -> [ModelVersion] {
        var versions: [ModelVersion] = []
        for timestamp in 1...newest {
            let isTombstone = Int.random(in: 0..<4, using: &random) == 0
            versions.append(
                ModelVersion(
                    key: Array("key \(Int.random(in: 0..<keys, using: &random))".utf8), timestamp: timestamp,
                    kind: isTombstone ? .tombstone : .value, value: isTombstone ? [] : Array("value".utf8)))
        }
        return versions
    }

    private static func entryBytes(_ versions: [ModelVersion]) -> Int {
        versions.reduce(0) { $0 + $1.key.count + $1.value.count + TableGarbage.entryBytes }
    }

    /// A compaction that goes before it, so that the estimate rests on the read points that versions were kept for.
    @Test(arguments: 0..<20) func theEstimateIsWhatACompactionDrops(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var store = try CompactionFixture()
        store.options.targetTableBytes = 1 << 20
        try store.addTable(Self.versions(&random, keys: 30, newest: 400), level: 0)
        var open = (0..<Int.random(in: 0...5, using: &random)).map { _ in UInt64.random(in: 1..<400, using: &random) }
        open = Array(Set(open)).sorted()
        let plan = try #require(CompactionPicker.everything(levels: store.descriptors))
        _ = try store.run(plan, Self.points(400, open))
        var floor: UInt64 = 400
        while true {
            let points = Self.points(floor, open)
            let before = store.versions
            guard let table = store.descriptors.last?.first else { break }
            let estimate = points.droppableBytes(of: table, isBottom: true)
            let rewrite = CompactionPicker.rewrite(table, in: store.descriptors, reason: .garbage)
            _ = try store.run(rewrite, points)
            // A tombstone above a version that goes is not counted, as it may have to stay when the version does.
            let dropped = Self.entryBytes(before.filter { version in !store.versions.contains { $0 == version } })
            let tombstones = Self.entryBytes(before.filter { $0.kind == .tombstone })
            #expect(
                Int(estimate) <= dropped && dropped <= Int(estimate) + tombstones,
                "seed \(seed), open \(open): \(estimate), \(dropped)")
            guard !open.isEmpty else { break }
            open.remove(at: Int.random(in: 0..<open.count, using: &random))
            floor += 10
        }
        #expect(store.leaks == [])
    }

    /// Every rewrite leaves a table that is no candidate while the read points stay as they are.
    @Test(arguments: 0..<20) func nothingIsRewrittenTwiceForTheSameReason(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var store = try CompactionFixture()
        store.options.targetTableBytes = 2 << 10
        let versions = Self.versions(&random, keys: 50, newest: 600)
        for part in [versions[..<150], versions[150..<500], versions[500...]] {
            try store.addTable(Array(part), level: 0)
        }
        var open = Set((0..<30).map { _ in UInt64.random(in: 1..<600, using: &random) })
        while true {
            let points = Self.points(600, open.sorted(), writer: open.min())
            var runs = 0
            while let plan = CompactionPicker.pickGarbage(levels: store.descriptors, readPoints: points) {
                let before = store.descriptors.flatMap { $0 }.count
                _ = try store.run(plan, points)
                runs += 1
                guard runs <= before + 10 else {
                    Issue.record("seed \(seed): no end of \(plan.reason) with \(open.count) open")
                    return
                }
            }
            guard let gone = open.randomElement(using: &random) else { break }
            open.remove(gone)
        }
        // All readers have gone, and nobody wrote: little is left that nobody needs.
        let needed = CompactionFixture.needed(store.versions, Self.points(600), floor: 600, older: [])
        #expect(Double(store.versions.count) <= 1.5 * Double(needed.count) + 10, "seed \(seed)")
        #expect(store.leaks == [])
    }

    @Test func aReaderInTheWayIsKnown() throws {
        var store = try CompactionFixture()
        var versions: [ModelVersion] = []
        for timestamp in 1...100 as ClosedRange<UInt64> {
            versions.append(
                ModelVersion(key: Self.key + [UInt8(timestamp % 50)], timestamp: timestamp, kind: .value, value: [1]))
        }
        try store.addTable(versions, level: 0)
        let plan = try #require(CompactionPicker.everything(levels: store.descriptors))
        _ = try store.run(plan, Self.points(100, [50]))
        let levels = store.descriptors
        #expect(CompactionPicker.pickGarbage(levels: levels, readPoints: Self.points(100, [50])) == nil)
        let hindrance = CompactionPicker.newestHindrance(levels: levels, readPoints: Self.points(100, [50]))
        #expect(hindrance == Timestamp(rawValue: 51))
        #expect(CompactionPicker.pickGarbage(levels: levels, readPoints: Self.points(100))?.reason == .garbage)
        #expect(CompactionPicker.newestHindrance(levels: levels, readPoints: Self.points(100)) == .zero)
    }

    @Test func theListStaysShortAndCountsEverything() throws {
        for shape in 0..<3 {
            var tally = GarbageTally(
                floor: Timestamp(rawValue: shape == 0 ? 0 : 50_000),
                older: shape == 2 ? (0..<60).map { Timestamp(rawValue: $0 * 800 + 1) } : [])
            for key in 0..<100 as Range<UInt64> {
                for version in (0..<200 as Range<UInt64>).reversed() {
                    tally.add(
                        isNewKey: version == 199, timestamp: version * 500 + key, kind: .value, bytes: 10)
                }
            }
            let garbage = tally.finish()
            #expect(garbage.superseded.count <= TableGarbage.maximumSpans)
            #expect(garbage.superseded.reduce(0) { $0 + $1.entries } == 19_900)
            #expect(garbage.superseded.allSatisfy { $0.bytes == $0.entries * 10 && $0.lower <= $0.upper })
            var writer = ByteWriter()
            garbage.encode(to: &writer)
            let bytes = writer.bytes
            let decoded = try bytes.withUnsafeBytes { raw in
                Result { () throws(StoreError) in
                    var reader = ByteReader(BorrowedBytes(raw), structure: "table", fileOffset: 0)
                    return try TableGarbage(from: &reader)
                }
            }.get()
            #expect(decoded == garbage)
        }
    }
}
