import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

#if DEBUG
private let seeds: ClosedRange<UInt64> = 1...16
#else
private let seeds: ClosedRange<UInt64> = 1...300
#endif

@Suite struct CompactionRangeTests {
    /// Random versions and range tombstones over all levels, compacted level by level and then as a whole, under random
    /// read points.
    @Test(arguments: seeds)
    func everyReadAtEveryReadPointStays(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let shape = TableKeyShape.allCases[Int(seed) % TableKeyShape.allCases.count]
        let keys = Set((0..<25).map { _ in shape.key(&random) }).sorted { $0.lexicographicallyPrecedes($1) }
        var store = try CompactionFixture()
        let newest: UInt64 = 160
        let history = RangeHistory(
            keys: keys, commits: Int(newest), rangesOneIn: [3, 8, 20][Int(seed % 3)], &random)
        try store.fill(history, keys: keys, newest: newest, &random)
        for step in 0..<5 {
            let plan =
                step < 4
                ? CompactionPicker.pick(levels: store.descriptors, options: store.options)
                : CompactionPicker.everything(levels: store.descriptors)
            guard let plan else { continue }
            let floor = newest - UInt64.random(in: 0...newest, using: &random) / 2
            let older = (0..<3).map { _ in UInt64.random(in: 0...newest, using: &random) }.filter { $0 < floor }
            let writer = Bool.random(using: &random) ? nil : newest / 2
            let points = ReadPoints(
                floor: Timestamp(rawValue: floor), older: Set(older).sorted().map(Timestamp.init(rawValue:)),
                oldestWriter: writer.map(Timestamp.init(rawValue:)))
            let context = "seed \(seed), \(shape), step \(step) to level \(plan.targetLevel)"
            let before = try store.history
            _ = try #require(try store.run(plan, points), "\(context)")
            let after = try store.history
            let view = ReadView(memtables: [], version: store.version)
            let epoch = Epoch.pin()
            defer { Epoch.unpin(epoch) }
            for point in older + Array(floor...newest + 1) {
                for key in keys {
                    let expected = before.read(key, at: point)?.value
                    let found = try key.withBorrowed { bytes throws(StoreError) in
                        let found = try view.find(bytes, hash: xxh3(bytes), at: Timestamp(rawValue: point))
                        return found?.kind == .value ? found?.value.array : nil
                    }
                    guard found == expected, after.read(key, at: point)?.value == expected else {
                        Issue.record("\(context): \(key) at \(point)")
                        return
                    }
                }
            }
            for key in keys {
                for range in [KeyRange(from: key, upTo: key + [0]), KeyRange(from: key, upTo: keys.last)] {
                    guard let writer, !range.isEmpty else { continue }
                    let known = before.newestChange(in: range)
                    let found = after.newestChange(in: range)
                    #expect(known > writer ? found == known : found <= writer, "\(context), \(range)")
                }
            }
            #expect(store.leaks.isEmpty, "\(context): \(store.leaks)")
            for table in store.version.tables { #expect(try table.verify().findings == [], "\(context)") }
        }
        // With nobody looking back, only the live entries are left, and no range tombstone.
        let all = ReadPoints(floor: Timestamp(rawValue: newest), older: [], oldestWriter: nil)
        if let plan = CompactionPicker.everything(levels: store.descriptors) { _ = try store.run(plan, all) }
        let rest = try store.history
        #expect(rest.ranges == [] && rest.versions == history.live(at: newest, in: .all), "seed \(seed)")
        #expect(store.leaks.isEmpty, "seed \(seed)")
    }

    @Test func aTombstoneAcrossManyTablesIsCutWithThemAndBecomesOneAgain() throws {
        var store = try CompactionFixture()
        let values = (0..<120).map {
            ModelVersion(key: [UInt8($0)], timestamp: 9, kind: .value, value: Array(repeating: 7, count: 90))
        }
        let range = RangeTombstone(lower: [0], upper: nil, timestamp: Timestamp(rawValue: 5))
        let history = RangeHistory(versions: values, ranges: [range])
        try store.add(history, level: 0)
        // It may not be dropped while what it may hide is below.
        let below = RangeHistory(
            versions: [ModelVersion(key: [3], timestamp: 1, kind: .value, value: [])],
            ranges: [RangeTombstone(lower: [0], upper: nil, timestamp: Timestamp(rawValue: 2))])
        try store.add(below, level: 3)
        store.options.levelZeroTables = 1
        let points = ReadPoints(floor: Timestamp(rawValue: 10), older: [], oldestWriter: nil)
        let plan = try #require(CompactionPicker.pick(levels: store.descriptors, options: store.options))
        let result = try #require(try store.run(plan, points))
        let added = result.edit.added
        #expect(added.count > 3 && added.allSatisfy { $0.statistics.rangeTombstoneCount == 1 })
        for (left, right) in zip(added, added.dropFirst()) {
            #expect(left.bounds.upperBound == right.bounds.lowerBound)
        }
        #expect(added.first?.bounds.lowerBound == [0] && added.last?.bounds.upperBound == nil)
        let merged = try store.history.ranges.filter { $0.timestamp.rawValue == 5 }
        #expect(RangeTombstones(merged).list == [range])
        let rest = try #require(CompactionPicker.everything(levels: store.descriptors))
        _ = try store.run(rest, points)
        #expect(try store.history.versions == values)
        #expect(try store.history.ranges == [])
    }

    @Test func aTableOfRangeTombstonesAloneGoesDownAndVanishes() throws {
        var store = try CompactionFixture()
        let range = RangeTombstone(lower: [2], upper: [9], timestamp: Timestamp(rawValue: 5))
        try store.add(RangeHistory(versions: [], ranges: [range]), level: 0)
        try store.add(
            RangeHistory(versions: [ModelVersion(key: [4], timestamp: 1, kind: .value, value: [1])], ranges: []),
            level: 2)
        #expect(store.descriptors[0][0].statistics.entryCount == 1)
        store.options.levelZeroTables = 1
        let plan = try #require(CompactionPicker.pick(levels: store.descriptors, options: store.options))
        let points = ReadPoints(floor: Timestamp(rawValue: 10), older: [], oldestWriter: nil)
        let result = try #require(try store.run(plan, points))
        #expect(result.edit.added.map(\.statistics.rangeTombstoneCount) == [1])
        let rest = try #require(CompactionPicker.everything(levels: store.descriptors))
        _ = try store.run(rest, points)
        #expect(store.version.tableCount == 0 && store.leaks.isEmpty)
    }
}

extension CompactionFixture {
    /// Adds a table, newer than all others of its level if that is level 0.
    mutating func add(_ history: RangeHistory, level: Int) throws {
        guard !history.isEmpty else { return }
        let table = try history.table(in: file, id: numbers.take(), level: level, options: options.table)
        try apply(VersionEdit(added: [table]))
    }

