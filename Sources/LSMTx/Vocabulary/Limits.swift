/// The sizes that the store accepts.
///
/// ```swift
/// precondition(key.utf8.count <= Limits.maximumKeyBytes)
/// ```
public enum Limits {
    /// The longest key, in bytes. The shortest is the empty key.
    public static let maximumKeyBytes = 65_535
    /// The longest value, in bytes.
    public static let maximumValueBytes = 1 << 30
    /// A longer value, in bytes, is written to an extent of its own when a transaction is given it, and is never copied
    /// after that.
    public static let largeValueBytes = 64 << 10
    /// The largest file, in bytes.
    public static let maximumFileBytes: UInt64 = 1 << 44
}
