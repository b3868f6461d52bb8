/// Deletions of ranges in a transaction's own mutations.
extension WriteSet {
    /// The ranges that were deleted, as of now; `nil` when none was.
    var deletions: RangeTombstoneRuns? { fields.pointee.deletions }
    var hasDeletions: Bool { fields.pointee.deletions != nil }

    func isDeleted(_ key: BorrowedBytes) -> Bool {
        guard let deletions = fields.pointee.deletions else { return false }
        return deletions.newest(covering: key, at: .max) > .zero
    }

    /// Deletes a range, which is not empty and has keys for bounds. Earlier mutations in it are forgotten: at one
    /// timestamp a write counts more than the deletion of a range, so that what is left was made after it.
    func deleteRange(_ range: KeyRange) {
        forget(in: range)
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

    /// Takes what was written or deleted within `range` out of the batch, by making a new one of the rest.
    private func forget(in range: KeyRange) {
        guard (0..<count).contains(where: { isWithin(range, operation($0)) }) else { return }
        let old = retireBatch()
        fields.pointee.count = 0
        fields.pointee.memtableBytes = 0
        fields.pointee.buckets = []
        // They are noted anew as their successors are put again.
        fields.pointee.largeValues.superseded = []
        var operations = WriteOperations(verified: old.pointee.bytes)
        while let operation = operations.next() {
            guard !isWithin(range, operation) else {
                if operation.kind == .largeValue { noteForgotten(LargeValueReference(verified: operation.value)) }
                continue
            }
            switch operation.kind {
            case .value, .largeValue: put(key: operation.key, value: operation.value, kind: operation.kind)
            case .tombstone: delete(key: operation.key)
            case .rangeTombstone:
                let offset = byteCount
                fields.pointee.batch.deleteRange(from: operation.key, upTo: operation.value)
                recordRange(offset: offset)
            }
        }
        releaseRetired()
    }

    private func isWithin(_ range: KeyRange, _ operation: WriteOperation) -> Bool {
        guard range.holds(operation.key) else { return false }
        guard operation.kind == .rangeTombstone, let end = range.upperBound else { return true }
        guard let upper = operation.upperBound else { return false }
        return end.withUnsafeBytes { KeyOrder.compare(upper, BorrowedBytes($0)) <= 0 }
    }
}
