/// The state of the store that is to be read.
///
/// ```swift
/// let before = database.timestamp
/// try database.write { try $0.delete("k") }
/// let value = try database.read(at: .timestamp(before)) { try $0.get("k") }
/// ```
@nonexhaustive public enum PointInTime: Sendable, Hashable {
    /// Everything that is committed.
    case latest
    /// What was committed up to a timestamp.
    case timestamp(Timestamp)
    /// What was committed by a time, in milliseconds since 1970, as the clock then said it. It is known to a tenth of a
    /// second, or for older times to a thousandth of their age.
    case unixTime(milliseconds: Int64)
    /// What a named snapshot holds: see ``Database/createSnapshot(named:at:)-5ws5x``.
    case named(String)
}
