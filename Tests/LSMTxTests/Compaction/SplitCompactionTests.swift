import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

#if DEBUG
private let seeds: ClosedRange<UInt64> = 1...16
#else
private let seeds: ClosedRange<UInt64> = 1...200
#endif

/// A compaction in two parts, in turn and at the same time, compared with the same one as a whole.
@Suite struct SplitCompactionTests {
    private enum Way: CaseIterable {
        case whole, inTurn, together, byTurns
    }

    /// Puts a plan's outcome in place.
    private static func run(
        _ store: inout CompactionFixture, _ plan: CompactionPlan, _ points: ReadPoints, _ way: Way
    ) throws -> CompactionResult {
        store.options.partBytes = way == .whole ? nil : 200
        store.options.pauseBytes = 300
        var mayHelp: (@Sendable () -> Bool)?
        if way == .together { mayHelp = { true } }
        let questions = Guarded(0)
        if way == .byTurns {
            mayHelp = {
                questions.withLock { questions in
                    questions += 1
                    return questions % 5 == 3
                }
            }
        }
        return try #require(try store.run(plan, points, mayHelp: mayHelp))
    }

    private static func points(newest: UInt64, _ random: inout SeededGenerator) -> ReadPoints {
        let floor = newest - UInt64.random(in: 0...newest, using: &random) / 2
        let older = (0..<3).map { _ in UInt64.random(in: 0...newest, using: &random) }.filter { $0 < floor }
        return ReadPoints(
            floor: Timestamp(rawValue: floor), older: Set(older).sorted().map(Timestamp.init(rawValue:)),
            oldestWriter: Bool.random(using: &random) ? nil : Timestamp(rawValue: newest / 2))
    }

    @Test(arguments: seeds)
    func theSameVersionsStayAndTheSameAreCounted(seed: UInt64) throws {
        var outcomes: [(versions: [ModelVersion], statistics: CompactionStatistics, tables: Int)] = []
        for way in Way.allCases {
            var random = SeededGenerator(seed: seed)
            let shape = TableKeyShape.allCases[Int(seed) % TableKeyShape.allCases.count]
            let keys = Set((0..<40).map { _ in shape.key(&random) }).sorted { $0.lexicographicallyPrecedes($1) }
            var store = try CompactionFixture()
            try store.fill(keys: keys, &random)
            let points = Self.points(newest: store.versions.map(\.timestamp).max() ?? 0, &random)
            let plan = try #require(CompactionPicker.everything(levels: store.descriptors))
            let result = try Self.run(&store, plan, points, way)
            var statistics = result.statistics
            // Two parts make other tables of the same entries.
            statistics.bytesOut = 0
            outcomes.append((store.versions, statistics, result.edit.added.count))
            #expect(store.leaks.isEmpty, "seed \(seed), \(way): \(store.leaks)")
            for table in store.version.tables { #expect(try table.verify().findings == [], "seed \(seed), \(way)") }
        }
        for (way, outcome) in zip(Way.allCases, outcomes) {
            #expect(outcome.versions == outcomes[0].versions, "seed \(seed), \(way)")
            #expect(outcome.statistics == outcomes[0].statistics, "seed \(seed), \(way)")
            #expect(
                outcome.tables >= outcomes[0].tables && outcome.tables <= outcomes[1].tables, "seed \(seed), \(way)")
        }
    }

