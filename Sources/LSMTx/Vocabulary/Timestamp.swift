/// The place of a commit in the one order of all commits.
///
/// Timestamps are a 64-bit counter, not a time: 0 is the empty database, and every commit gets the next one.
/// They are dense, except that opening a file that was not closed skips ahead, so that a timestamp which a lost
/// commit once had is never given again.
///
/// ```swift
/// let before = database.timestamp
/// try database.write { t in try t.put("k", "v") }
/// precondition(before < database.timestamp)
/// ```
public struct Timestamp: Comparable, Hashable, Sendable, Codable {
    /// The counter.
    public let rawValue: UInt64

    /// Makes a timestamp from its counter.
    ///
    /// - Parameter rawValue: The counter.
    @inlinable
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Before every commit.
    public static let zero = Timestamp(rawValue: 0)

    /// Whether `a` was committed before `b`.
    ///
    /// - Parameters:
    ///   - a: A timestamp of a store.
    ///   - b: Another timestamp of the same store.
    /// - Returns: Whether `a` comes first in the order of commits.
    @inlinable
    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.rawValue < b.rawValue }
}

extension Timestamp: CustomStringConvertible {
    /// The counter in decimal.
    public var description: String { String(rawValue) }
}

extension Timestamp {
    /// After every commit that can ever happen: reads the newest version of everything.
    package static let max = Timestamp(rawValue: .max)

    /// How far the counter skips when a file is opened that was not closed: more than any number of commits that
    /// could have been buffered and lost.
    package static let uncleanOpenSkip: UInt64 = 1 << 24

    package func advanced(by count: UInt64) -> Timestamp { Timestamp(rawValue: rawValue + count) }
}

extension Timestamp {
    /// The length of a versionstamp.
    package static let versionstampBytes = 10

    /// The timestamp as ten bytes that are in order as the commits are: the counter, big-endian, and two zero bytes.
    ///
    /// It is what ``Mutation/versionstamped(_:at:)`` and ``Transaction/put(versionstampedKey:at:_:)`` put in place.
    ///
    /// ```swift
    /// let transaction = try database.begin()
    /// try transaction.mutate("latest", .versionstamped([UInt8](repeating: 0, count: 10), at: 0))
    /// let committed = try transaction.commit()
    /// let latest = try database.read { try $0.get("latest") }
    /// precondition(latest == committed.versionstamp)
    /// ```
    public var versionstamp: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.versionstampBytes) { bytes, count in
            writeVersionstamp(to: UnsafeMutableRawPointer(bytes.baseAddress.unsafelyUnwrapped))
            count = Self.versionstampBytes
        }
    }

    /// Writes ``versionstampBytes`` bytes.
    package func writeVersionstamp(to target: UnsafeMutableRawPointer) {
        target.storeBytes(of: rawValue.bigEndian, as: UInt64.self)
        target.storeBytes(of: 0, toByteOffset: 8, as: UInt16.self)
    }
}
