import LSMTxSimulation
import Testing

@testable import LSMTx

#if DEBUG
private let seeds: ClosedRange<UInt64> = 1...8
#else
private let seeds: ClosedRange<UInt64> = 1...300
#endif

/// Compactions that follow from what range tombstones hide in deeper tables.
@Suite struct HiddenBelowTests {
    private static func points(_ floor: UInt64, _ older: [UInt64] = []) -> ReadPoints {
        ReadPoints(
            floor: Timestamp(rawValue: floor), older: older.map(Timestamp.init(rawValue:)), oldestWriter: nil)
    }

    /// A table of range tombstones that cover `keys` above a level of values.
    private static func store(deleting range: KeyRange) throws -> CompactionFixture {
        var store = try CompactionFixture()
        for part in 0..<4 {
            let values = (part * 50..<part * 50 + 50).map {
                ModelVersion(key: [UInt8($0)], timestamp: 5, kind: .value, value: Array(repeating: 7, count: 40))
            }
            try store.addTable(values, level: 3)
        }
        let tombstone = RangeTombstone(
            lower: range.lowerBound, upper: range.upperBound, timestamp: Timestamp(rawValue: 9))
        try store.add(RangeHistory(versions: [], ranges: [tombstone]), level: 1)
        return store
    }

    @Test func aTombstoneIsPushedDownToWhatItCovers() throws {
        var store = try Self.store(deleting: KeyRange(from: [20], upTo: [160]))
        var targets: [Int] = []
        while let plan = store.garbagePlan(Self.points(10)) {
            targets.append(plan.targetLevel)
            _ = try store.run(plan, Self.points(10))
            guard targets.count < 20 else { break }
        }
        #expect(targets == [2, 3])
        #expect(store.versions.count == 60)
        #expect(try store.history.ranges == [])
        #expect(store.leaks == [])
    }

    @Test func aReaderOfWhatIsCoveredIsWaitedFor() throws {
        let store = try Self.store(deleting: .all)
        #expect(store.garbagePlan(Self.points(10)) != nil)
        #expect(store.garbagePlan(Self.points(8)) == nil)
        #expect(store.garbagePlan(Self.points(10, [7])) == nil)
        // One that reads before or behind all that is covered hinders nothing.
        #expect(store.garbagePlan(Self.points(10, [4])) != nil)
        #expect(store.garbagePlan(Self.points(10, [9])) != nil)
        let hindrance = CompactionPicker.newestHindrance(
            levels: store.descriptors, below: HiddenBelow(store.version.levels), readPoints: Self.points(10, [7]))
        #expect(hindrance == Timestamp(rawValue: 9))
    }

    @Test func littleThatIsCoveredIsNotWorthIt() throws {
        let store = try Self.store(deleting: KeyRange(from: [20], upTo: [25]))
        #expect(store.garbagePlan(Self.points(10)) == nil)
    }

    /// A table whose every version is covered is dropped although its blocks cannot be read.
    @Test func whatIsCoveredAsAWholeIsNotRead() throws {
        var store = try Self.store(deleting: .all)
        let plan = try #require(CompactionPicker.everything(levels: store.descriptors))
        let pinned = try #require(try store.job(plan, Self.points(10, [6])).run(shouldStop: { false }, pause: {}))
        #expect(pinned.statistics.entriesOut == 200 && pinned.statistics.droppedCovered == 0)
        for table in pinned.edit.added {
            for extent in table.extents { store.file.allocator.releaseUnpublished(extent) }
        }
        for table in store.descriptors[3] {
            try store.device.write(Array(repeating: 0, count: 256), at: table.extents[0].offset)
        }
        let result = try #require(try store.run(plan, Self.points(10)))
        #expect(result.statistics.droppedCovered == 200 && result.statistics.entriesIn == 201)
        #expect(result.statistics.droppedRangeTombstones == 1)
        #expect(store.version.tables.isEmpty)
        #expect(store.leaks == [])
    }

    /// Under random histories: there is an end to it at every set of read points, and when all readers have gone, little
    /// is left that nobody needs.
    @Test(arguments: seeds) func thereIsAnEndToIt(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let keys = (0..<40).map { [UInt8($0 * 3)] }
        var store = try CompactionFixture()
        let history = RangeHistory(keys: keys, commits: 500, rangesOneIn: [5, 20, 60][Int(seed % 3)], &random)
        try store.fill(history, keys: keys, newest: 500, &random)
        var open = Set((0..<6).map { _ in UInt64.random(in: 1..<500, using: &random) })
        while true {
            let points = Self.points(500, open.sorted())
            var runs = 0
            while let plan = store.garbagePlan(points) {
                let before = store.descriptors.flatMap { $0 }.count
                _ = try store.run(plan, points)
                runs += 1
                guard runs <= 4 * before + 20 else {
                    Issue.record("seed \(seed): no end with \(open.count) open")
                    return
                }
            }
            for point in Array(open) + [500] {
                let left = try store.history
                #expect(left.live(at: point, in: .all) == history.live(at: point, in: .all), "seed \(seed)")
            }
            guard let gone = open.randomElement(using: &random) else { break }
            open.remove(gone)
        }
        let left = try store.history
        let hidden = left.versions.filter { left.newestRange(covering: $0.key, at: .max) > $0.timestamp }.count
        #expect(hidden <= left.versions.count / 3 + 5, "seed \(seed): \(hidden) of \(left.versions.count)")
        #expect(store.leaks == [], "seed \(seed)")
    }

    @Test func runsJoinWhatIsCoveredAndNothingElse() throws {
        func tombstone(_ lower: UInt8, _ upper: UInt8?, _ timestamp: UInt64) -> RangeTombstone {
            RangeTombstone(lower: [lower], upper: upper.map { [$0] }, timestamp: Timestamp(rawValue: timestamp))
        }
        let set = RangeTombstones([
            tombstone(1, 4, 5), tombstone(4, 6, 3), tombstone(5, 6, 9), tombstone(8, nil, 2),
        ])
        func runs(_ lower: UInt8, _ upper: UInt8?, above: UInt64 = 0) -> [RangeTombstones.Run] {
            set.runs(
                in: KeyRange(from: [lower], upTo: upper.map { [$0] }), above: Timestamp(rawValue: above))
        }
        func run(_ lower: UInt8, _ upper: UInt8?, _ timestamp: UInt64) -> RangeTombstones.Run {
            RangeTombstones.Run(
                range: KeyRange(from: [lower], upTo: upper.map { [$0] }), hiddenFrom: Timestamp(rawValue: timestamp))
        }
        #expect(runs(0, nil) == [run(1, 6, 5), run(8, nil, 2)])
        #expect(runs(2, 5) == [run(2, 5, 5)])
        #expect(runs(5, 9) == [run(5, 6, 3), run(8, 9, 2)])
        #expect(runs(0, nil, above: 4) == [run(1, 4, 5), run(5, 6, 9)])
        #expect(runs(6, 8) == [] && runs(0, 1) == [])
    }
}

extension CompactionFixture {
    fileprivate func garbagePlan(_ points: ReadPoints) -> CompactionPlan? {
        CompactionPicker.pickGarbage(
            levels: descriptors, below: HiddenBelow(version.levels), readPoints: points)
    }
}
