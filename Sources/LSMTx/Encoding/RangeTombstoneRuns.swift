/// Range tombstones that become more: a few immutable sets, of which the larger is at least twice the next, so that
/// adding one costs O(log n) copies of it in the long run and each set is as fast to ask as if it never changed.
///
/// Immutable itself; whoever adds puts the new object in the old one's place.
package final class RangeTombstoneRuns: @unchecked Sendable {
    // @unchecked: everything is set once in `init`; the row of references is freed in `deinit`.

    /// The largest first.
    package let runs: [RangeTombstones]
    /// The same without reference counting; `runs` keeps them alive.
    private let references: UnsafeMutablePointer<Unmanaged<RangeTombstones>>
    private let count: Int

    package convenience init() { self.init(runs: []) }

    private init(runs: [RangeTombstones]) {
        self.runs = runs
        count = runs.count
        references = .allocate(capacity: max(count, 1))
        for (index, run) in runs.enumerated() { (references + index).initialize(to: .passUnretained(run)) }
    }

    deinit { references.deallocate() }

    /// The same and one more, which is not empty.
    package func adding(_ tombstone: RangeTombstone) -> RangeTombstoneRuns {
        var kept = runs[...]
        var merged = [RangeTombstones([tombstone])]
        var mergedCount = 1
        while let last = kept.last, last.count < 2 * mergedCount {
            merged.append(last)
            mergedCount += last.count
            kept.removeLast()
        }
        let run = merged.count == 1 ? merged[0] : RangeTombstones(merging: merged)
        return RangeTombstoneRuns(runs: kept + [run])
    }

    /// All in one set.
    package var merged: RangeTombstones { runs.count == 1 ? runs[0] : RangeTombstones(merging: runs) }

    /// The newest tombstone at or below `timestamp` that covers `key`; `Timestamp.zero` when there is none.
    @inline(__always)
    package func newest(covering key: BorrowedBytes, at timestamp: Timestamp) -> Timestamp {
        var newest = Timestamp.zero
        var index = 0
        while index < count {
            newest = max(newest, references[index]._withUnsafeGuaranteedRef { $0.newest(covering: key, at: timestamp) })
            index += 1
        }
        return newest
    }

    /// The newest tombstone that has keys from `lower` up to but not including `upper`; `Timestamp.zero` when there is
    /// none.
    package func newest(from lower: BorrowedBytes, upTo upper: BorrowedBytes?) -> Timestamp {
        runs.reduce(.zero) { max($0, $1.newest(from: lower, upTo: upper)) }
    }

    /// Every tombstone that covers `key`, newest first.
    package func timestamps(covering key: BorrowedBytes) -> [Timestamp] {
        runs.flatMap { $0.timestamps(covering: key) }.sorted(by: >)
    }
}
