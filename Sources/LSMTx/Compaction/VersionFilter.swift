/// Decides which versions of a key a compaction may drop. It is told one key's versions after the other, newest
/// first.
///
/// The rule:
/// 1. A version is *superseded* when no read point lies between it (inclusive) and what is the next to hide it
///    (exclusive): the next newer version of its key, or the oldest range tombstone that is newer than it and covers
///    the key. One that nothing hides is never superseded.
/// 2. A tombstone that is not superseded is *idle* when it is at or below the floor, no open read-write transaction
///    began before it, no older version of its key is kept, and none can be in a deeper table.
/// 3. Both are dropped; all else is kept.
///
/// Why no read at any read point p changes. The read gives the newest version at or below p; call it v.
/// - A version other than v: dropping it does not change which one is the newest at or below p, since v stays or is
///   treated below.
/// - v superseded: then p, which is not below v, is not below what hides it next either, or p would be a read point
///   between the two. So a newer version, not v, would be the newest at or below p, which is impossible; or a range
///   tombstone hides v from p, and so all that is older: then the read finds no value, and still does without v.
/// - v hidden by a range tombstone, and not superseded: it is kept, and so is what hides it (``RangeTombstoneFilter``).
/// - v idle: the read finds v, a tombstone, and so no value. Without it, it finds the newest of what is older and
///   kept, or is in deeper tables. Nothing is: idle tombstones are those below which all is dropped or idle too. So
///   it finds no value either.
///
/// What a job does not see is newer than all that it sees (memtables, higher levels) or deeper, which rule 2 asks
/// for. A newer version elsewhere only narrows the range in which a version is read, so rule 1 keeps too much at
/// worst.
///
/// Why conflicts are still found: they compare the newest version of a key with when a transaction began. The newest
/// one is dropped only when it is idle, and then every open read-write transaction began at or after it; or when a range
/// tombstone that is newer is there to be found instead.
///
/// Whether an older version is kept is known only after it was seen, so tombstones that may turn out idle are *held*
/// back. Each of them has a read point of its own, which bounds their number by that of the read points; they have
/// no values, so timestamps are all there is to hold.
package struct VersionFilter {
    package enum Verdict: Sendable {
        /// Goes on, after all of ``held``, which the caller then takes out.
        case keep
        case dropSuperseded
        /// The same, as a range tombstone is the next to hide it.
        case dropCovered
        /// A tombstone that goes on before the next version of its key that is kept, or, if none is, not at all.
        case hold
    }

    private let readPoints: ReadPoints
    /// Tombstones after this are never idle.
    private let idleLimit: Timestamp
    private var newer: Timestamp?
    /// The tombstones held back, newest first. When the next key begins, they are idle.
    package private(set) var held: [Timestamp] = []

    package init(readPoints: ReadPoints) {
        self.readPoints = readPoints
        idleLimit = min(readPoints.floor, readPoints.oldestWriter ?? .max)
        held.reserveCapacity(readPoints.older.count + 1)
    }

    /// Begins a key.
    ///
    /// - Returns: How many tombstones of the key before are dropped because they are idle.
    package mutating func beginKey() -> Int {
        newer = nil
        let idle = held.count
        if idle > 0 { held.removeAll(keepingCapacity: true) }
        return idle
    }

    /// Judges the key's next older version.
    ///
    /// - Parameters:
    ///   - hidden: The oldest range tombstone newer than the version that covers the key; `nil` when there is none.
    ///   - mayHaveOlderElsewhere: Whether tables deeper than the job's target may have the key. Only asked about
    ///     tombstones.
    @inline(__always)
    package mutating func judge(
        _ timestamp: Timestamp, kind: EntryKind, hidden: Timestamp? = nil, mayHaveOlderElsewhere: Bool
    ) -> Verdict {
        let next = min(newer ?? .max, hidden ?? .max)
        let isNeeded = next == .max || readPoints.hasPoint(from: timestamp, before: next)
        defer { newer = timestamp }
        guard isNeeded else { return next == newer ? .dropSuperseded : .dropCovered }
        guard kind == .tombstone, timestamp <= idleLimit, !mayHaveOlderElsewhere else { return .keep }
        held.append(timestamp)
        return .hold
    }

    /// Forgets the tombstones in ``held``: the caller has written them.
    package mutating func takeOutHeld() {
        held.removeAll(keepingCapacity: true)
    }
}
