internal import Synchronization

/// Everything as it was at one commit, for as long as the snapshot is open: see ``Database/snapshot(at:)``.
///
/// Opening one costs nothing to speak of, and it never waits for a writer nor makes one wait. What it sees is kept in
/// the file until it is closed. It may be used from several threads at once.
///
/// ```swift
/// let snapshot = try database.snapshot()
/// defer { snapshot.close() }
/// let value = try snapshot.get("k")
/// ```
public final class Snapshot: Readable, Sendable {
    let core: DatabaseCore
    private let ticket: SnapshotTracker.Ticket
    private let isClosed = Atomic<Bool>(false)
    private let scanFailure = ScanFailure()

    /// The commit whose state is read.
    public let timestamp: Timestamp

    /// Of the asynchronous call that it is part of.
    private let cancellation: Cancellation?

    init(
        core: DatabaseCore, at point: PointInTime = .latest, cancellation: Cancellation? = nil
    ) throws(StoreError) {
        try core.checkOpen()
        self.core = core
        self.cancellation = cancellation
        let opened =
            if case .latest = point { core.openSnapshot() } else { try core.openSnapshot(at: point) }
        ticket = opened.ticket
        timestamp = opened.timestamp
    }

    deinit { close() }

    /// Ends the snapshot: what only it could see may be dropped. Closing again does nothing.
    public func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        core.closeSnapshot(ticket, at: timestamp)
    }

    func checkOpen() throws(StoreError) {
        guard !isClosed.load(ordering: .acquiring) else { throw DatabaseCore.closedError("snapshot") }
        if let cancellation { try cancellation.check() }
    }

    /// Throws when another thread has closed the snapshot since ``checkOpen()``: a compaction may have dropped what it
    /// sees before the view was taken that was read. Whoever sees such a view sees the flag too, which was set before.
    @inline(__always)
    func checkWasOpen() throws(StoreError) {
        guard !isClosed.load(ordering: .relaxed) else { throw DatabaseCore.closedError("snapshot") }
    }

    /// The value of a key: see ``Readable/get(_:)``.
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
        try checkOpen()
        let value = try key.withUnsafeBytes { key throws(StoreError) in
            try core.find(
                BorrowedBytes(key), hash: xxh3(BorrowedBytes(key)), at: timestamp, { $0.array }, large: { $0 })
        }
        try checkWasOpen()
        return value
    }

    @usableFromInline
    func copyValue(of key: RawSpan, to target: UnsafeMutableRawBufferPointer) throws(StoreError) -> ValueCopy? {
        try checkOpen()
        let value = try key.withUnsafeBytes { key throws(StoreError) in
            try core.find(
                BorrowedBytes(key), hash: xxh3(BorrowedBytes(key)), at: timestamp, { ValueCopy($0, target: target) },
                large: { ValueCopy(large: $0) })
        }
        try checkWasOpen()
        return value
    }

    /// The entries of a range as a sequence: see ``Readable/scan(_:reverse:limit:)``.
    public func scan(_ range: KeyRange, reverse: Bool, limit: Int?) -> Scan {
        Scan(range: range, reverse: reverse, limit: limit, failure: scanFailure) { [self] () throws(StoreError) in
            try walk(range)
        }
    }

    /// Calls `body` with each entry of a range: see ``Readable/forEach(_:reverse:_:)``.
    public func forEach(_ range: KeyRange, reverse: Bool, _ body: (RawSpan, RawSpan) throws -> Bool) throws {
        let cursor = try walk(range)
        try cursor.forEach(reverse: reverse, body)
    }

    /// Calls `body` with each key of a range, in order, until it returns `false`. Large values are not read.
    package func forEachKey(_ range: KeyRange, _ body: (RawSpan) throws -> Bool) throws {
        let cursor = try walk(range)
        try cursor.forEachKey(reverse: false, body)
    }

    func walk(_ range: KeyRange) throws(StoreError) -> RangeCursor {
        try checkOpen()
        let cursor = try core.cursor(for: self, at: timestamp, range: range, ownWrites: nil, cancellation: cancellation)
        // The cursor keeps what it reads from now on; before, the snapshot must have been open all the time.
        try checkOpen()
        return cursor
    }

    /// Throws the error that ended a ``Scan`` of this snapshot early, if there was one.
    ///
    /// A sequence cannot throw. `read` does this by itself at its end; a snapshot from ``Database/snapshot(at:)`` has
    /// nobody but you to do it.
    ///
    /// ```swift
    /// let names = snapshot.scan(KeyRange(prefix: "user/")).map { String(decoding: $0.value, as: UTF8.self) }
    /// try snapshot.checkScans()  // So these are all.
    /// ```
    ///
    /// - Throws: The first such error, such as `corrupt` or `io`, at every call.
    /// - Complexity: O(1).
    public func checkScans() throws(StoreError) { try scanFailure.check() }
}
