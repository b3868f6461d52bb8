/// Reads, sees its own writes over what it reads, and commits all of them at once, or nothing.
///
/// What it sees of others that commit meanwhile, and what makes its commit throw `conflict`, is decided by its
/// ``Isolation``: see <doc:Transactions>.
///
/// A transaction belongs to one thread at a time.
///
/// ```swift
/// let transaction = try database.begin()
/// try transaction.put("k", "v")
/// let commit = try transaction.commit()
/// ```
public final class Transaction: Readable {
    let core: DatabaseCore
    private let ticket: SnapshotTracker.Ticket
    let writes: WriteSet
    /// Made by the first read that counts.
    private(set) var reads: ReadSet?
    /// Cursors whose reads count, which say how far they came when they end, or the transaction commits. Each holds the
    /// transaction, and leaves the list before it goes.
    private var trackedCursors: [Unmanaged<RangeCursor>] = []
    private var scanFailure: ScanFailure?
    private(set) var hasEnded = false
    /// Why its own commit lost.
    private(set) var conflict: Conflict?

    /// The commit whose state is read: the newest when the transaction began, or at ``Isolation/readCommitted`` its
    /// latest read.
    public private(set) var timestamp: Timestamp

    /// What it sees of others, and what makes its commit fail.
    public let isolation: Isolation

    /// What it is called in the errors of transactions that conflict with it, and in its own.
    public let label: String?

    /// Which attempt of an enclosing `write` this is, from 1.
    public let attempt: Int

    /// The place among those that go first, after several attempts that lost.
    private let precedence: Precedence.Ticket?

    init(
        core: DatabaseCore, isolation: Isolation, label: String?, attempt: Int = 1,
        ticket precedence: Precedence.Ticket? = nil
    ) throws(StoreError) {
        try core.checkOpen()
        guard core.pipeline != nil else { throw Engine.readOnlyError }
        self.core = core
        self.isolation = isolation
        self.label = label
        self.attempt = attempt
        self.precedence = precedence
        writes = WriteSet()
        let opened = core.openSnapshot(isWriter: isolation != .readCommitted)
        ticket = opened.ticket
        timestamp = opened.timestamp
    }

    deinit {
        end()
        writes.deallocate()
        reads?.deallocate()
    }

    /// - Parameter isCommitted: Whether the large values that it wrote are, or may be, the store's.
    private func end(isCommitted: Bool = false) {
        guard !hasEnded else { return }
        hasEnded = true
        if writes.hasLargeValues { writes.endLargeValues(isCommitted: isCommitted, core.giveBack) }
        core.closeSnapshot(ticket, at: timestamp)
    }

    func checkActive() throws(StoreError) {
        guard !hasEnded else {
            throw StoreError(
                .closed, "The transaction has ended.", remedy: "Begin a new one; nothing of this call was done.")
        }
    }

    // MARK: Reading

    /// The value of a key: see ``Readable/get(_:)``. The transaction's own writes are seen.
    @inlinable
    public func get(_ key: some ByteSource) throws(StoreError) -> [UInt8]? {
        try key.withBytes { key throws(StoreError) in try value(of: key) }
    }

    /// Lends the value of a key: see ``Readable/withValue(_:_:)``.
    @inlinable
    public func withValue<R>(_ key: some ByteSource, _ body: (RawSpan) throws -> R) throws -> R? {
        try withUnsafeTemporaryAllocation(byteCount: ValueCopy.stackBytes, alignment: 16) { target in
            let copy = try key.withBytes { key throws(StoreError) in try copyValue(of: key, to: target) }
            return try copy?.lend(from: target, to: body)
        }
    }

    @usableFromInline
    func value(of key: RawSpan, isGuarded: Bool = true) throws(StoreError) -> [UInt8]? {
        try checkActive()
        return try key.withUnsafeBytes { key throws(StoreError) in
            try find(BorrowedBytes(key), isGuarded: isGuarded, { $0.array }, large: { $0 })
        }
    }

