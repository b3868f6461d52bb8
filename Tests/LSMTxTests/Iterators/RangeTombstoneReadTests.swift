import LSMTxSimulation
import Testing

@testable import LSMTx

#if DEBUG
private let seeds: ClosedRange<UInt64> = 1...24
private let rounds = 25
#else
private let seeds: ClosedRange<UInt64> = 1...300
private let rounds = 60
#endif

/// Point reads, walks and evidence over memtables, level 0 and deeper levels with range tombstones, against the plain
/// rules.
@Suite struct RangeTombstoneReadTests {
    /// A history cut by time into sources, and the deeper ones by keys into tables.
    private struct Fixture {
        let history: RangeHistory
        let keys: [[UInt8]]
        let view: ReadView
        let commits: UInt64

        init(_ random: inout SeededGenerator, shape: TableKeyShape) throws {
            let commits = UInt64([40, 150, 400][Int.random(in: 0..<3, using: &random)])
            self.commits = commits
            let count = Int.random(in: 5...60, using: &random)
            let keys = Set((0..<count).map { _ in shape.key(&random) }).sorted { $0.lexicographicallyPrecedes($1) }
            self.keys = keys
            history = RangeHistory(
                keys: keys, commits: Int(commits), rangesOneIn: Int.random(in: 3...12, using: &random), &random)
            let file = StoreFile(
                device: MemoryDevice(), identity: FileIdentity(high: 1, low: 2),
                allocator: try ExtentAllocator(used: [FileRange(offset: 0, length: 8192)]), extentBytes: 16 << 10)
            let cache = BlockCache(capacity: 64 << 10)
            var options = TableOptions()
            options.blockBytes = 200

            // Where each source begins in time: two memtables, two tables of level 0, levels 1 and 3.
            let floors = (0..<5).map { _ in UInt64.random(in: 0...commits, using: &random) }.sorted(by: >) + [0]
            var memtables: [Memtable] = []
            var edit = VersionEdit()
            var ceiling = UInt64.max
            var id: UInt64 = 100
            for (source, floor) in floors.enumerated() {
                let slice = history.slice(after: floor, upTo: ceiling)
                ceiling = floor
                guard source >= 2 else {
                    let memtable = try Memtable(capacity: 4 << 20)
                    slice.fill(memtable)
                    memtables.append(memtable)
                    continue
                }
                let level = [0, 0, 1, 3][source - 2]
                for part in level == 0 ? [slice] : Self.split(slice, at: keys, &random) where !part.isEmpty {
                    id -= 1
                    edit.added.append(
                        try part.table(in: file, id: TableID(rawValue: id), level: level, options: options))
                }
            }
            let version = try Version.empty.applying(edit) { Table(descriptor: $0, file: file, cache: cache) }
            view = ReadView(memtables: memtables, version: version)
        }

        private static func split(
            _ slice: RangeHistory, at keys: [[UInt8]], _ random: inout SeededGenerator
        ) -> [RangeHistory] {
            var cuts = keys.filter { _ in Int.random(in: 0..<6, using: &random) == 0 }
            if cuts.first?.isEmpty == true { cuts.removeFirst() }
            let bounds = [[]] + cuts
            return bounds.enumerated().map { number, lower in
                slice.clipped(to: KeyRange(from: lower, upTo: number < cuts.count ? cuts[number] : nil))
            }
        }

        func someKey(_ random: inout SeededGenerator) -> [UInt8] {
            var key = keys.randomElement(using: &random) ?? []
            switch Int.random(in: 0..<5, using: &random) {
            case 0: key.append(0)
            case 1: if !key.isEmpty { key.removeLast() }
            default: break
            }
            return key
        }

        func someRange(_ random: inout SeededGenerator) -> KeyRange {
            guard Int.random(in: 0..<3, using: &random) > 0 else { return .all }
            return KeyRange(
                from: someKey(&random), upTo: Int.random(in: 0..<4, using: &random) == 0 ? nil : someKey(&random))
        }
    }

