/// Which of a table's versions are there only for readers that may go: so that it is known, without reading the table,
/// when they can be dropped.
///
/// A version that has a newer one in the same table, or that a newer range tombstone hides, is needed while there is a
/// read point between the two. Which read
/// points there were when the table was built is known then, and below the floor none are added later. So each *span*
/// counts versions that can all be dropped once no read point is left in it. The list is bounded: where read points
/// are many, spans are joined, and their versions then wait for the last reader in the joined span.
package struct TableGarbage: Equatable, Sendable {
    /// Versions that can be dropped when no read point is at or above ``lower`` and below ``upper``.
    package struct Span: Equatable, Sendable {
        package var lower: Timestamp
        package var upper: Timestamp
        package var entries: UInt64
        /// Of their keys, values and large values, and ``entryBytes`` for each.
        package var bytes: UInt64

        mutating func join(_ other: Span) {
            lower = min(lower, other.lower)
            upper = max(upper, other.upper)
            entries += other.entries
            // A crafted file may claim more than there is; it is refused when the table is complete.
            bytes &+= other.bytes
        }
    }

    package static let maximumSpans = 16
    /// About what an entry takes beside its key and value.
    package static let entryBytes = 16

    /// Versions with a newer one in the table, or a range tombstone that hides them.
    package internal(set) var superseded: [Span] = []
    /// Tombstones that are the only version of their key in the table: nothing needs them any more when they are below
    /// the floor, nothing older is left in deeper tables, and no writer began before them. `upper` is the newest.
    package internal(set) var tombstones: [Span] = []

    init() {}

    func encode(to writer: inout ByteWriter) {
        for spans in [superseded, tombstones] {
            writer.varint(UInt64(spans.count))
            for span in spans {
                writer.varint(span.lower.rawValue)
                writer.varint(span.upper.rawValue)
                writer.varint(span.entries)
                writer.varint(span.bytes)
            }
        }
    }

    init(from reader: inout ByteReader) throws(StoreError) {
        superseded = try Self.spans(from: &reader)
        tombstones = try Self.spans(from: &reader)
    }

    private static func spans(from reader: inout ByteReader) throws(StoreError) -> [Span] {
        let count = try reader.count(minimumBytes: 4)
        guard count <= maximumSpans else { throw reader.fail("A table has too many spans of superseded versions.") }
        var spans: [Span] = []
        spans.reserveCapacity(count)
        for _ in 0..<count {
            let span = Span(
                lower: Timestamp(rawValue: try reader.varint()), upper: Timestamp(rawValue: try reader.varint()),
                entries: try reader.varint(), bytes: try reader.varint())
            guard span.lower <= span.upper, span.upper < .max, span.entries <= Limits.maximumFileBytes,
                span.bytes <= Limits.maximumFileBytes
            else { throw reader.fail("A span of superseded versions is out of range.") }
            spans.append(span)
        }
        return spans
    }
}

/// Counts a table's garbage while it is built.
struct GarbageTally {
    /// Versions of one kind: between the same read points, or, above the floor, superseded at about the same time.
    private struct Kind: Hashable {
        let first: Int
        let last: UInt64
        let isAboveFloor: Bool
    }

    private let floor: Timestamp
    private let older: [Timestamp]
    private var spans: [Kind: TableGarbage.Span] = [:]
    private var tombstones: [UInt64: TableGarbage.Span] = [:]
    /// How many low bits of a timestamp are ignored to tell kinds apart: as many as keep the kinds few.
    private var spanShift: UInt64 = 0
    private var tombstoneShift: UInt64 = 0
    /// The newer neighbour of the next version, if that is of the same key.
    private var newer: UInt64 = 0
    private var loneTombstone: (timestamp: UInt64, bytes: UInt64)?

    private static let maximumKinds = 128

    /// - Parameters:
    ///   - floor: Every timestamp from this one on may be read at.
    ///   - older: The other read points, ascending, all below `floor`.
    init(floor: Timestamp, older: [Timestamp]) {
        self.floor = floor
        self.older = older
    }

