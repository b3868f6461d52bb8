/// What a transaction's commit depends on: what it read, and what it was told to guard.
extension Transaction {
    func track(_ key: BorrowedBytes, hash: UInt64) throws(StoreError) {
        try checkBudget(adding: key.count)
        readSet.insert(key, hash: hash)
    }

    private var readSet: ReadSet {
        if let reads { return reads }
        let made = ReadSet()
        reads = made
        return made
    }

    func beginTracking(_ cursor: RangeCursor) { trackedCursors.append(.passUnretained(cursor)) }

    /// The cursor ends: what it has consumed is known.
    func endTracking(_ cursor: RangeCursor) {
        trackedCursors.removeAll { $0.toOpaque() == Unmanaged.passUnretained(cursor).toOpaque() }
        noteConsumed(by: cursor)
    }

    /// The cursor ends, or turns to another place.
    func noteConsumed(by cursor: RangeCursor) {
        guard !hasEnded, let consumed = cursor.consumed else { return }
        insert(consumed)
    }

    /// What must not have changed for the commit to succeed.
    func conflictSet() -> ConflictSet? {
        for cursor in trackedCursors {
            if let consumed = cursor._withUnsafeGuaranteedRef({ $0.consumed }) { insert(consumed) }
        }
        reads?.seal()
        let guarded = reads.flatMap { $0.isEmpty ? nil : $0 }
        switch isolation {
        case .readCommitted: return nil
        case .snapshot: return ConflictSet(reads: guarded, writes: has(.skipWriteConflicts) ? nil : writes)
        case .serializable where has(.skipReadValidation): return nil
        case .serializable where has(.validateBlindWrites): return ConflictSet(reads: guarded, writes: writes)
        case .serializable: return guarded.map { ConflictSet(reads: $0, writes: nil) }
        }
    }

    private func insert(_ range: KeyRange) {
        guard !has(.trackYieldedKeys) else { return }
        let end = range.upperBound.map { has(.includeHighBound) ? $0 + [0] : $0 }
        readSet.insert(has(.includeHighBound) ? KeyRange(from: range.lowerBound, upTo: end) : range)
    }

    /// What a cursor with ``SeededFaults/trackYieldedKeys`` has come to.
    func noteYielded(_ key: BorrowedBytes) { readSet.insert(key, hash: xxh3(key)) }

    func forgetReads() {
        reads?.deallocate()
        reads = nil
    }

    /// Reads on which the commit does not depend, as of the same state: for what need not be exact, or is checked in
    /// another way.
    public var unguarded: UnguardedReads { UnguardedReads(self) }

    /// Makes the commit depend on a range: it fails when another transaction changes anything in it before. As a scan of
    /// the range does at ``Isolation/serializable``, without reading it; at ``Isolation/snapshot``, where reads are not
    /// checked, it guards what a decision rests on.
    ///
    /// ```swift
    /// try database.write(.snapshot) { t in
    ///     let slot = KeyRange(prefix: "booking/room 3/")
    ///     try t.addReadConflict(slot)
    ///     guard t.scan(slot).first(where: { _ in true }) == nil else { return }
    ///     try t.put("booking/room 3/10:00", "Ada")
    /// }
    /// ```
    ///
    /// - Parameter range: The keys; an empty range is left alone.
    /// - Throws: `misuse` at ``Isolation/readCommitted``, where commits depend on nothing; `tooLarge`; `closed`.
    /// - Complexity: As a scan of the range, when the transaction commits.
    public func addReadConflict(_ range: KeyRange) throws(StoreError) {
        try checkActive()
        try checkGuards()
        try checkBudget(adding: range.lowerBound.count + (range.upperBound?.count ?? 0))
        if !has(.ignoreGuards) { readSet.insert(range) }
    }

    /// Makes the commit depend on a key: it fails when another transaction changes it before, or adds it.
    ///
    /// ```swift
    /// try database.write(.snapshot) { t in
    ///     try t.addReadConflict(key: "on call/Grace")
    ///     if try t.get("on call/Grace") != nil { try t.delete("on call/Ada") }
    /// }
    /// ```
    ///
    /// - Parameter key: At most ``Limits/maximumKeyBytes``; a longer one cannot change.
    /// - Throws: `misuse` at ``Isolation/readCommitted``, where commits depend on nothing; `tooLarge`; `closed`.
    /// - Complexity: As a read of the key, when the transaction commits.
    @inlinable
    public func addReadConflict(key: some ByteSource) throws(StoreError) {
        try key.withBytes { key throws(StoreError) in try guardKey(key) }
    }

    @usableFromInline
    func guardKey(_ key: RawSpan) throws(StoreError) {
        try checkActive()
        try checkGuards()
        guard !has(.ignoreGuards) else { return }
        try key.withUnsafeBytes { key throws(StoreError) in
            try track(BorrowedBytes(key), hash: xxh3(BorrowedBytes(key)))
        }
    }

    private func checkGuards() throws(StoreError) {
        guard isolation == .readCommitted else { return }
        throw StoreError(
            .misuse, "A commit at read committed depends on nothing that was read.",
            remedy: "Use the level snapshot or serializable.")
    }

    /// Throws when the transaction would remember more than its budget.
    func checkBudget(adding bytes: Int) throws(StoreError) {
        let limit = core.configuration.maximumTransactionBytes
        guard (reads?.cost ?? 0) + bytes + writes.byteCount > limit else { return }
        throw StoreError(
            .tooLarge, "The transaction would depend on reads of more than \(limit) bytes, its writes included.",
            remedy: "Read through `unguarded` what need not be checked, commit in parts, or raise "
                + "Configuration.maximumTransactionBytes; nothing of this call was done.")
    }

    func isThere(_ key: BorrowedBytes, hash: UInt64) throws(StoreError) -> Bool {
        try core.find(key, hash: hash, at: timestamp, { _ in true }, large: { _ in true }) != nil
    }
}
