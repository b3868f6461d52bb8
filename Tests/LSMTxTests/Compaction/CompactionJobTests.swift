import LSMTxSimulation
import Testing

@testable import LSMTx

#if DEBUG
private let seeds: ClosedRange<UInt64> = 1...12
#else
private let seeds: ClosedRange<UInt64> = 1...150
#endif

@Suite struct CompactionJobTests {
    /// Random versions of few keys over all levels, compacted level by level and then as a whole, under random read
    /// points: every read at each of them stays, and exactly the versions stay that the rule says.
    @Test(arguments: seeds)
    func everyReadAtEveryReadPointStays(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let shape = TableKeyShape.allCases[Int(seed) % TableKeyShape.allCases.count]
        let keys = Set((0..<30).map { _ in shape.key(&random) })
        var store = try CompactionFixture()
        try store.fill(keys: Array(keys).sorted { $0.lexicographicallyPrecedes($1) }, &random)
        let history = store.versions
        let newest = history.map(\.timestamp).max()!

        for step in 0..<5 {
            let plan: CompactionPlan?
            if step < 4 {
                plan = CompactionPicker.pick(levels: store.descriptors, options: store.options)
            } else {
                plan = CompactionPicker.everything(levels: store.descriptors)
            }
            guard let plan else { continue }
            let floor = newest - UInt64.random(in: 0...newest, using: &random) / 2
            let older = (0..<3).map { _ in UInt64.random(in: 0...newest, using: &random) }.filter { $0 < floor }
            let points = ReadPoints(
                floor: Timestamp(rawValue: floor), older: Set(older).sorted().map(Timestamp.init(rawValue:)),
                oldestWriter: Bool.random(using: &random) ? nil : Timestamp(rawValue: newest / 2))
            let context = "seed \(seed), \(shape), step \(step) to level \(plan.targetLevel)"
            let before = store.versions
            let result = try #require(try store.run(plan, points), "\(context)")
            let after = store.versions
            for point in older + Array(floor...newest + 1) {
                for key in keys {
                    let expected = CompactionFixture.read(key, at: point, in: before)
                    #expect(
                        CompactionFixture.read(key, at: point, in: after) == expected, "\(context): \(key) at \(point)")
                }
            }
            if !plan.isTrivialMove { try store.checkCounts(result, before: before, after: after, context) }
            if step == 4 {
                #expect(after == CompactionFixture.needed(before, points, floor: floor, older: older), "\(context)")
            }
            #expect(store.leaks.isEmpty, "\(context): \(store.leaks)")
        }
    }

    @Test func outputsAreCutBetweenKeysAndVersionsOfOneKeyStayTogether() throws {
        var store = try CompactionFixture()
        store.options.targetTableBytes = 8 << 10
        var versions: [ModelVersion] = []
        for key in 0..<40 {
            for timestamp in 1...(key == 20 ? 200 : 10) {
                versions.append(
                    ModelVersion(
                        key: [UInt8(key)], timestamp: UInt64(timestamp), kind: .value,
                        value: Array(repeating: 7, count: 90)))
            }
        }
        try store.addTable(versions, level: 0)
        let plan = try #require(CompactionPicker.everything(levels: store.descriptors))
        let result = try #require(try store.run(plan, .init(floor: .zero, older: [], oldestWriter: nil)))
        #expect(result.edit.added.count > 3)
        #expect(store.versions == versions.sorted(by: ModelVersion.isBefore))
        #expect(result.statistics.entriesIn == result.statistics.entriesOut)
    }

    @Test func tombstonesVanishAtTheBottomOnly() throws {
        let all = ReadPoints(floor: Timestamp(rawValue: 100), older: [], oldestWriter: nil)
        let deleted = ModelVersion(key: [5], timestamp: 50, kind: .tombstone, value: [])
        for hasOlderBelow in [false, true] {
            var store = try CompactionFixture()
            try store.addTable([deleted], level: 0)
            try store.addTable(
                [ModelVersion(key: [hasOlderBelow ? 5 : 6], timestamp: 3, kind: .value, value: [])], level: 2)
            store.options.levelZeroTables = 1
            let plan = try #require(CompactionPicker.pick(levels: store.descriptors, options: store.options))
            let result = try #require(try store.run(plan, all))
            #expect(result.edit.added.isEmpty == !hasOlderBelow)
            #expect(result.statistics.droppedTombstones == (hasOlderBelow ? 0 : 1))
            let rest = try #require(CompactionPicker.everything(levels: store.descriptors))
            _ = try store.run(rest, all)
            #expect(store.versions.count == (hasOlderBelow ? 0 : 1))
            #expect(store.leaks.isEmpty)
        }
    }

    @Test func theLargestKeysAndValuesPass() throws {
        var store = try CompactionFixture()
        let long = [UInt8](repeating: 0xff, count: Limits.maximumKeyBytes)
        let versions = [
            ModelVersion(key: [], timestamp: 4, kind: .value, value: []),
            ModelVersion(key: long, timestamp: 3, kind: .value, value: Array(repeating: 1, count: 3 << 20)),
            ModelVersion(key: long, timestamp: 2, kind: .value, value: [1]),
            ModelVersion(key: long.dropLast() + [0], timestamp: 9, kind: .tombstone, value: []),
        ].sorted(by: ModelVersion.isBefore)
        try store.addTable(Array(versions[0...1]), level: 0)
        try store.addTable(Array(versions[2...]), level: 0)
        let plan = try #require(CompactionPicker.everything(levels: store.descriptors))
        _ = try store.run(plan, .init(floor: .zero, older: [], oldestWriter: nil))
        #expect(store.versions == versions)
    }

    @Test func aTrivialMoveKeepsTheTableAndItsExtents() throws {
        var store = try CompactionFixture()
        try store.addTable([ModelVersion(key: [1], timestamp: 1, kind: .value, value: [1])], level: 1)
        let table = store.descriptors[1][0]
        let plan = CompactionPlan(
            inputs: [table], targetLevel: 2, isTrivialMove: true, deeper: [], reason: .levelSize(1))
        let result = try #require(try store.run(plan, .init(floor: .zero, older: [], oldestWriter: nil)))
        #expect(store.descriptors[2] == [table.moved(toLevel: 2)] && store.descriptors[1].isEmpty)
        #expect(result.statistics == CompactionStatistics())
    }

    @Test func aStoppedOrFailedJobGivesAllSpaceBack() throws {
        var store = try CompactionFixture()
        var random = SeededGenerator(seed: 3)
        try store.fill(keys: (0..<60).map { [UInt8($0)] }, &random)
        store.options.pauseBytes = 500
        store.options.targetTableBytes = 4 << 10
        let points = ReadPoints(floor: .zero, older: [], oldestWriter: nil)
        let plan = try #require(CompactionPicker.everything(levels: store.descriptors))
        for stopAfter in 1...6 {
            var asked = 0
            let result = try store.job(plan, points).run(
                shouldStop: {
                    asked += 1
                    return asked == stopAfter
                }, pause: {})
            #expect(result == nil, "stopped at question \(stopAfter)")
            #expect(store.leaks.isEmpty, "stopped at question \(stopAfter): \(store.leaks)")
        }
        var failures = 0
        for call in 0..<400 {
            store.device.setFault(.init(nil, call: call, .failure(.io)))
            do throws(StoreError) {
                _ = try store.job(plan, points).run(shouldStop: { false }, pause: {})
                break
            } catch {
                failures += 1
                #expect(store.leaks.isEmpty, "call \(call): \(error), \(store.leaks)")
            }
        }
        #expect(failures > 10 && failures < 400)
        store.device.setFault(nil)
    }

    @Test func tablesThatContradictEachOtherAreFoundNotTrusted() throws {
        var store = try CompactionFixture()
        let version = ModelVersion(key: [1], timestamp: 1, kind: .value, value: [1])
        try store.addTable([version], level: 0)
        try store.addTable([version], level: 0)
        let plan = try #require(CompactionPicker.everything(levels: store.descriptors))
        let error = #expect(throws: StoreError.self) {
            _ = try store.job(plan, .init(floor: .zero, older: [], oldestWriter: nil)).run(
                shouldStop: { false }, pause: {})
        }
        #expect(error?.code == .corrupt)
        #expect(store.leaks.isEmpty)
    }

    @Test func urgentWorkGetsItsTurns() throws {
        var store = try CompactionFixture()
        store.options.pauseBytes = 1000
        let versions = (0..<100).map {
            ModelVersion(key: [UInt8($0)], timestamp: 1, kind: .value, value: Array(repeating: 0, count: 100))
        }
        try store.addTable(versions, level: 0)
        let plan = try #require(CompactionPicker.everything(levels: store.descriptors))
        var pauses = 0
        _ = try store.job(plan, .init(floor: .zero, older: [], oldestWriter: nil)).run(
            shouldStop: { false }, pause: { pauses += 1 })
        #expect(pauses == 11)
    }
}