    /// Counts the next version, in the table's order.
    ///
    /// - Parameter hidden: The oldest range tombstone newer than the version that covers the key; `nil` when there is
    ///   none.
    @inline(__always)
    mutating func add(isNewKey: Bool, timestamp: UInt64, kind: EntryKind, bytes: UInt64, hidden: Timestamp? = nil) {
        if loneTombstone != nil { endTombstone(isAlone: isNewKey) }
        let next = min(isNewKey ? .max : newer, hidden?.rawValue ?? .max)
        newer = timestamp
        if next != .max {
            noteSuperseded(timestamp, by: next, bytes: bytes)
        } else if kind == .tombstone {
            loneTombstone = (timestamp, bytes)
        }
    }

    private mutating func noteSuperseded(_ timestamp: UInt64, by newer: UInt64, bytes: UInt64) {
        let first = index(ofFirstAtOrAbove: timestamp)
        let hasOlder = first < older.count && older[first].rawValue < newer
        var span = TableGarbage.Span(
            lower: hasOlder ? older[first] : Timestamp(rawValue: timestamp), upper: Timestamp(rawValue: newer),
            entries: 1, bytes: bytes)
        let kind: Kind
        if newer > floor.rawValue {
            kind = Kind(first: hasOlder ? first : -1, last: newer >> spanShift, isAboveFloor: true)
        } else {
            let end = index(ofFirstAtOrAbove: newer)
            if hasOlder { span.upper = older[end - 1].advanced(by: 1) }
            kind = Kind(first: hasOlder ? first : -1, last: UInt64(end), isAboveFloor: false)
        }
        if spans[kind]?.join(span) != nil { return }
        spans[kind] = span
        while spans.count > Self.maximumKinds + older.count * older.count, spanShift < 63 { coarsenSpans() }
    }

    private mutating func coarsenSpans() {
        spanShift += 1
        var coarser: [Kind: TableGarbage.Span] = [:]
        for (kind, span) in spans {
            let last = kind.isAboveFloor ? kind.last >> 1 : kind.last
            let joined = Kind(first: kind.first, last: last, isAboveFloor: kind.isAboveFloor)
            if coarser[joined]?.join(span) == nil { coarser[joined] = span }
        }
        spans = coarser
    }

    private mutating func endTombstone(isAlone: Bool) {
        guard let (timestamp, bytes) = loneTombstone else { return }
        loneTombstone = nil
        guard isAlone else { return }
        let at = Timestamp(rawValue: timestamp)
        let span = TableGarbage.Span(lower: at, upper: at, entries: 1, bytes: bytes)
        if tombstones[timestamp >> tombstoneShift]?.join(span) != nil { return }
        tombstones[timestamp >> tombstoneShift] = span
        while tombstones.count > Self.maximumKinds {
            tombstoneShift += 1
            tombstones = Dictionary(tombstones.map { ($0.key >> 1, $0.value) }) { a, b in
                var joined = a
                joined.join(b)
                return joined
            }
        }
    }

    private func index(ofFirstAtOrAbove timestamp: UInt64) -> Int {
        var low = 0
        var high = older.count
        while low < high {
            let middle = (low + high) / 2
            if older[middle].rawValue < timestamp { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// All versions have been counted.
    mutating func finish() -> TableGarbage {
        endTombstone(isAlone: true)
        var garbage = TableGarbage()
        garbage.superseded = Self.bounded(Array(spans.values))
        garbage.tombstones = Self.bounded(Array(tombstones.values))
        return garbage
    }

    /// Joins neighbours, those with the fewest entries first, until there are few enough.
    static func bounded(_ spans: [TableGarbage.Span]) -> [TableGarbage.Span] {
        var spans = spans.sorted { ($0.lower, $0.upper) < ($1.lower, $1.upper) }
        while spans.count > TableGarbage.maximumSpans {
            let pairs = zip(spans, spans.dropFirst()).map { $0.entries + $1.entries }
            guard let least = pairs.indices.min(by: { pairs[$0] < pairs[$1] }) else { break }
            let next = spans.remove(at: least + 1)
            spans[least].join(next)
        }
        return spans
    }
}