    @usableFromInline
    func copyValue(
        of key: RawSpan, to target: UnsafeMutableRawBufferPointer, isGuarded: Bool = true
    ) throws(StoreError) -> ValueCopy? {
        try checkActive()
        return try key.withUnsafeBytes { key throws(StoreError) in
            try find(
                BorrowedBytes(key), isGuarded: isGuarded, { ValueCopy($0, target: target) },
                large: { ValueCopy(large: $0) })
        }
    }

    @inline(__always)
    private func find<R>(
        _ key: BorrowedBytes, isGuarded: Bool, _ body: (BorrowedBytes) -> R, large: ([UInt8]) -> R
    ) throws(StoreError) -> R? {
        if let own = writes.find(key) {
            try core.checkOpen()
            if writes.hasMutations, let pending = writes.pendingEntry(of: key) {
                return try mutatedValue(of: key, pending, isGuarded: isGuarded).map(large)
            }
            if own.kind == .value { return body(own.value) }
            return own.kind == .largeValue ? large(try core.ownLargeValue(own.value, of: key)) : nil
        }
        return try findCommitted(key, isGuarded: isGuarded, body, large: large)
    }

    /// What others have committed, as this transaction reads it.
    @inline(__always)
    func findCommitted<R>(
        _ key: BorrowedBytes, isGuarded: Bool, _ body: (BorrowedBytes) -> R, large: ([UInt8]) -> R
    ) throws(StoreError) -> R? {
        let hash = xxh3(key)
        switch isolation {
        case .serializable: if isGuarded { try track(key, hash: hash) }
        case .snapshot: break
        case .readCommitted: timestamp = core.moveSnapshot(ticket, from: timestamp)
        }
        return try core.find(key, hash: hash, at: timestamp, body, large: large)
    }

    /// The entries of a range as a sequence: see ``Readable/scan(_:reverse:limit:)``. It shows the writes that the
    /// transaction made before the iteration began.
    public func scan(_ range: KeyRange, reverse: Bool, limit: Int?) -> Scan {
        scan(range, reverse: reverse, limit: limit, isGuarded: true)
    }

    func scan(_ range: KeyRange, reverse: Bool, limit: Int?, isGuarded: Bool) -> Scan {
        let failure = scanFailure ?? ScanFailure()
        scanFailure = failure
        return Scan(range: range, reverse: reverse, limit: limit, failure: failure) { () throws(StoreError) in
            try self.cursor(range, isGuarded: isGuarded)
        }
    }

    /// Calls `body` with each entry of a range: see ``Readable/forEach(_:reverse:_:)``. It shows the writes that the
    /// transaction made before the call.
    public func forEach(_ range: KeyRange, reverse: Bool, _ body: (RawSpan, RawSpan) throws -> Bool) throws {
        try cursor(range, isGuarded: true).forEach(reverse: reverse, body)
    }

    func cursor(_ range: KeyRange, isGuarded: Bool) throws(StoreError) -> RangeCursor {
        try checkActive()
        if isolation == .readCommitted { timestamp = core.moveSnapshot(ticket, from: timestamp) }
        let isTracked = isGuarded && isolation == .serializable
        if isTracked { try checkBudget(adding: range.lowerBound.count + (range.upperBound?.count ?? 0)) }
        return try core.cursor(
            for: self, at: timestamp, range: range, ownWrites: writes, tracker: isTracked ? self : nil)
    }

    // MARK: What the commit depends on

    private func track(_ key: BorrowedBytes, hash: UInt64) throws(StoreError) {
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
        guard !hasEnded, let consumed = cursor.consumed else { return }
        readSet.insert(consumed)
    }

