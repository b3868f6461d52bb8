/// Deletions of ranges in a transaction's own mutations.
extension WriteSet {
    /// The ranges that were deleted, as of now; `nil` when none was.
    var deletions: RangeTombstoneRuns? { fields.pointee.deletions }
    var hasDeletions: Bool { fields.pointee.deletions != nil }

    func isDeleted(_ key: BorrowedBytes) -> Bool {
        guard let deletions = fields.pointee.deletions else { return false }
        return deletions.newest(covering: key, at: .max) > .zero
    }

    /// Deletes a range, which is not empty and has keys for bounds. Earlier mutations in it are erased: at one
    /// timestamp a write counts more than the deletion of a range, so that what is left was made after it.
    func deleteRange(_ range: KeyRange) {
        erase(in: range)
        let offset = byteCount
        range.lowerBound.withUnsafeBytes { lower in
            (range.upperBound ?? []).withUnsafeBytes { upper in
                fields.pointee.batch.deleteRange(from: BorrowedBytes(lower), upTo: BorrowedBytes(upper))
            }
        }
        recordRange(offset: offset)
        // All count at any time; the timestamp only says that they are there.
        let tombstone = RangeTombstone(
            lower: range.lowerBound, upper: range.upperBound, timestamp: Timestamp(rawValue: 1))
        fields.pointee.deletions = (deletions ?? RangeTombstoneRuns()).adding(tombstone)
    }

    private func recordRange(offset: Int) {
        append(Entry(hash: 0, offset: offset, isSuperseded: true))
        fields.pointee.memtableBytes += Memtable.spaceNeeded(operation(count - 1))
    }

    /// Takes what was written or deleted within `range` out of what counts. Where a savepoint may bring it back, it stays
    /// in the batch until then, or until the last savepoint is gone.
    private func erase(in range: KeyRange) {
        var isAny = false
        for entry in 0..<count where !fields.pointee.entries[entry].isErased && isWithin(range, entry) {
            if fields.pointee.largeValues.count > 0 { noteSuperseded(entry) }
            fields.pointee.entries[entry].isErased = true
            noteErasedForSavepoints(entry)
            isAny = true
        }
        if isAny, !hasSavepoints { dropErased() }
    }

    /// Takes the erased entries out of the batch, by making a new one of the rest. Nobody has a savepoint.
    func dropErased() {
        let old = retireBatch()
        let operations = old.pointee.bytes
        let entries = fields.pointee.entries
        // Where each entry has gone; -1 for nowhere.
        var places = [Int32](repeating: -1, count: count)
        var kept = 0
        for number in 0..<count {
            var entry = entries[number]
            guard !entry.isErased else {
                let operation = Self.operation(at: entry.offset, of: operations)
                noteForgotten(operation)
                fields.pointee.memtableBytes -= Memtable.spaceNeeded(operation)
                continue
            }
            let end = number + 1 < count ? entries[number + 1].offset : operations.count
            let bytes = BorrowedBytes(base: operations.base + entry.offset, count: end - entry.offset)
            entry.offset = byteCount
            if entry.previous >= 0 { entry.previous = places[Int(entry.previous)] }
            fields.pointee.batch.append(operations: bytes, count: 1)
            entries[kept] = entry
            fields.pointee.hashes[kept] = entry.hash
            places[number] = Int32(truncatingIfNeeded: kept)
            kept += 1
        }
        fields.pointee.count = kept
        fields.pointee.largeValues.superseded = fields.pointee.largeValues.superseded.compactMap {
            places[$0] >= 0 ? Int(places[$0]) : nil
        }
        fields.pointee.buckets = []
        if kept > Self.linearLimit { rebuildBuckets() }
        releaseRetired()
    }

    private func isWithin(_ range: KeyRange, _ entry: Int) -> Bool {
        let operation = operation(entry)
        guard range.holds(operation.key) else { return false }
        // Where a versionstamped key lies, only the commit knows.
        guard fields.pointee.entries[entry].mutation != .stampedKey else { return false }
        guard operation.kind == .rangeTombstone, let end = range.upperBound else { return true }
        guard let upper = operation.upperBound else { return false }
        return end.withUnsafeBytes { KeyOrder.compare(upper, BorrowedBytes($0)) <= 0 }
    }
}
