/// What a cursor over a transaction's own mutations goes by. It shows them as they were when it was made, whatever the
/// transaction writes meanwhile: a batch only grows, and one that is replaced stays as long as there are cursors.
extension WriteSet {
    /// An operation, for as long as the cursor that asked for it is open.
    struct Place {
        fileprivate let batch: Int
        fileprivate let offset: Int
        /// What was pending.
        let mutation: PendingMutation
    }

    /// The operations in `range` that count, in key order. The cursor has begun.
    func sortedPlaces(in range: KeyRange) -> [Place] { sortedEntries(in: range).map { place(of: $0) } }

    /// The same as entries, before anything else is written.
    func sortedEntries(in range: KeyRange) -> [Int] {
        var found: [Int] = []
        for entry in 0..<count where fields.pointee.entries[entry].counts {
            if range.holds(operation(entry).key) { found.append(entry) }
        }
        found.sort { KeyOrder.compare(operation($0).key, operation($1).key) < 0 }
        return found
    }

    func place(of entry: Int) -> Place {
        let known = fields.pointee.entries[entry]
        return Place(batch: fields.pointee.retired.count, offset: known.offset, mutation: known.mutation)
    }

    /// The operation at a place, lent until the next mutation.
    func operation(at place: Place) -> WriteOperation {
        let retired = fields.pointee.retired
        return Self.operation(
            at: place.offset, of: place.batch < retired.count ? retired[place.batch].pointee.bytes : operations)
    }

    func beginCursor() {
        fields.pointee.cursors += 1
        noteCursorForSavepoints()
    }

    func endCursor() {
        fields.pointee.cursors -= 1
        releaseRetired()
    }

    var hasCursors: Bool { fields.pointee.cursors > 0 }

    /// Puts an empty batch in the place of the present one, which the caller then reads.
    func retireBatch() -> UnsafeMutablePointer<WriteBatch> {
        let old = UnsafeMutablePointer<WriteBatch>.allocate(capacity: 1)
        old.initialize(to: WriteBatch(capacity: byteCount))
        swap(&old.pointee, &fields.pointee.batch)
        fields.pointee.retired.append(old)
        fields.pointee.savepoints?.pointee.cursorBytes = 0
        return old
    }

    /// Frees the batches that no cursor needs.
    func releaseRetired() {
        guard !hasCursors else { return }
        for batch in fields.pointee.retired {
            batch.deinitialize(count: 1)
            batch.deallocate()
        }
        fields.pointee.retired.removeAll()
    }
}
