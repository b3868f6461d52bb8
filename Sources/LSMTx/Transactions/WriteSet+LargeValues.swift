/// The extents of the large values that a transaction has written. They are its own until its commit has succeeded;
/// those that it has written over itself, for good.
///
/// One that was superseded or erased is given back at once, so that a transaction can write the same key again and again,
/// unless a cursor may still come to it, or a savepoint bring it back. Its operation becomes a plain value in the batch:
/// the later operation of the same key hides it everywhere, and the log names no extent that is not the commit's.
///
/// Rejected: making a new batch without the operation, as deleting a range does. Overwriting one key again and again would
/// copy all the others each time.
extension WriteSet {
    /// What is kept of the large values.
    struct LargeValues {
        /// Large values that were written, those included that do not count any more.
        var count = 0
        /// Superseded and erased entries whose extents have not been given back, and which no savepoint has.
        var superseded: [Int] = []
        /// Extents of values that were taken out of the batch.
        var forgotten: [FileRange] = []
        /// Whether the transaction has ended, so that its extents may not be its own any more.
        var areGone = false
    }

    var hasLargeValues: Bool { fields.pointee.largeValues.count > 0 }

    func put(key: BorrowedBytes, large reference: LargeValueReference) {
        // Counted first: what this operation supersedes may be the first large value.
        fields.pointee.largeValues.count += 1
        reference.withEncoded { put(key: key, value: $0, kind: .largeValue) }
    }

    /// Before an entry is superseded or erased.
    func noteSuperseded(_ entry: Int) {
        let known = fields.pointee.entries[entry]
        // It does not count already, and has been noted.
        guard !known.isSuperseded, !known.isErased else { return }
        guard operation(entry).kind == .largeValue, !keepForSavepoint(entry) else { return }
        fields.pointee.largeValues.superseded.append(entry)
    }

    /// Bytes of the large values that count.
    var largeValueBytes: UInt64 {
        var sum: UInt64 = 0
        for entry in 0..<count {
            let operation = operation(entry)
            if operation.kind == .largeValue { sum += UInt64(LargeValueReference(verified: operation.value).count) }
        }
        return sum
    }

    /// Before an operation is taken out of the batch.
    func noteForgotten(_ operation: WriteOperation) {
        guard operation.kind == .largeValue else { return }
        fields.pointee.largeValues.forgotten.append(LargeValueReference(verified: operation.value).extent)
    }

    /// Whether a cursor may look at the entries' large values. A value that was erased is one of a transaction that has
    /// ended, as far as cursors meet it.
    var largeValuesAreReadable: Bool { !fields.pointee.largeValues.areGone }

    /// Calls `giveBack` with the extents of superseded values, unless a cursor may need them.
    func releaseSuperseded(_ giveBack: (FileRange) -> Void) {
        guard !hasCursors else { return }
        eraseSuperseded(giveBack)
    }

    /// Calls `giveBack` with the extents of superseded values. For a commit, which ends the transaction; it is sealed.
    func eraseSuperseded(_ giveBack: (FileRange) -> Void) {
        for entry in fields.pointee.largeValues.superseded {
            giveBack(LargeValueReference(verified: operation(entry).value).extent)
            fields.pointee.batch.eraseLargeValue(at: fields.pointee.entries[entry].offset)
        }
        fields.pointee.largeValues.superseded.removeAll()
        giveBackForgotten(giveBack)
    }

    private func giveBackForgotten(_ giveBack: (FileRange) -> Void) {
        for extent in fields.pointee.largeValues.forgotten { giveBack(extent) }
        fields.pointee.largeValues.forgotten.removeAll()
    }

    /// Ends the transaction's ownership. What it has not committed is passed to `giveBack`, and so is what the commit left
    /// out.
    func endLargeValues(isCommitted: Bool, _ giveBack: (FileRange) -> Void) {
        fields.pointee.largeValues.areGone = true
        if !isCommitted {
            for entry in 0..<count {
                let operation = operation(entry)
                guard operation.kind == .largeValue else { continue }
                giveBack(LargeValueReference(verified: operation.value).extent)
            }
        }
        giveBackForgotten(giveBack)
    }
}
