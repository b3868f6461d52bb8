#if Foundation

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension PointInTime {
    /// What was committed by a date, as the clock then said it: see ``unixTime(milliseconds:)``.
    ///
    /// ```swift
    /// let names = try database.read(at: .date(Date())) { $0.scan(KeyRange(prefix: "user/")).count { _ in true } }
    /// ```
    ///
    /// - Parameter date: The date. One that no clock shows is taken for the first or the last that one does.
    /// - Returns: The point in time.
    public static func date(_ date: Date) -> PointInTime { .unixTime(milliseconds: date.unixMilliseconds) }
}

extension Database {
    /// The newest timestamp that was committed by a date: see ``timestamp(atUnixTime:)``.
    ///
    /// - Parameter date: The date.
    /// - Returns: The timestamp, which may be older than what can be read; zero for a date before all that is known.
    /// - Throws: `closed`.
    /// - Complexity: O(log n) in the times that are known.
    public func timestamp(at date: Date) throws(StoreError) -> Timestamp {
        try timestamp(atUnixTime: date.unixMilliseconds)
    }

    /// When a timestamp was committed: see ``unixTime(of:)``.
    ///
    /// ```swift
    /// let committed = try database.date(of: database.timestamp)
    /// ```
    ///
    /// - Parameter timestamp: A timestamp of this store.
    /// - Returns: The date, or `nil` for a timestamp older than all that is known.
    /// - Throws: `closed`.
    /// - Complexity: O(log n) in the times that are known.
    public func date(of timestamp: Timestamp) throws(StoreError) -> Date? {
        try unixTime(of: timestamp).map { Date(unixMilliseconds: $0) }
    }
}

extension KeyVersion {
    /// When it was committed, as far as it is known: see ``unixTime``.
    public var date: Date? { unixTime.map { Date(unixMilliseconds: $0) } }
}

extension NamedSnapshot {
    /// When the name was given.
    public var creationDate: Date { Date(unixMilliseconds: createdAt) }
}

extension Date {
    init(unixMilliseconds milliseconds: Int64) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }

    /// Whole milliseconds since 1970; the nearest that there is for what lies outside of them.
    var unixMilliseconds: Int64 {
        // A date counts from 2001, as a fraction: that of a millisecond of 1970 lies up to 0.0001 before it.
        let milliseconds = (timeIntervalSince1970 * 1000 + 0.0005).rounded(.down)
        if let exact = Int64(exactly: milliseconds) { return exact }
        return milliseconds > 0 ? .max : .min
    }
}

#endif
