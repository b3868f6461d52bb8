internal import Synchronization

/// Savepoints in a transaction's own mutations.
///
/// How it works:
/// 1. A savepoint is a mark: how many entries and bytes there were, and the ranges that had been deleted.
/// 2. To roll back is to truncate entries and batch to the mark. From the last entry to the first, the bucket of its key
///    is given to the entry that it superseded, which counts again; without one, the key leaves the buckets.
/// 3. A deletion of a range does not take earlier operations out of the batch while there are savepoints. It marks them
///    as erased, and remembers them in the order in which that happened; those that were erased since the mark count
///    again. Once the last savepoint is gone, what is erased still leaves the batch for good.
/// 4. The extent of a large value that was superseded or erased is kept as long as its entry is older than the latest
///    savepoint. Of a younger one, nobody could bring the value back: it is given back at once. When a savepoint is
///    released, those that are younger than the one before it follow.
///
/// So undoing costs what was written since, with two exceptions: cursors that have begun since and are still open go on
/// with the old batch, and the new one is a copy of what was before the mark; and erased operations take place in the
/// batch, and one copy of the rest when the last savepoint goes.
///
/// Rejected: an image of the batch for each savepoint under which a range is deleted. It costs as much for each such
/// deletion as one copy of the batch does in the end.
extension WriteSet {
    /// A savepoint's name, given once in a process.
    struct SavepointID: Equatable {
        fileprivate let writeSet: UInt64
        fileprivate let number: UInt64
    }

    /// What the set was like when a savepoint was taken.
    struct Mark {
        fileprivate let number: UInt64
        fileprivate let isScoped: Bool
        fileprivate let count: Int
        fileprivate let byteCount: Int
        fileprivate let memtableBytes: Int
        fileprivate let deletions: RangeTombstoneRuns?
        fileprivate let restorableCount: Int
        fileprivate let erasedCount: Int
    }

    struct Savepoints {
        /// Which write set this is, among all of the process: a handle's address may be used again.
        fileprivate let writeSet: UInt64
        fileprivate var lastNumber: UInt64 = 0
        fileprivate var marks: [Mark] = []
        /// Entries of large values that do not count, and whose extents are kept for a savepoint, in the order in which
        /// they ceased to.
        fileprivate var restorable: [Int] = []
        /// Entries in the order in which they were erased.
        fileprivate var erased: [Int] = []
        /// A cursor that is open may come to places up to here in the batch; not less than that.
        var cursorBytes = 0

        /// Entries from here on are younger than the latest savepoint.
        fileprivate var firstYounger: Int { marks.last?.count ?? 0 }
    }

    /// Whether a savepoint can be used.
    enum Standing {
        case active
        /// It lies outside of a scope that is still running.
        case outsideOfScope
        case gone
        case ofAnotherTransaction
    }

    private static let writeSets = Atomic<UInt64>(0)

    /// Bytes that each savepoint takes while it is active.
    static let savepointBytes = MemoryLayout<Mark>.stride

    /// How many savepoints there are.
    var savepointCount: Int { fields.pointee.savepoints?.pointee.marks.count ?? 0 }
    var hasSavepoints: Bool { savepointCount > 0 }

    /// - Parameter isScoped: Whether older savepoints are out of reach as long as this one is active.
    func takeSavepoint(isScoped: Bool = false) -> SavepointID {
        let savepoints = fields.pointee.savepoints ?? makeSavepoints()
        savepoints.pointee.lastNumber += 1
        savepoints.pointee.marks.append(
            Mark(
                number: savepoints.pointee.lastNumber, isScoped: isScoped, count: count, byteCount: byteCount,
                memtableBytes: memtableBytes, deletions: deletions,
                restorableCount: savepoints.pointee.restorable.count, erasedCount: savepoints.pointee.erased.count))
        return SavepointID(writeSet: savepoints.pointee.writeSet, number: savepoints.pointee.lastNumber)
    }

    private func makeSavepoints() -> UnsafeMutablePointer<Savepoints> {
        let made = UnsafeMutablePointer<Savepoints>.allocate(capacity: 1)
        made.initialize(to: Savepoints(writeSet: Self.writeSets.add(1, ordering: .relaxed).newValue))
        // Cursors that are open already came before all of them.
        fields.pointee.savepoints = made
        return made
    }

    func freeSavepoints() {
        guard let savepoints = fields.pointee.savepoints else { return }
        savepoints.deinitialize(count: 1)
        savepoints.deallocate()
    }

    func standing(of savepoint: SavepointID) -> Standing {
        guard let savepoints = fields.pointee.savepoints, savepoints.pointee.writeSet == savepoint.writeSet else {
            return .ofAnotherTransaction
        }
        guard let index = index(of: savepoint) else { return .gone }
        let later = savepoints.pointee.marks[(index + 1)...]
        return later.contains { $0.isScoped } ? .outsideOfScope : .active
    }

    /// From the latest on: rolling back and releasing takes away what is passed over.
    private func index(of savepoint: SavepointID) -> Int? {
        fields.pointee.savepoints?.pointee.marks.lastIndex { $0.number == savepoint.number }
    }

    // MARK: Rolling back