    @Test(arguments: seeds)
    func rangeTombstonesOfEachPartHideWhatTheyHid(seed: UInt64) throws {
        for way in Way.allCases.dropFirst() {
            var random = SeededGenerator(seed: seed)
            let shape = TableKeyShape.allCases[Int(seed) % TableKeyShape.allCases.count]
            let keys = Set((0..<25).map { _ in shape.key(&random) }).sorted { $0.lexicographicallyPrecedes($1) }
            let history = RangeHistory(
                keys: keys, commits: 160, rangesOneIn: [3, 8, 20][Int(seed % 3)], &random)
            var whole = try CompactionFixture()
            var again = random
            try whole.fill(history, keys: keys, newest: 160, &again)
            var store = try CompactionFixture()
            try store.fill(history, keys: keys, newest: 160, &random)
            let points = Self.points(newest: 160, &random)
            let plan = try #require(CompactionPicker.everything(levels: store.descriptors))
            let before = try store.history
            let expected = try Self.run(&whole, plan, points, .whole).statistics
            let found = try Self.run(&store, plan, points, way).statistics
            let context = "seed \(seed), \(way)"
            #expect(found.entriesIn == expected.entriesIn && found.entriesOut == expected.entriesOut, "\(context)")
            #expect(found.droppedSuperseded == expected.droppedSuperseded, "\(context)")
            #expect(found.droppedCovered == expected.droppedCovered, "\(context)")
            #expect(found.droppedTombstones == expected.droppedTombstones, "\(context)")
            #expect(found.droppedRangeTombstones <= expected.droppedRangeTombstones, "\(context)")
            let after = try store.history
            for point in points.older.map(\.rawValue) + Array(points.floor.rawValue...161) {
                for key in keys where after.read(key, at: point)?.value != before.read(key, at: point)?.value {
                    Issue.record("\(context): \(key) at \(point)")
                    return
                }
            }
            #expect(store.leaks.isEmpty, "\(context): \(store.leaks)")
            for table in store.version.tables { #expect(try table.verify().findings == [], "\(context)") }
        }
    }

    @Test func aRangeTombstoneOverTheCutCountsOnce() throws {
        for way in Way.allCases {
            var store = try CompactionFixture()
            let values = (0..<120).map {
                ModelVersion(key: [UInt8($0)], timestamp: 9, kind: .value, value: Array(repeating: 7, count: 90))
            }
            let kept = RangeTombstone(lower: [0], upper: nil, timestamp: Timestamp(rawValue: 8))
            let superseded = RangeTombstone(lower: [20], upper: [100], timestamp: Timestamp(rawValue: 5))
            try store.add(RangeHistory(versions: values, ranges: [kept, superseded]), level: 0)
            // A table that is hidden as a whole is counted, and not read.
            let hidden = (0..<120).map { ModelVersion(key: [UInt8($0)], timestamp: 3, kind: .value, value: [1]) }
            try store.add(RangeHistory(versions: hidden, ranges: []), level: 2)
            let plan = CompactionPlan(
                inputs: store.descriptors.flatMap { $0 }, targetLevel: 2, isTrivialMove: false, deeper: [],
                reason: .requested)
            let points = ReadPoints(
                floor: Timestamp(rawValue: 10), older: [], oldestWriter: Timestamp(rawValue: 7))
            let statistics = try Self.run(&store, plan, points, way).statistics
            #expect(statistics.droppedRangeTombstones == 1, "\(way)")
            #expect(statistics.droppedCovered == 120 && statistics.entriesIn == 240, "\(way)")
            #expect(RangeTombstones(try store.history.ranges).list == [kept], "\(way)")
            let tables = store.descriptors[2]
            for (left, right) in zip(tables, tables.dropFirst()) {
                #expect(left.bounds.upperBound == right.bounds.lowerBound, "\(way)")
            }
        }
    }

    private static func smallStore() throws -> (store: CompactionFixture, plan: CompactionPlan) {
        var store = try CompactionFixture()
        var random = SeededGenerator(seed: 3)
        try store.fill(keys: (0..<60).map { [UInt8($0)] }, &random)
        store.options.pauseBytes = 500
        store.options.targetTableBytes = 4 << 10
        store.options.partBytes = 2000
        let plan = try #require(CompactionPicker.everything(levels: store.descriptors))
        return (store, plan)
    }

    private static let everyPoint = ReadPoints(floor: .zero, older: [], oldestWriter: nil)

    @Test(arguments: [false, true]) func aStoppedOrFailedPartEndsTheOther(isTogether: Bool) throws {
        let (store, plan) = try Self.smallStore()
        var mayHelp: (@Sendable () -> Bool)?
        if isTogether { mayHelp = { true } }
        for stopAfter in [1, 2, 3, 5, 8, 13] {
            var asked = 0
            let result = try store.job(plan, Self.everyPoint, mayHelp: mayHelp).run(
                shouldStop: {
                    asked += 1
                    return asked >= stopAfter
                }, pause: {})
            // The one that merges beside another may be done before so many questions were asked.
            #expect(result == nil || isTogether, "stopped at question \(stopAfter)")
            for table in result?.edit.added ?? [] { store.file.allocator.releaseUnpublished(table.extents) }
            #expect(store.leaks.isEmpty, "stopped at question \(stopAfter): \(store.leaks)")
        }
        for (kind, code) in [(nil, StoreError.Code.io), (DeviceCall.Kind.write, .diskFull), (.read, .io)] {
            var failures = 0
            for call in 0..<400 {
                store.device.setFault(.init(kind, call: call, .failure(code)))
                do throws(StoreError) {
                    let result = try store.job(plan, Self.everyPoint, mayHelp: mayHelp).run(
                        shouldStop: { false }, pause: {})
                    for table in result?.edit.added ?? [] { store.file.allocator.releaseUnpublished(table.extents) }
                    break
                } catch {
                    failures += 1
                    #expect(error.code == code, "call \(call): \(error)")
                    #expect(store.leaks.isEmpty, "call \(call): \(error), \(store.leaks)")
                }
            }
            #expect(failures > 2 && failures < 400)
            store.device.setFault(nil)
        }
    }

    /// While somebody else needs a processor, the caller makes every step, and the tables are those of no split.
    @Test func aHelperThatNeverMayLeavesNoTrace() throws {
        let (store, plan) = try Self.smallStore()
        var pauses = 0
        let result = try store.job(plan, Self.everyPoint, mayHelp: { false }).run(
            shouldStop: { false }, pause: { pauses += 1 })
        var unsplit = store
        unsplit.options.partBytes = nil
        var expected = 0
        let whole = try unsplit.job(plan, Self.everyPoint).run(shouldStop: { false }, pause: { expected += 1 })
        #expect(pauses == expected)
        #expect(result?.statistics == whole?.statistics)
        #expect(result?.edit.added.map(\.statistics) == whole?.edit.added.map(\.statistics))
    }

    /// A flush that comes up while the caller waits for the helper is not left waiting.
    @Test func urgentWorkIsDoneWhileTheHelperGoesOn() throws {
        let (store, plan) = try Self.smallStore()
        let helperMayEnd = Guarded(false)
        let caller = Epoch.threadHint
        let pauses = Guarded(0)
        let result = try store.job(
            plan, Self.everyPoint,
            mayHelp: {
                // The helper's first step takes until the caller, which is done by then, has looked up often.
                if Epoch.threadHint != caller {
                    _ = helperMayEnd.wait(timeoutMilliseconds: 30_000) { $0 ? true : nil }
                }
                return true
            }
        ).run(
            shouldStop: { false },
            pause: {
                let count = pauses.withLock { pauses in
                    pauses += 1
                    return pauses
                }
                if count == 60 {
                    helperMayEnd.withLock { $0 = true }
                    helperMayEnd.notifyAll()
                }
            })
        #expect(result != nil)
    }

    @Test func aLullIsATimeWithoutACommit() {
        let enough = CommitLull.nanoseconds
        var lull = CommitLull()
        func isLull(_ stamped: UInt64, _ published: UInt64, at now: UInt64) -> Bool {
            lull.isLull(stamped: stamped, published: published, now: now)
        }
        #expect(!isLull(5, 5, at: 100))
        #expect(!isLull(5, 5, at: 99 + enough))
        #expect(isLull(5, 5, at: 100 + enough))
        // A commit is under way, however long it takes.
        #expect(!isLull(6, 5, at: 101 + enough))
        #expect(!isLull(6, 5, at: 101 + 3 * enough))
        #expect(!isLull(6, 6, at: 102 + 3 * enough))
        #expect(isLull(6, 6, at: 102 + 4 * enough))
    }
}
