/// Decides which range tombstones a compaction may drop, and hands out what each new table gets of the others. It is
/// told the merge's keys in order, and which versions of them are kept.
///
/// It goes through the intervals between the bounds of all range tombstones. Of those that cover an interval:
/// 1. One is *superseded* when no read point lies between it (inclusive) and the next newer one of the interval
///    (exclusive). So what is needed is the newest one at or below each read point, and all above the floor.
/// 2. One that is not superseded is *idle* when it is at or below the floor, no open read-write transaction began
///    before it, no version older than it of a key in the interval is kept, and no deeper table's bounds meet the
///    interval.
/// 3. Both are dropped there. What stays of a tombstone in neighbouring intervals becomes one again.
/// 4. Where a table ends in the middle of an interval, the two parts are treated as two intervals.
///
/// Why nothing changes for any reader or conflict check: what is said at ``VersionFilter`` of the versions of one key,
/// with the range tombstones of an interval as tombstones of each of its keys. A read at p that ends at a superseded one
/// would, p being no read point between it and the next newer, end at that one. A read that ends at an idle one finds no
/// value without it either, since everything that it could hide is gone.
struct RangeTombstoneFilter {
    private let tombstones: RangeTombstones
    private let readPoints: ReadPoints
    /// Tombstones after this are never idle.
    private let idleLimit: Timestamp
    private var deeper: DeeperKeys
    /// The interval that the last key was in; -1 before all.
    private var interval = -1
    /// Where the part of the interval that is not finished begins, when a table ended in it.
    private var start: [UInt8]?
    /// Of the versions of keys in that part.
    private var oldestKept = Timestamp.max
    private var kept: [RangeTombstone] = []
    /// What the tables that are complete got.
    private(set) var given: [RangeTombstone] = []

    /// - Parameters:
    ///   - tombstones: Of all inputs.
    ///   - deeper: The tables below the target level that overlap the inputs.
    init(_ tombstones: RangeTombstones, readPoints: ReadPoints, deeper: [TableDescriptor]) {
        self.tombstones = tombstones
        self.readPoints = readPoints
        idleLimit = min(readPoints.floor, readPoints.oldestWriter ?? .max)
        self.deeper = DeeperKeys(deeper)
    }

    /// Comes to a key, which is not before the last one.
    @inline(__always)
    mutating func move(to key: BorrowedBytes) {
        while interval + 1 < tombstones.boundCount, KeyOrder.compare(tombstones.bound(interval + 1), key) <= 0 {
            leaveInterval()
        }
    }

    /// When a version of the present key was first hidden by a range tombstone; `nil` when none hides it.
    @inline(__always)
    func hidden(_ timestamp: Timestamp) -> Timestamp? { tombstones.oldest(in: interval, above: timestamp) }

    /// A version of the present key is kept.
    @inline(__always)
    mutating func keep(_ timestamp: Timestamp) { oldestKept = min(oldestKept, timestamp) }

    /// The share of a table that ends before `key`, which is the next key and comes after all others.
    mutating func cut(at key: BorrowedBytes) -> RangeTombstones {
        move(to: key)
        finishPart(upTo: key)
        start = key.array
        oldestKept = .max
        return takeKept()
    }

    /// The share of the last table.
    mutating func finish() -> RangeTombstones {
        while interval + 1 < tombstones.boundCount { leaveInterval() }
        finishPart(upTo: nil)
        return takeKept()
    }

    private mutating func takeKept() -> RangeTombstones {
        defer { kept = [] }
        given += kept
        return RangeTombstones(kept)
    }

    private mutating func leaveInterval() {
        finishPart(upTo: tombstones.bound(interval + 1))
        interval += 1
        start = nil
        oldestKept = .max
    }

    private mutating func finishPart(upTo upper: BorrowedBytes?) {
        guard interval >= 0 else { return }
        let needed = neededTimestamps
        guard !needed.isEmpty else { return }
        let lower = start ?? tombstones.bound(interval).array
        let end = upper?.array
        // A table may end where an interval does.
        guard !KeyRange(from: lower, upTo: end).isEmpty else { return }
        let mayHideDeeper = lower.withUnsafeBytes { deeper.mayHold(from: BorrowedBytes($0), upTo: upper) }
        for timestamp in needed {
            let isIdle = timestamp <= idleLimit && timestamp <= oldestKept && !mayHideDeeper
            if !isIdle { kept.append(RangeTombstone(lower: lower, upper: end, timestamp: timestamp)) }
        }
    }

    /// Those of the interval that are not superseded.
    private var neededTimestamps: [Timestamp] {
        var needed = tombstones.timestamps(in: interval, above: readPoints.floor)
        func add(_ timestamp: Timestamp) {
            if timestamp > .zero, timestamp != needed.last { needed.append(timestamp) }
        }
        add(tombstones.newest(in: interval, at: readPoints.floor))
        for point in readPoints.older.reversed() { add(tombstones.newest(in: interval, at: point)) }
        return needed
    }
}
