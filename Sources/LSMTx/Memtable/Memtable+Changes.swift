internal import Synchronization

/// What was changed since a timestamp, and where: the evidence by which conflicts are decided. Changes that are not
/// published yet count.
///
/// All of it needs timestamps that do not descend from one insert to the next, whatever their keys, as those of the one
/// leader of commits do.
extension Memtable {
    /// Every version newer than `floor`, newest first. Range tombstones are not among them: see
    /// ``newestRangeTombstone``.
    ///
    /// Whatever is stamped at or below a timestamp that the caller has loaded is seen. The caller keeps the memtable
    /// while it walks.
    ///
    /// - Complexity: O(1), and O(1) for each change.
    @inline(__always)
    package func changes(after floor: Timestamp) -> MemtableChanges { MemtableChanges(memory, after: floor) }

    /// How many keys of those sorted so far lie from `lower` up to but not including `upper`. A scan of the range visits
    /// these, those of the ``unsortedKeyCount`` that lie there, and sorts the latter first.
    ///
    /// - Complexity: O(runs × log keys), and a lock for a moment.
    package func keyCountBound(from lower: BorrowedBytes, upTo upper: BorrowedBytes?) -> Int {
        let runs = order.withLock { $0.sortedRuns }
        var count = 0
        for run in runs {
            let end = upper.map { run.lowerBound(of: $0, arena: memory.arena) } ?? run.count
            count += max(0, end - run.lowerBound(of: lower, arena: memory.arena))
        }
        return count
    }

    /// The newest change after `timestamp` of any key from `lower` up to but not including `upper`: a version, or a
    /// range tombstone that has keys of the range. `nil` when nothing there is so new.
    ///
    /// 1. Changes are looked through, newest first: the first in the range is the newest.
    /// 2. After some, what a walk of the range would cost is estimated, and as much again is spent on further changes.
    /// 3. After that, the range is walked.
    ///
    /// - Complexity: O(the changes after `timestamp`), or O(the keys in the range, and the sorting of keys that no scan
    ///   has sorted so far), whichever is less.
    package func newestTimestamp(
        from lower: BorrowedBytes, upTo upper: BorrowedBytes?, after timestamp: Timestamp
    ) -> Timestamp? {
        guard timestampBound > timestamp else { return nil }
        var known = timestamp
        if newestRangeTombstone > known, let tombstones = rangeTombstones {
            known = max(known, tombstones.newest(from: lower, upTo: upper))
        }
        let range = ChangeSearch(lower: lower, upper: upper)
        var changes = changes(after: known)
        var result = range.find(in: &changes, limit: ChangeSearch.firstSteps)
        if result == .undecided {
            let steps =
                keyCountBound(from: lower, upTo: upper) + unsortedKeyCount * ChangeSearch.stepsOfSorting
            result = range.find(in: &changes, limit: steps)
        }
        switch result {
        case .found(let newest): return newest
        case .none: return known > timestamp ? known : nil
        case .undecided: break
        }
        var cursor = cursor(at: .max)
        cursor.seek(to: lower)
        while cursor.isValid, upper.map({ KeyOrder.compare(cursor.key, $0) < 0 }) ?? true {
            known = max(known, cursor.entry.timestamp)
            cursor.next()
        }
        return known > timestamp ? known : nil
    }
}

/// Looks for the newest change in a range among all changes.
private struct ChangeSearch {
    enum Result: Equatable {
        case found(Timestamp)
        case none
        case undecided
    }

    /// So many changes cost less than an estimate of anything else.
    static let firstSteps = 64
    /// How many changes can be looked at while one key is sorted.
    static let stepsOfSorting = 8

    let lower: BorrowedBytes
    let upper: BorrowedBytes?

    @inline(__always)
    func find(in changes: inout MemtableChanges, limit: Int) -> Result {
        var left = limit
        while left > 0 {
            guard let change = changes.next() else { return .none }
            if contains(change.key) { return .found(change.timestamp) }
            left -= 1
        }
        return .undecided
    }

    @inline(__always)
    private func contains(_ key: BorrowedBytes) -> Bool {
        guard KeyOrder.compare(key, lower) >= 0 else { return false }
        guard let upper else { return true }
        return KeyOrder.compare(key, upper) < 0
    }
}