    /// What must not have changed for the commit to succeed.
    private func conflictSet() -> ConflictSet? {
        for cursor in trackedCursors {
            if let consumed = cursor._withUnsafeGuaranteedRef({ $0.consumed }) { readSet.insert(consumed) }
        }
        reads?.seal()
        let guarded = reads.flatMap { $0.isEmpty ? nil : $0 }
        switch isolation {
        case .readCommitted: return nil
        case .snapshot: return ConflictSet(reads: guarded, writes: writes)
        case .serializable: return guarded.map { ConflictSet(reads: $0, writes: nil) }
        }
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
        readSet.insert(range)
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
    private func checkBudget(adding bytes: Int) throws(StoreError) {
        let limit = core.configuration.maximumTransactionBytes
        guard (reads?.cost ?? 0) + bytes + writes.byteCount > limit else { return }
        throw StoreError(
            .tooLarge, "The transaction would depend on reads of more than \(limit) bytes, its writes included.",
            remedy: "Read through `unguarded` what need not be checked, commit in parts, or raise "
                + "Configuration.maximumTransactionBytes; nothing of this call was done.")
    }

    func checkScans() throws(StoreError) { try scanFailure?.check() }

    // MARK: Writing

    /// Gives a key a value, when the transaction commits.
    ///
    /// - Parameters:
    ///   - key: At most ``Limits/maximumKeyBytes``; may be empty.
    ///   - value: At most ``Limits/maximumValueBytes``; may be empty.
    /// - Throws: `tooLarge`, with the transaction unchanged; `closed`. For a value over ``Limits/largeValueBytes``, which is
    ///   written to the file at once, `diskFull`, `io` and `poisoned` too, likewise.
    /// - Complexity: O(bytes of key and value).
    @inlinable
    public func put(_ key: some ByteSource, _ value: some ByteSource) throws(StoreError) {
        try key.withBytes { key throws(StoreError) in
            try value.withBytes { value throws(StoreError) in try put(key: key, value: value) }
        }
    }

    @usableFromInline
    func put(key: RawSpan, value: RawSpan) throws(StoreError) {
        try checkActive()
        let isLarge = core.isLarge(value.byteCount)
        try checkSizes(
            key: key.byteCount, value: value.byteCount,
            inBatch: isLarge ? LargeValueReference.encodedBytes : value.byteCount)
        try key.withUnsafeBytes { key throws(StoreError) in
            try value.withUnsafeBytes { value throws(StoreError) in
                if isLarge {
                    writes.put(key: BorrowedBytes(key), large: try core.writeLargeValue(BorrowedBytes(value)))
                } else {
                    writes.put(key: BorrowedBytes(key), value: BorrowedBytes(value))
                }
            }
        }
        if writes.hasLargeValues { writes.releaseSuperseded(core.giveBack) }
    }

    /// Takes a key's value away, when the transaction commits. A key without a value may be deleted too.
    ///
    /// - Parameter key: At most ``Limits/maximumKeyBytes``.
    /// - Throws: `tooLarge`, with the transaction unchanged; `closed`.
    /// - Complexity: O(bytes of the key).
    @inlinable
    public func delete(_ key: some ByteSource) throws(StoreError) {
        try key.withBytes { key throws(StoreError) in try delete(key: key) }
    }

    @usableFromInline
    func delete(key: RawSpan) throws(StoreError) {
        try checkActive()
        try checkSizes(key: key.byteCount, value: 0, inBatch: 0)
        key.withUnsafeBytes { writes.delete(key: BorrowedBytes($0)) }
        if writes.hasLargeValues { writes.releaseSuperseded(core.giveBack) }
    }

    /// Takes the values of all keys of a range away, when the transaction commits, at the cost of one write.
    ///
    /// It counts for keys that others add to the range meanwhile too: at ``Isolation/snapshot``, a change of any key in it
    /// since the transaction began is a conflict. What the transaction wrote in the range before is forgotten, or, as long as there is a
    /// savepoint, kept to be brought back, and counted against ``Configuration/maximumTransactionBytes``. What it writes
    /// there later stays. An empty range is left alone.
    ///
    /// ```swift
    /// try database.write { t in
    ///     try t.deleteRange(KeyRange(prefix: "session/"))
    ///     try t.put("session/1", "new")
    /// }
    /// ```
    ///
    /// - Parameter range: Bounds of at most ``Limits/maximumKeyBytes`` + 1 bytes each.
    /// - Throws: `tooLarge`, with the transaction unchanged; `closed`.
    /// - Complexity: O(what the transaction has written so far), whatever the number of keys in the range. The space
    ///   that they take comes free as compactions come by.
    public func deleteRange(_ range: KeyRange) throws(StoreError) {
        try checkActive()
        let longest = max(range.lowerBound.count, range.upperBound?.count ?? 0)
        guard longest <= Limits.maximumKeyBytes + 1 else {
            throw StoreError(
                .tooLarge,
                "A bound of \(longest) bytes is over the limit of \(Limits.maximumKeyBytes + 1).",
                remedy: "Use a shorter bound; nothing of this call was done.")
        }
        guard let deleted = range.withKeysForBounds else { return }
        let upperBytes = deleted.upperBound?.count ?? 0
        try checkSizes(key: deleted.lowerBound.count, value: upperBytes, inBatch: upperBytes)
        writes.deleteRange(deleted)
        if writes.hasLargeValues { writes.releaseSuperseded(core.giveBack) }
    }

    func checkSizes(key: Int, value: Int, inBatch: Int) throws(StoreError) {
        guard key <= Limits.maximumKeyBytes else {
            throw StoreError(
                .tooLarge, "A key of \(key) bytes is over the limit of \(Limits.maximumKeyBytes).",
                remedy: "Use a shorter key; nothing of this call was done.")
        }
        guard value <= Limits.maximumValueBytes else {
            throw StoreError(
                .tooLarge, "A value of \(value) bytes is over the limit of \(Limits.maximumValueBytes).",
                remedy: "Split it over several keys; nothing of this call was done.")
        }
        let limit = core.configuration.maximumTransactionBytes
        guard writes.byteCount + key + inBatch + (reads?.cost ?? 0) <= limit else {
            throw StoreError(
                .tooLarge, "The transaction would write more than \(limit) bytes, what its reads take included.",
                remedy: "Commit in parts, or raise Configuration.maximumTransactionBytes.")
        }
    }

    // MARK: Ending

    /// Commits everything that was written and ends the transaction.
    ///
    /// A transaction that wrote nothing always succeeds.
    ///
    /// - Parameter durability: What the commit has survived on return; `nil` for what the configuration says.
    /// - Returns: The commit's timestamp; of a transaction that wrote nothing, the one that it read at.
    /// - Throws: `conflict` when another commit changed, since this transaction began, something that it rests on: at
    ///   ``Isolation/serializable`` what it read, at ``Isolation/snapshot`` a key that it wrote, or something in a range
    ///   that it deletes, and at both what it was told to depend on; `diskFull`,
    ///   `poisoned` or `closed`, when nothing was committed; `io` or `corrupt`, likewise, when there is no memory, it
    ///   cannot be read whether there is a conflict or what a mutation applies to, or damaged tables leave no place to
    ///   flush to; `outcomeUnknown` when the device failed halfway: after reopening, all of it is there or nothing.
    /// - Complexity: O(bytes written), and one probe for each key that is checked. For each range, a look at what is in
    ///   memory of it, and at blocks of tables that are newer than the transaction.
    @discardableResult
    public func commit(durability: Durability? = nil) throws(StoreError) -> Timestamp {
        try checkActive()
        defer { end() }
        try checkScans()
        guard !writes.isEmpty else {
            try core.checkOpen()
            return timestamp
        }
        writes.seal()
        if writes.hasLargeValues { writes.eraseSuperseded(core.giveBack) }
        let order = DatabaseCore.CommitOrder(
            writes: writes, conflictSet: conflictSet(), start: timestamp,
            isDurable: (durability ?? core.configuration.durability) == .sync, label: label,
            ticket: precedence)
        do throws(StoreError) {
            let committed = try core.commit(order)
            end(isCommitted: true)
            return committed
        } catch {
            // A commit that may survive may name its extents.
            if error.code == .outcomeUnknown { end(isCommitted: true) }
            conflict = error.conflict
            throw error
        }
    }

    /// Forgets everything that was written and ends the transaction. Does nothing if it has ended.
    public func rollback() { end() }
}
