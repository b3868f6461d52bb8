/// Reads everything as of one commit, and its own writes over it; commits all of them at once, or nothing.
///
/// Isolation is snapshot isolation, the only level so far: of two transactions that overlap in time and write the same
/// key, the first to commit wins, and the other's commit throws `conflict`. Reads are not checked.
///
/// A transaction belongs to one thread at a time.
///
/// ```swift
/// let transaction = try database.begin()
/// try transaction.put("k", "v")
/// let commit = try transaction.commit()
/// ```
public final class Transaction: Readable {
    private let core: DatabaseCore
    private let ticket: SnapshotTracker.Ticket
    private let writes: WriteSet
    private var scanFailure: ScanFailure?
    private(set) var hasEnded = false

    /// The commit whose state is read.
    public let timestamp: Timestamp

    /// Which attempt of an enclosing `write` this is, from 1.
    public let attempt: Int

    init(core: DatabaseCore, attempt: Int = 1) throws(StoreError) {
        try core.checkOpen()
        guard core.pipeline != nil else { throw Engine.readOnlyError }
        self.core = core
        self.attempt = attempt
        writes = WriteSet()
        let opened = core.openSnapshot()
        ticket = opened.ticket
        timestamp = opened.timestamp
    }

    deinit {
        end()
        writes.deallocate()
    }

    private func end() {
        guard !hasEnded else { return }
        hasEnded = true
        core.closeSnapshot(ticket, at: timestamp)
    }

    private func checkActive() throws(StoreError) {
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
    func value(of key: RawSpan) throws(StoreError) -> [UInt8]? {
        try checkActive()
        return try key.withUnsafeBytes { key throws(StoreError) in try find(BorrowedBytes(key)) { $0.array } }
    }

    @usableFromInline
    func copyValue(of key: RawSpan, to target: UnsafeMutableRawBufferPointer) throws(StoreError) -> ValueCopy? {
        try checkActive()
        return try key.withUnsafeBytes { key throws(StoreError) in
            try find(BorrowedBytes(key)) { ValueCopy($0, target: target) }
        }
    }

    @inline(__always)
    private func find<R>(_ key: BorrowedBytes, _ body: (BorrowedBytes) -> R) throws(StoreError) -> R? {
        if let own = writes.find(key) {
            try core.checkOpen()
            return own.kind == .value ? body(own.value) : nil
        }
        return try core.find(key, at: timestamp, body)
    }

    /// The entries of a range as a sequence: see ``Readable/scan(_:reverse:limit:)``. It shows the writes that the
    /// transaction made before the iteration began.
    public func scan(_ range: KeyRange, reverse: Bool, limit: Int?) -> Scan {
        let failure = scanFailure ?? ScanFailure()
        scanFailure = failure
        return Scan(range: range, reverse: reverse, limit: limit, failure: failure) { () throws(StoreError) in
            try self.cursor(range)
        }
    }

    /// Calls `body` with each entry of a range: see ``Readable/forEach(_:reverse:_:)``. It shows the writes that the
    /// transaction made before the call.
    public func forEach(_ range: KeyRange, reverse: Bool, _ body: (RawSpan, RawSpan) throws -> Bool) throws {
        let cursor = try cursor(range)
        try cursor.forEach(reverse: reverse, body)
    }

    private func cursor(_ range: KeyRange) throws(StoreError) -> RangeCursor {
        try checkActive()
        return RangeCursor(
            core: core, owner: self, iterator: try core.iterator(at: timestamp, range: range), range: range,
            ownWrites: writes)
    }

    func checkScans() throws(StoreError) { try scanFailure?.check() }

    // MARK: Writing

    /// Gives a key a value, when the transaction commits.
    ///
    /// - Parameters:
    ///   - key: At most ``Limits/maximumKeyBytes``; may be empty.
    ///   - value: At most ``Limits/maximumValueBytes``; may be empty.
    /// - Throws: `tooLarge`, with the transaction unchanged; `closed`.
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
        try checkSizes(key: key.byteCount, value: value.byteCount)
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { writes.put(key: BorrowedBytes(key), value: BorrowedBytes($0)) }
        }
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
        try checkSizes(key: key.byteCount, value: 0)
        key.withUnsafeBytes { writes.delete(key: BorrowedBytes($0)) }
    }

    private func checkSizes(key: Int, value: Int) throws(StoreError) {
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
        guard writes.byteCount + key + value <= limit else {
            throw StoreError(
                .tooLarge, "The transaction would write more than \(limit) bytes.",
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
    /// - Throws: `conflict` when another commit wrote one of the keys since this transaction began; `diskFull`,
    ///   `poisoned` or `closed`, when nothing was committed; `io` or `corrupt`, likewise, when there is no memory or it
    ///   cannot be read whether there is a conflict; `outcomeUnknown` when the device failed halfway: after reopening,
    ///   all of it is there or nothing.
    /// - Complexity: O(bytes written), and one probe for each key.
    @discardableResult
    public func commit(durability: Durability? = nil) throws(StoreError) -> Timestamp {
        try checkActive()
        defer { end() }
        try checkScans()
        guard !writes.isEmpty else {
            try core.checkOpen()
            return timestamp
        }
        let isDurable = (durability ?? core.configuration.durability) == .sync
        return try core.commit(writes, readAt: timestamp, isDurable: isDurable)
    }

    /// Forgets everything that was written and ends the transaction. Does nothing if it has ended.
    public func rollback() { end() }
}
