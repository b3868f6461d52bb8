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
    var reads: ReadSet?
    /// Cursors whose reads count, which say how far they came when they end, or the transaction commits. Each holds the
    /// transaction, and leaves the list before it goes.
    var trackedCursors: [Unmanaged<RangeCursor>] = []
    private var scanFailure: ScanFailure?
    private(set) var hasEnded = false
    /// At read committed: whether the read that is under way goes on at the timestamp that it has begun at.
    private var isWithinStatement = false
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

    /// Of the asynchronous call that it is part of.
    private let cancellation: Cancellation?

    init(
        core: DatabaseCore, isolation: Isolation, label: String?, attempt: Int = 1,
        ticket precedence: Precedence.Ticket? = nil, cancellation: Cancellation? = nil
    ) throws(StoreError) {
        try core.checkOpen()
        guard core.pipeline != nil else { throw Engine.readOnlyError }
        self.core = core
        self.isolation = isolation
        self.label = label
        self.attempt = attempt
        self.precedence = precedence
        self.cancellation = cancellation
        writes = WriteSet()
        let opened = core.openSnapshot(isWriter: isolation != .readCommitted)
        ticket = opened.ticket
        let isReused = core.engine.options.seededFaults.has(.reuseReadTimestamp)
        timestamp = isReused ? Timestamp(rawValue: max(1, opened.timestamp.rawValue) - 1) : opened.timestamp
    }

    deinit {
        end()
        writes.deallocate()
        reads?.deallocate()
    }

    /// - Parameter isCommitted: Whether what it wrote is, or may be, the store's.
    private func end(isCommitted: Bool = false) {
        guard !hasEnded else { return }
        hasEnded = true
        if isCommitted { cancellation?.settle() }
        if writes.hasLargeValues { writes.endLargeValues(isCommitted: isCommitted, core.giveBack) }
        core.closeSnapshot(ticket, at: timestamp)
    }

    func checkActive() throws(StoreError) {
        guard !hasEnded else {
            throw StoreError(
                .closed, "The transaction has ended.", remedy: "Begin a new one; nothing of this call was done.")
        }
        if let cancellation { try cancellation.check() }
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

    /// - Parameter hash: `xxh3(key)`, where it is known; else it is worked out when it is needed.
    @inline(__always)
    func find<R>(
        _ key: BorrowedBytes, hash: UInt64? = nil, isGuarded: Bool, _ body: (BorrowedBytes) -> R,
        large: ([UInt8]) -> R
    ) throws(StoreError) -> R? {
        if let own = writes.find(key) {
            try core.checkOpen()
            if writes.hasMutations, let pending = writes.pendingEntry(of: key) {
                return try mutatedValue(of: key, pending, isGuarded: isGuarded).map(large)
            }
            if own.kind == .value { return body(own.value) }
            return own.kind == .largeValue ? large(try core.ownLargeValue(own.value, of: key)) : nil
        }
        return try findCommitted(key, hash: hash, isGuarded: isGuarded, body, large: large)
    }

    /// What others have committed, as this transaction reads it.
    @inline(__always)
    func findCommitted<R>(
        _ key: BorrowedBytes, hash: UInt64? = nil, isGuarded: Bool, _ body: (BorrowedBytes) -> R,
        large: ([UInt8]) -> R
    ) throws(StoreError) -> R? {
        let hash = hash ?? xxh3(key)
        switch isolation {
        case .serializable:
            let counts = has(.forgetAbsentKeys) ? try isThere(key, hash: hash) : true
            if isGuarded, counts { try track(key, hash: hash) }
        case .snapshot: break
        case .readCommitted: moveToNewest()
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
            try self.walk(range, isGuarded: isGuarded)
        }
    }

    /// Calls `body` with each entry of a range: see ``Readable/forEach(_:reverse:_:)``. It shows the writes that the
    /// transaction made before the call.
    public func forEach(_ range: KeyRange, reverse: Bool, _ body: (RawSpan, RawSpan) throws -> Bool) throws {
        try walk(range, isGuarded: true).forEach(reverse: reverse, body)
    }

    func walk(_ range: KeyRange, isGuarded: Bool) throws(StoreError) -> RangeCursor {
        try checkActive()
        if isolation == .readCommitted { moveToNewest() }
        let isTracked = isGuarded && isolation == .serializable
        if isTracked { try checkBudget(adding: range.lowerBound.count + (range.upperBound?.count ?? 0)) }
        return try core.cursor(
            for: self, at: has(.scanNewest) ? core.engine.publishedTimestamp : timestamp, range: range,
            ownWrites: has(.hideOwnWritesFromScans) ? nil : writes, tracker: isTracked ? self : nil,
            cancellation: cancellation)
    }

    /// At read committed, each statement reads at a timestamp of its own.
    private func moveToNewest() {
        guard !isWithinStatement, !has(.keepStatementTimestamp) else { return }
        timestamp = core.moveSnapshot(ticket, from: timestamp)
    }

    /// Calls `body`, all of whose reads are one statement.
    func withinStatement<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        if isolation == .readCommitted { moveToNewest() }
        isWithinStatement = true
        defer { isWithinStatement = false }
        return try body()
    }

    @inline(__always)
    func has(_ fault: SeededFaults) -> Bool { core.engine.options.seededFaults.has(fault) }

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
    /// A transaction that wrote nothing always succeeds. It blocks the thread until the commit is as durable as it is to be.
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
            isDurable: (durability ?? core.configuration.durability) == .sync && !has(.acknowledgeBeforeSync),
            label: label, ticket: precedence, cancellation: cancellation)
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
