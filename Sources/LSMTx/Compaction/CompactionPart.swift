/// Merges what the inputs of a compaction have in one range of keys: all of it, or a part that is merged beside another.
///
/// When a part comes to its end and nobody has begun the next one, it can take that over and go on, as if the keys had
/// not been split: so a split that was of no use leaves no trace.
///
/// All that it wrote is given back when this goes away, unless ``take()`` was called.
final class CompactionPart: @unchecked Sendable {
    // @unchecked: one thread at a time uses it: who made it hands it to another, or waits until that one has ended.
    private let range: KeyRange
    private let tables: [Table]
    private let deeper: [TableDescriptor]
    private let readPoints: ReadPoints
    private let rangeTombstones: RangeTombstones?
    private let pauseBytes: Int
    private var output: CompactionOutput
    /// Of entries only.
    private(set) var statistics = CompactionStatistics()
    /// The range tombstones that the new tables have.
    private(set) var keptRangeTombstones: [RangeTombstone] = []

    /// - Parameters:
    ///   - tables: Of these, what is in `range` is merged.
    ///   - deeper: The tables below the target level that overlap the inputs.
    ///   - rangeTombstones: Of all inputs.
    init(
        _ range: KeyRange, of tables: [Table], deeper: [TableDescriptor], rangeTombstones: RangeTombstones?,
        readPoints: ReadPoints, pauseBytes: Int, output: consuming CompactionOutput
    ) {
        self.range = range
        self.tables = tables
        self.deeper = deeper
        self.readPoints = readPoints
        self.pauseBytes = pauseBytes
        self.output = output
        // Those behind the end are cut off there, if it comes to that.
        let isFirst = range.lowerBound.isEmpty
        self.rangeTombstones =
            isFirst ? rangeTombstones : rangeTombstones?.clipped(to: KeyRange(from: range.lowerBound))
    }

    /// The new tables, in key order, and with them their space.
    func take() -> [TableDescriptor] { output.take() }

    /// Merges.
    ///
    /// - Parameter takesOver: Asked at the range's end: whether to go on behind it, to the end of all.
    /// - Returns: `false` when it was stopped.
    /// - Throws: What reading and writing throw; `corrupt` when the inputs are not in order.
    func run(
        takesOver: () -> Bool = { false }, shouldStop: () -> Bool, pause: () -> Void
    ) throws(StoreError) -> Bool {
        try merge(into: &output, &statistics, takesOver: takesOver, shouldStop: shouldStop, pause: pause)
    }

    private func merge(
        into output: inout CompactionOutput, _ statistics: inout CompactionStatistics, takesOver: () -> Bool,
        shouldStop: () -> Bool, pause: () -> Void
    ) throws(StoreError) -> Bool {
        var merge = CompactionMerge(tables, from: range.lowerBound)
        var filter = VersionFilter(readPoints: readPoints)
        var deeper = DeeperKeys(self.deeper)
        var ranges = rangeTombstones.map { RangeTombstoneFilter($0, readPoints: readPoints, deeper: self.deeper) }
        var place = Place(upTo: range.upperBound)
        var untilPause = pauseBytes
        try merge.start()
        while merge.isValid {
            let key = merge.key
            let entry = merge.entry
            if try place.moves(to: key, entry.timestamp) {
                if place.isBehindEnd(key) {
                    guard takesOver() else { break }
                    place.forgetEnd()
                }
                statistics.droppedTombstones += UInt64(filter.beginKey())
                ranges?.move(to: key)
                if output.isFull { try output.endTable(ranges?.cut(at: key)) }
            }
            statistics.entriesIn += 1
            let hidden = ranges?.hidden(entry.timestamp)
            let verdict = filter.judge(
                entry.timestamp, kind: entry.kind, hidden: hidden,
                mayHaveOlderElsewhere: entry.kind == .tombstone && deeper.mayHold(key))
            switch verdict {
            case .dropSuperseded:
                statistics.droppedSuperseded += 1
            case .dropCovered:
                statistics.droppedCovered += 1
            case .hold:
                break
            case .keep:
                if !filter.held.isEmpty {
                    for timestamp in filter.held {
                        try output.add(
                            key: key, timestamp: timestamp, kind: .tombstone, value: .empty,
                            hidden: ranges?.hidden(timestamp))
                    }
                    statistics.entriesOut += UInt64(filter.held.count)
                    filter.takeOutHeld()
                }
                try output.add(
                    key: key, timestamp: entry.timestamp, kind: entry.kind, value: entry.value, hidden: hidden)
                statistics.entriesOut += 1
                ranges?.keep(entry.timestamp)
            }
            untilPause -= key.count + entry.value.count + Self.entryBytes
            try merge.next()
            if untilPause <= 0 {
                untilPause = pauseBytes
                if shouldStop() { return false }
                pause()
            }
        }
        statistics.droppedTombstones += UInt64(filter.beginKey())
        let endsHere = place.end.map { _ in !takesOver() } ?? false
        try output.endTable(endsHere ? place.end.flatMap { ranges?.cut(at: $0) } : ranges?.finish())
        keptRangeTombstones = ranges?.given ?? []
        return !shouldStop()
    }

    /// About what an entry takes beside its key and value.
    private static let entryBytes = 16
}

/// Where a merge is. Its order is checked here, because a crafted file could name tables that contradict each other,
/// and a builder relies on it.
private struct Place {
    private let key = GrowingBuffer()
    private let upper = GrowingBuffer()
    private var hasEnd: Bool
    private var timestamp: Timestamp?

    init(upTo upper: [UInt8]?) {
        hasEnd = upper != nil
        upper?.withUnsafeBytes { self.upper.assign(BorrowedBytes($0)) }
    }

    /// The first key that is not to be merged; `nil` for no end.
    var end: BorrowedBytes? { hasEnd ? upper.bytes : nil }

    mutating func forgetEnd() { hasEnd = false }

    @inline(__always)
    func isBehindEnd(_ key: BorrowedBytes) -> Bool { hasEnd && KeyOrder.compare(upper.bytes, key) <= 0 }

    /// - Returns: Whether `key` is another than before.
    @inline(__always)
    mutating func moves(to next: BorrowedBytes, _ newTimestamp: Timestamp) throws(StoreError) -> Bool {
        defer { timestamp = newTimestamp }
        if let timestamp {
            let order = KeyOrder.compare(key.bytes, next)
            if order == 0, newTimestamp < timestamp { return false }
            guard order < 0 else { throw Self.outOfOrder }
        }
        key.assign(next)
        return true
    }

    private static var outOfOrder: StoreError {
        .corrupt("The tables of a compaction contradict each other.", structure: "table")
    }
}