    /// Undoes what was written since. The savepoint is there and stays; later ones are gone.
    func rollback(to savepoint: SavepointID) {
        guard let savepoints = fields.pointee.savepoints, let index = index(of: savepoint) else {
            preconditionFailure("a savepoint is not there to be rolled back to")
        }
        let mark = savepoints.pointee.marks[index]
        savepoints.pointee.marks.removeSubrange((index + 1)...)
        // Everything below comes of an entry that was made since.
        guard count > mark.count else { return }
        for entry in savepoints.pointee.erased[mark.erasedCount...] { fields.pointee.entries[entry].isErased = false }
        savepoints.pointee.erased.removeSubrange(mark.erasedCount...)
        removeEntries(downTo: mark.count)
        // Entries of before are counted again; those of since are among the forgotten.
        savepoints.pointee.restorable.removeSubrange(mark.restorableCount...)
        while let last = fields.pointee.largeValues.superseded.last, last >= mark.count {
            fields.pointee.largeValues.superseded.removeLast()
        }
        truncateBatch(to: mark)
        fields.pointee.memtableBytes = mark.memtableBytes
        fields.pointee.deletions = mark.deletions
    }

    private func removeEntries(downTo first: Int) {
        if first <= Self.linearLimit { fields.pointee.buckets = [] }
        let hasBuckets = !fields.pointee.buckets.isEmpty
        let hasLargeValues = hasLargeValues
        for number in stride(from: count - 1, through: first, by: -1) {
            if hasLargeValues { noteForgotten(operation(number)) }
            let entry = fields.pointee.entries[number]
            if entry.previous >= 0 {
                let previous = Int(entry.previous)
                fields.pointee.entries[previous].isSuperseded = false
                if hasBuckets { insertBucket(entry: previous, replacing: number) }
            } else if hasBuckets, !entry.isSuperseded {
                // What superseded it is undone by now, unless it is a range's deletion, which has no bucket.
                removeBucket(entry: number)
            }
        }
        fields.pointee.count = first
    }

    /// Takes an entry out of its bucket. Entries behind it that were pushed past the gap move up, so that the walk to
    /// them from where their hashes lead meets no gap.
    private func removeBucket(entry: Int) {
        let mask = fields.pointee.buckets.count - 1
        var gap = Int(truncatingIfNeeded: fields.pointee.entries[entry].hash) & mask
        while Int(fields.pointee.buckets[gap]) - 1 != entry { gap = (gap + 1) & mask }
        var next = (gap + 1) & mask
        while fields.pointee.buckets[next] != 0 {
            let other = Int(fields.pointee.buckets[next]) - 1
            let home = Int(truncatingIfNeeded: fields.pointee.entries[other].hash) & mask
            if (next - home) & mask >= (next - gap) & mask {
                fields.pointee.buckets[gap] = fields.pointee.buckets[next]
                gap = next
            }
            next = (next + 1) & mask
        }
        fields.pointee.buckets[gap] = 0
    }

    private func truncateBatch(to mark: Mark) {
        guard hasCursors, let savepoints = fields.pointee.savepoints, savepoints.pointee.cursorBytes > mark.byteCount
        else { return fields.pointee.batch.truncate(to: mark.byteCount, count: mark.count) }
        let old = retireBatch()
        fields.pointee.batch.append(
            operations: BorrowedBytes(base: old.pointee.bytes.base, count: mark.byteCount), count: mark.count)
    }

    // MARK: Releasing

    /// Forgets the savepoint, which is there, and later ones. What was written stays.
    func release(_ savepoint: SavepointID) {
        guard let index = index(of: savepoint) else {
            preconditionFailure("a savepoint is not there to be released")
        }
        releaseMarks(from: index)
    }

    /// Makes the operations those that a commit logs: what is erased is gone. There are no savepoints any more.
    func seal() {
        if hasSavepoints { releaseMarks(from: 0) }
    }

    private func releaseMarks(from index: Int) {
        guard let savepoints = fields.pointee.savepoints else { return }
        let restorableCount = savepoints.pointee.marks[index].restorableCount
        savepoints.pointee.marks.removeSubrange(index...)
        let kept = savepoints.pointee.restorable[restorableCount...]
        savepoints.pointee.restorable.removeSubrange(restorableCount...)
        for entry in kept {
            if entry < savepoints.pointee.firstYounger {
                savepoints.pointee.restorable.append(entry)
            } else {
                fields.pointee.largeValues.superseded.append(entry)
            }
        }
        guard !hasSavepoints, !savepoints.pointee.erased.isEmpty else { return }
        savepoints.pointee.erased.removeAll()
        dropErased()
    }

    // MARK: What others note

    /// Keeps the extent of a large value that ceases to count, if a savepoint may bring it back.
    ///
    /// - Returns: Whether it is kept.
    func keepForSavepoint(_ entry: Int) -> Bool {
        guard let savepoints = fields.pointee.savepoints, entry < savepoints.pointee.firstYounger else { return false }
        savepoints.pointee.restorable.append(entry)
        return true
    }

    func noteErasedForSavepoints(_ entry: Int) {
        guard let savepoints = fields.pointee.savepoints, !savepoints.pointee.marks.isEmpty else { return }
        savepoints.pointee.erased.append(entry)
    }

    func noteCursorForSavepoints() {
        guard let savepoints = fields.pointee.savepoints else { return }
        savepoints.pointee.cursorBytes = byteCount
    }
}
