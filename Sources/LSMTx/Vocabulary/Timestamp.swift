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