    /// Puts the oldest part of a history into the last level and the newest into level 0.
    mutating func fill(
        _ history: RangeHistory, keys: [[UInt8]], newest: UInt64, _ random: inout SeededGenerator
    ) throws {
        let ceilings = (0..<7).map { _ in UInt64.random(in: 0...newest, using: &random) }.sorted() + [newest]
        var floor: UInt64 = 0
        for (source, ceiling) in ceilings.enumerated() {
            let slice = history.slice(after: floor, upTo: ceiling)
            floor = ceiling
            guard source < 3 else {
                try add(slice, level: 0)
                continue
            }
            let cuts = keys.filter { !$0.isEmpty && Int.random(in: 0..<6, using: &random) == 0 }
            for (number, lower) in ([[]] + cuts).enumerated() {
                let upper = number < cuts.count ? cuts[number] : nil
                try add(slice.clipped(to: KeyRange(from: lower, upTo: upper)), level: 3 - source)
            }
        }
    }

    /// What all tables hold together. The tombstone of a table that would have no entries is among it.
    var history: RangeHistory {
        get throws {
            var ranges: [RangeTombstone] = []
            for table in version.tables { ranges += try table.readRangeTombstones()?.list ?? [] }
            return RangeHistory(versions: versions, ranges: ranges)
        }
    }
}
