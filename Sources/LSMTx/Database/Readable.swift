/// What snapshots and transactions have in common: reading everything as of one timestamp.
///
/// ```swift
/// func total(_ source: some Readable) throws -> Int {
///     var sum = 0
///     try source.forEach(KeyRange(prefix: "amount/"), reverse: false) { _, value in
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
    func get(_ key: some ByteSource) throws(StoreError) -> [UInt8]?

    /// Lends the value of a key, without making an array of it.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - body: Receives the value, which is valid until it returns.
    /// - Returns: What `body` returns, or `nil` when the key has no value.
    /// - Throws: As ``get(_:)``, and what `body` throws.
    func withValue<R>(_ key: some ByteSource, _ body: (RawSpan) throws -> R) throws -> R?

    /// The entries of a range, as a sequence of copies.
    ///
    /// A sequence cannot throw: an error ends it early, and is thrown by the enclosing `read` or `write`, or by the
    /// transaction's `commit`. Use ``forEach(_:reverse:_:)`` to have it thrown at once.
    ///
    /// - Parameters:
    ///   - range: The keys.
    ///   - reverse: From the last key to the first.
    ///   - limit: At most so many entries; `nil` for no limit.
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
    public func scan() -> Scan { scan(.all, reverse: false, limit: nil) }

    /// The entries of a range in key order.
    public func scan(_ range: KeyRange) -> Scan { scan(range, reverse: false, limit: nil) }

    /// The entries of a range in key order, or against it.
    public func scan(_ range: KeyRange, reverse: Bool) -> Scan { scan(range, reverse: reverse, limit: nil) }

    /// The entries of a range in key order, at most `limit` of them.
    public func scan(_ range: KeyRange, limit: Int?) -> Scan { scan(range, reverse: false, limit: limit) }

    /// Calls `body` with each entry of a range in key order, without copying.
    public func forEach(_ range: KeyRange, _ body: (RawSpan, RawSpan) throws -> Bool) throws {
        try forEach(range, reverse: false, body)
    }
}

/// A key and its value.
public struct Entry: Sendable, Hashable {
    /// The key.
    public let key: [UInt8]
    /// The value.
    public let value: [UInt8]

    /// Makes an entry.
    public init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }
}
