/// Reads of a transaction on which its commit does not depend: see ``Transaction/unguarded``.
///
/// They see what the transaction's own reads see, its writes included.
///
/// ```swift
/// try database.write { t in
///     let members = t.unguarded.scan(KeyRange(prefix: "member/")).count { _ in true }
///     try t.put("about how many members", String(members))
/// }
/// ```
public final class UnguardedReads: Readable {
    let transaction: Transaction

    init(_ transaction: Transaction) { self.transaction = transaction }

    /// The commit whose state is read: see ``Transaction/timestamp``.
    public var timestamp: Timestamp { transaction.timestamp }

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
    func value(of key: RawSpan) throws(StoreError) -> [UInt8]? { try transaction.value(of: key, isGuarded: false) }

    @usableFromInline
    func copyValue(of key: RawSpan, to target: UnsafeMutableRawBufferPointer) throws(StoreError) -> ValueCopy? {
        try transaction.copyValue(of: key, to: target, isGuarded: false)
    }

    /// The entries of a range as a sequence: see ``Readable/scan(_:reverse:limit:)``.
    public func scan(_ range: KeyRange, reverse: Bool, limit: Int?) -> Scan {
        transaction.scan(range, reverse: reverse, limit: limit, isGuarded: false)
    }

    /// Calls `body` with each entry of a range: see ``Readable/forEach(_:reverse:_:)``.
    public func forEach(_ range: KeyRange, reverse: Bool, _ body: (RawSpan, RawSpan) throws -> Bool) throws {
        try transaction.walk(range, isGuarded: false).forEach(reverse: reverse, body)
    }
}