    @Test(arguments: seeds)
    func pointReadsAndEvidenceFollowTheRules(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let fixture = try Fixture(&random, shape: TableKeyShape.allCases[Int(seed) % TableKeyShape.allCases.count])
        let epoch = Epoch.pin()
        defer { Epoch.unpin(epoch) }
        for round in 0..<rounds * 8 {
            let key = fixture.someKey(&random)
            let point = UInt64.random(in: 0...fixture.commits + 1, using: &random)
            let floor = Timestamp(rawValue: point)
            let context = "seed \(seed), round \(round): \(key) at \(point)"
            let expected = fixture.history.read(key, at: point)
            try key.withBorrowed { bytes throws(StoreError) in
                let found = try fixture.view.find(bytes, hash: xxh3(bytes), at: floor)
                let value = found?.kind == .value ? found?.value.array : nil
                #expect(value == expected?.value, "\(context)")
                let newest = fixture.history.newestChange(of: key)
                let known = try fixture.view.newestTimestamp(of: bytes, hash: xxh3(bytes), above: floor)
                if newest > point { #expect(known?.rawValue == newest, "\(context)") }
                if newest <= point { #expect(known ?? .zero <= floor, "\(context)") }
            }
            let range = fixture.someRange(&random)
            guard !range.isEmpty else { continue }
            let newest = fixture.history.newestChange(in: range)
            let found = try range.lowerBound.withBorrowed { lower throws(StoreError) in
                guard let upper = range.upperBound else {
                    return try fixture.view.newestTimestamp(from: lower, upTo: nil, after: floor)
                }
                return try upper.withBorrowed { upper throws(StoreError) in
                    try fixture.view.newestTimestamp(from: lower, upTo: upper, after: floor)
                }
            }
            #expect(found?.rawValue == (newest > point ? newest : nil), "\(context), \(range)")
        }
    }

    @Test(arguments: seeds)
    func walksShowNothingThatIsHiddenAndAllElse(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let fixture = try Fixture(&random, shape: TableKeyShape.allCases[Int(seed) % TableKeyShape.allCases.count])
        for round in 0..<rounds {
            let point = UInt64.random(in: 0...fixture.commits + 1, using: &random)
            let range = fixture.someRange(&random)
            guard !range.isEmpty else { continue }
            var own: RangeTombstoneRuns?
            var live = fixture.history.live(at: point, in: range)
            if Int.random(in: 0..<4, using: &random) == 0, let deleted = fixture.someRange(&random).withKeysForBounds {
                let timestamp = Timestamp(rawValue: 1)
                own = RangeTombstoneRuns().adding(
                    RangeTombstone(lower: deleted.lowerBound, upper: deleted.upperBound, timestamp: timestamp))
                live.removeAll { deleted.contains($0.key) }
            }
            let iterator = MergingIterator(
                view: fixture.view, at: Timestamp(rawValue: point), range: range, without: own)
            var place: Int?
            for step in 0..<40 {
                place = try MergingIteratorTests.move(iterator, from: place, in: live, range: range, random: &random)
                let isInside = iterator.isValid && range.contains(iterator.key.array)
                guard (isInside ? iterator.key.array : nil) == place.map({ live[$0].key }),
                    (isInside ? iterator.value.array : nil) == place.map({ live[$0].value })
                else {
                    Issue.record("seed \(seed), round \(round), step \(step)")
                    return
                }
            }
        }
    }

    @Test func anOldSourceIsLeftOutInOneStride() throws {
        let keys = (0..<5_000).map { [UInt8($0 >> 8), UInt8($0 & 255)] }
        let old = RangeHistory(
            versions: keys.map { ModelVersion(key: $0, timestamp: 1, kind: .value, value: [1]) }, ranges: [])
        let file = StoreFile(
            device: MemoryDevice(), identity: FileIdentity(high: 1, low: 2),
            allocator: try ExtentAllocator(used: [FileRange(offset: 0, length: 8192)]), extentBytes: 16 << 10)
        let cache = BlockCache(capacity: 1 << 20)
        var options = TableOptions()
        options.blockBytes = 512
        let table = try old.table(in: file, id: TableID(rawValue: 1), level: 1, options: options)
        let version = try Version.empty.applying(VersionEdit(added: [table])) {
            Table(descriptor: $0, file: file, cache: cache)
        }
        let memtable = try Memtable(capacity: 1 << 20)
        memtable.insert(RangeTombstone(lower: keys[1], upper: keys[4_998], timestamp: Timestamp(rawValue: 2)))
        let view = ReadView(memtables: [memtable], version: version)
        let iterator = MergingIterator(view: view, at: Timestamp(rawValue: 2), range: .all)
        try [].withBorrowed { key throws(StoreError) in try iterator.seek(to: key) }
        var forward: [[UInt8]] = []
        while iterator.isValid {
            forward.append(iterator.key.array)
            try iterator.next()
        }
        #expect(forward == [keys[0], keys[4_998], keys[4_999]])
        try iterator.seekToLast()
        var backward: [[UInt8]] = []
        while iterator.isValid {
            backward.append(iterator.key.array)
            try iterator.previous()
        }
        #expect(backward == forward.reversed())
        // Blocks between the ends were never read: the index, and a few at either end.
        #expect(table.statistics.dataBlockCount > 12 && cache.statistics.entered < 9)
    }
}
