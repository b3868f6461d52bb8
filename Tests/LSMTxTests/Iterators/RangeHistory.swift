import LSMTxSimulation
import LSMTxTestSupport

@testable import LSMTx

/// Writes and deletions of ranges in the order of their commits, and what the plain rules say of them.
struct RangeHistory {
    var versions: [ModelVersion] = []
    var ranges: [RangeTombstone] = []

    /// - Parameter rangesOneIn: How many changes there are to one deletion of a range.
    init(keys: [[UInt8]], commits: Int, rangesOneIn: Int, _ random: inout SeededGenerator) {
        func someKey() -> [UInt8] { keys.randomElement(using: &random) ?? [] }
        for timestamp in 1...UInt64(commits) {
            if Int.random(in: 0..<rangesOneIn, using: &random) == 0 {
                let lower = someKey()
                var upper: [UInt8]? = Int.random(in: 0..<9, using: &random) == 0 ? nil : someKey()
                if Bool.random(using: &random) { upper?.append(0) }
                guard let range = KeyRange(from: lower, upTo: upper).withKeysForBounds else { continue }
                ranges.append(
                    RangeTombstone(
                        lower: range.lowerBound, upper: range.upperBound, timestamp: Timestamp(rawValue: timestamp)))
            }
            // Some commits have both.
            guard Int.random(in: 0..<5, using: &random) > 0 else { continue }
            let isTombstone = Int.random(in: 0..<4, using: &random) == 0
            versions.append(
                ModelVersion(
                    key: someKey(), timestamp: timestamp, kind: isTombstone ? .tombstone : .value,
                    value: isTombstone
                        ? [] : Array(repeating: UInt8(timestamp & 255), count: Int.random(in: 0...40, using: &random))))
        }
        versions.sort(by: ModelVersion.isBefore)
    }

    init(versions: [ModelVersion], ranges: [RangeTombstone]) {
        self.versions = versions.sorted(by: ModelVersion.isBefore)
        self.ranges = ranges
    }

    func newestRange(covering key: [UInt8], at timestamp: UInt64) -> UInt64 {
        var newest: UInt64 = 0
        for range in ranges where range.timestamp.rawValue <= timestamp && range.timestamp.rawValue > newest {
            if KeyRange(from: range.lower, upTo: range.upper).contains(key) { newest = range.timestamp.rawValue }
        }
        return newest
    }

    func read(_ key: [UInt8], at timestamp: UInt64) -> ModelVersion? {
        guard let found = versions.first(where: { $0.key == key && $0.timestamp <= timestamp }),
            found.kind == .value, found.timestamp >= newestRange(covering: key, at: timestamp)
        else { return nil }
        return found
    }

    /// The live entries, in order.
    func live(at timestamp: UInt64, in range: KeyRange) -> [ModelVersion] {
        var live: [ModelVersion] = []
        var last: [UInt8]?
        for version in versions where version.timestamp <= timestamp && version.key != last {
            last = version.key
            guard range.contains(version.key), version.kind == .value else { continue }
            if version.timestamp >= newestRange(covering: version.key, at: timestamp) { live.append(version) }
        }
        return live
    }

    /// The newest change of any key of a range.
    func newestChange(in range: KeyRange) -> UInt64 {
        let points = versions.filter { range.contains($0.key) }.map(\.timestamp)
        let met = ranges.filter { range.overlaps(KeyRange(from: $0.lower, upTo: $0.upper)) }.map(\.timestamp.rawValue)
        return (points + met).max() ?? 0
    }

    func newestChange(of key: [UInt8]) -> UInt64 {
        max(versions.first { $0.key == key }?.timestamp ?? 0, newestRange(covering: key, at: .max))
    }

    /// What was committed after `floor` and up to `ceiling`.
    func slice(after floor: UInt64, upTo ceiling: UInt64) -> RangeHistory {
        RangeHistory(
            versions: versions.filter { $0.timestamp > floor && $0.timestamp <= ceiling },
            ranges: ranges.filter { $0.timestamp.rawValue > floor && $0.timestamp.rawValue <= ceiling })
    }

    func clipped(to range: KeyRange) -> RangeHistory {
        RangeHistory(
            versions: versions.filter { range.contains($0.key) },
            ranges: RangeTombstones(ranges).clipped(to: range).list)
    }

    var isEmpty: Bool { versions.isEmpty && ranges.isEmpty }

    // MARK: Sources

    func fill(_ memtable: Memtable) {
        for version in versions.sorted(by: { $0.timestamp < $1.timestamp }) {
            version.key.withBorrowed { key in
                version.value.withBorrowed { value in
                    memtable.insert(
                        key: key, hash: xxh3(key), timestamp: Timestamp(rawValue: version.timestamp),
                        kind: version.kind, value: value)
                }
            }
        }
        for range in ranges.sorted(by: { $0.timestamp < $1.timestamp }) { memtable.insert(range) }
    }

    /// A table, of which there is at least one change.
    func table(
        in file: StoreFile, id: TableID, level: Int, options: TableOptions
    ) throws(StoreError) -> TableDescriptor {
        let builder = TableBuilder(
            file: file, id: id, level: level, generation: TableFixture.born, options: options)
        let tombstones = RangeTombstones(ranges)
        for version in versions {
            try version.key.withBorrowed { key throws(StoreError) in
                let timestamp = Timestamp(rawValue: version.timestamp)
                let hidden = tombstones.oldest(in: tombstones.interval(of: key), above: timestamp)
                try version.value.withBorrowed { value throws(StoreError) in
                    try builder.add(
                        key: key, timestamp: timestamp, kind: version.kind, value: value, hidden: hidden)
                }
            }
        }
        try builder.setRangeTombstones(tombstones)
        return try builder.finish()
    }
}

extension Memtable {
    func insert(_ range: RangeTombstone) {
        range.lower.withBorrowed { lower in
            (range.upper ?? []).withBorrowed { upper in
                insertRangeTombstone(
                    WriteOperation(kind: .rangeTombstone, key: lower, value: upper), timestamp: range.timestamp)
            }
        }
    }
}
