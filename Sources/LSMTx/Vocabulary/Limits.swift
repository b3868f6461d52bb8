/// The sizes that the store accepts.
///
/// ```swift
/// precondition(key.utf8.count <= Limits.maximumKeyBytes)
/// ```
public enum Limits {
    /// The longest key, in bytes. The shortest is the empty key.
    public static let maximumKeyBytes = 65_535
    /// The longest value, in bytes. What one transaction may write, `Configuration.maximumTransactionBytes`, is less.
    public static let maximumValueBytes = 1 << 30
    /// The largest file, in bytes.
    public static let maximumFileBytes: UInt64 = 1 << 44
}
