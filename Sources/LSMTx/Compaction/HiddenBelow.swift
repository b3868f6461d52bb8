/// What tables hide in those below them: bytes that can be dropped once the one has been merged with the other.
///
/// A table's own statistics (``TableGarbage``) only know of what is in the same table. Two things make much of deeper
/// tables droppable that little in a higher one shows:
/// - Range tombstones. What they cover of a deeper table is older than they are, as levels go from new to old. It is
///   measured by the deeper table's index, in whole blocks; a table that lies in a tombstone counts as a whole.
/// - Versions of keys with large values. Which keys two tables share is not known without reading them, so it is taken
///   as the higher one's share of the deeper one's keys. That may be too much; but large values are not copied, so what
///   is then merged for little is small.
///
/// An estimate does not keep a compaction going: it leads to tables being pushed down, and there is an end to that.
package struct HiddenBelow: Sendable {
    /// What one table hides in another.
    struct Part: Sendable {
        let table: TableID
        let span: TableGarbage.Span
        /// All that the hidden table has.
        let ownedBytes: UInt64
    }

    private var parts: [TableID: [Part]] = [:]

    /// Nothing.
    package init() {}

    /// - Parameter levels: Level 0 newest first, the others in key order.
    package init(_ levels: [[Table]]) {
        for (level, tables) in levels.enumerated() {
            for (place, table) in tables.enumerated() {
                let hasRanges = table.descriptor.statistics.rangeTombstoneCount > 0
                // What cannot be read now is found by whoever reads the table.
                let ranges = hasRanges ? try? table.rangeTombstones() : nil
                if level == 0 { for older in tables[(place + 1)...] { add(table, ranges, above: older) } }
                for deeper in levels[(level + 1)...] {
                    for other in deeper { add(table, ranges, above: other) }
                }
            }
        }
    }

    private mutating func add(_ table: Table, _ ranges: Unmanaged<RangeTombstones>?, above deeper: Table) {
        let below = deeper.descriptor
        guard table.descriptor.bounds.overlaps(below.bounds) else { return }
        let owned = below.statistics.dataBytes + below.largeValueBytes
        var spans: [TableGarbage.Span] = []
        for run in ranges?._withUnsafeGuaranteedRef({ $0.runs(in: below.entryRange) }) ?? [] {
            let share = run.range == below.entryRange ? 1 : deeper.share(in: run.range)
            guard share > 0 else { continue }
            spans.append(
                TableGarbage.Span(
                    lower: min(below.smallestTimestamp, run.hiddenFrom), upper: run.hiddenFrom,
                    entries: UInt64(Double(below.statistics.entryCount) * share),
                    bytes: UInt64(Double(owned) * share)))
        }
        if spans.isEmpty, below.largeValueBytes > 0, table.descriptor.entryRange.overlaps(below.entryRange) {
            let share = min(1, Double(table.descriptor.statistics.keyCount) / Double(below.statistics.keyCount))
            let upper = table.descriptor.largestTimestamp
            spans.append(
                TableGarbage.Span(
                    lower: min(below.smallestTimestamp, upper), upper: upper, entries: 0,
                    bytes: UInt64(Double(below.largeValueBytes) * share)))
        }
        parts[table.descriptor.id, default: []] += GarbageTally.bounded(spans).map {
            Part(table: below.id, span: $0, ownedBytes: owned)
        }
    }

    /// Whether the table hides anything that is known of.
    func hidesAnything(_ table: TableDescriptor) -> Bool { parts[table.id]?.isEmpty == false }

    /// Bytes that are droppable as soon as the tables have been merged with all that is below them.
    func droppableBytes(under tables: [TableDescriptor], _ readPoints: ReadPoints) -> UInt64 {
        var bytes: [TableID: UInt64] = [:]
        for part in tables.lazy.flatMap({ parts[$0.id] ?? [] })
        where !readPoints.hasPoint(from: part.span.lower, before: part.span.upper) {
            bytes[part.table] = min(part.ownedBytes, (bytes[part.table] ?? 0) + part.span.bytes)
        }
        return bytes.values.reduce(0, +)
    }

    /// One past the newest timestamp at which a reader's end would make more droppable; zero when none would.
    func newestHindrance(under tables: [TableDescriptor], _ readPoints: ReadPoints) -> Timestamp {
        tables.lazy.flatMap { parts[$0.id] ?? [] }.map(\.span)
            .filter { $0.upper <= readPoints.floor && readPoints.hasPoint(from: $0.lower, before: $0.upper) }
            .map(\.upper).max() ?? .zero
    }
}
