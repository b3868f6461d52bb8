/// What snapshots and transactions have in common: reading everything as of one timestamp.
///
/// ```swift
/// func bytes(ofValuesIn source: some Readable) throws -> Int {
///     var sum = 0
///     try source.forEach(KeyRange(prefix: "picture/")) { _, value in
///         sum += value.byteCount
///         return true
///     }
///     return sum
/// }
/// ```
public protocol Readable: AnyObject {
    /// The commit whose state is read.
    var timestamp: Timestamp { get }

    /// The value of a key.
    ///
    /// - Parameter key: At most ``Limits/maximumKeyBytes`` long; a longer one has no value.
    /// - Returns: A copy of the value, or `nil` when the key has none.
    /// - Throws: `closed`; `corrupt` or `io` when the block that would have it cannot be read.
    /// - Complexity: O(log n) in the entries of each table whose filter has the key, and at most one block read there.
    func get(_ key: some ByteSource) throws(StoreError) -> [UInt8]?

    /// The values of several keys, all as of one commit.
    ///
    /// At ``Isolation/readCommitted`` too they are read as of one commit, the newest at the time of the call.
    ///
    /// ```swift
    /// let names = try database.read { try $0.get(keys: ["user/1", "user/2", "user/3"]) }
    /// ```
    ///
    /// - Parameter keys: Each at most ``Limits/maximumKeyBytes`` long; a longer one has no value. They may come in any
    ///   order, and more than once.
    /// - Returns: For each of them, in the same order, a copy of its value, or `nil` when the key has none.
    /// - Throws: `closed`; `corrupt` or `io` when the block that would have one of them cannot be read.
    /// - Complexity: As ``get(_:)`` for each, and a copy of the keys. The waits for memory overlap; those for the device
    ///   do not. Of 500,000 keys, 16 and 128 at once take about 0.7 and 0.6 of the time of a loop of ``get(_:)`` in
    ///   memory, and 0.9 of it in tables.
    func get<Key: ByteSource>(keys: some Collection<Key>) throws(StoreError) -> [[UInt8]?]

    /// Lends the value of a key, without making an array of it.
    ///
    /// - Parameters:
    ///   - key: At most ``Limits/maximumKeyBytes`` long; a longer one has no value.
    ///   - body: Receives the value, which is valid until it returns.
    /// - Returns: What `body` returns, or `nil` when the key has no value.
    /// - Throws: As ``get(_:)``, and what `body` throws.
    func withValue<R>(_ key: some ByteSource, _ body: (RawSpan) throws -> R) throws -> R?

    /// The entries of a range, as a sequence of copies.
    ///
    /// A sequence cannot throw: an error ends it early, and is thrown by the enclosing `read` or `write`, or by the
    /// transaction's `commit`. Use ``forEach(_:reverse:_:)`` to have it thrown at once. Nothing encloses a snapshot from
    /// ``Database/snapshot(at:)``: there, ``Snapshot/checkScans()`` throws it.
    ///
    /// - Parameters:
    ///   - range: The keys.
    ///   - reverse: From the last key to the first.
    ///   - limit: At most so many entries, 0 or more; `nil` for no limit.
    /// - Returns: The sequence. Nothing is read before it is iterated.
    /// - Complexity: O(1); iterating, a seek and O(1) for each entry passed over, deleted ones included.
    func scan(_ range: KeyRange, reverse: Bool, limit: Int?) -> Scan

    /// Calls `body` with each entry of a range, without copying.
    ///
    /// - Parameters:
    ///   - range: The keys.
    ///   - reverse: From the last key to the first.
    ///   - body: Receives key and value, valid until it returns; returns `false` to stop.
    /// - Throws: `closed`, `corrupt`, `io`, and what `body` throws.
    /// - Complexity: O(entries visited), after a seek.
    func forEach(_ range: KeyRange, reverse: Bool, _ body: (RawSpan, RawSpan) throws -> Bool) throws
}

extension Readable {
    /// All entries in key order.
    ///
    /// - Returns: The sequence: see ``scan(_:reverse:limit:)``.
    public func scan() -> Scan { scan(.all, reverse: false, limit: nil) }

    /// The entries of a range in key order.
    ///
    /// - Parameter range: The keys.
    /// - Returns: The sequence: see ``scan(_:reverse:limit:)``.
    public func scan(_ range: KeyRange) -> Scan { scan(range, reverse: false, limit: nil) }

    /// The entries of a range in key order, or against it.
    ///
    /// - Parameters:
    ///   - range: The keys.
    ///   - reverse: From the last key to the first.
    /// - Returns: The sequence: see ``scan(_:reverse:limit:)``.
    public func scan(_ range: KeyRange, reverse: Bool) -> Scan { scan(range, reverse: reverse, limit: nil) }

    /// The entries of a range in key order, at most `limit` of them.
    ///
    /// - Parameters:
    ///   - range: The keys.
    ///   - limit: At most so many entries, 0 or more; `nil` for no limit.
    /// - Returns: The sequence: see ``scan(_:reverse:limit:)``.
    public func scan(_ range: KeyRange, limit: Int?) -> Scan { scan(range, reverse: false, limit: limit) }

    /// Calls `body` with each entry of a range in key order, without copying.
    ///
    /// - Parameters:
    ///   - range: The keys.
    ///   - body: Receives key and value, valid until it returns; returns `false` to stop.
    /// - Throws: `closed`, `corrupt`, `io`, and what `body` throws.
    /// - Complexity: O(entries visited), after a seek.
    public func forEach(_ range: KeyRange, _ body: (RawSpan, RawSpan) throws -> Bool) throws {
        try forEach(range, reverse: false, body)
    }
}

/// A key and its value.
///
/// ```swift
/// let newest = try database.read { $0.scan(.all, reverse: true, limit: 1).first { _ in true } }
/// let key = newest.map { String(decoding: $0.key, as: UTF8.self) }
/// ```
public struct Entry: Sendable, Hashable {
    /// The key.
    public let key: [UInt8]
    /// The value.
    public let value: [UInt8]

    /// Makes an entry.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value.
    public init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }
}
