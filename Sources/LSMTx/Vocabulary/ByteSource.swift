/// Anything that can lend its bytes: keys and values are given to the store in this form.
///
/// `[UInt8]`, `ArraySlice<UInt8>`, `ContiguousArray<UInt8>`, `String`, `Substring` and their UTF-8 views conform.
///
/// ```swift
/// struct UserID: ByteSource {
///     var raw: UInt64
///     func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
///         var bigEndian = raw.bigEndian
///         let bytes = unsafe withUnsafeBytes(of: &bigEndian) { [UInt8]($0) }
///         return try body(bytes.span.bytes)
///     }
/// }
/// ```
public protocol ByteSource {
    /// Calls `body` with the bytes, which are valid only until it returns.
    ///
    /// - Parameter body: What is done with the bytes.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R
}

extension Array: ByteSource where Element == UInt8 {
    /// Lends the elements: see ``ByteSource/withBytes(_:)``.
    @inlinable
    public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try body(span.bytes)
    }
}

extension ArraySlice: ByteSource where Element == UInt8 {
    /// Lends the elements: see ``ByteSource/withBytes(_:)``.
    @inlinable
    public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try body(span.bytes)
    }
}

extension ContiguousArray: ByteSource where Element == UInt8 {
    /// Lends the elements: see ``ByteSource/withBytes(_:)``.
    @inlinable
    public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try body(span.bytes)
    }
}

extension String: ByteSource {
    /// Lends the UTF-8 code units: see ``ByteSource/withBytes(_:)``.
    @inlinable
    public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try utf8.withBytes(body)
    }
}

extension Substring: ByteSource {
    /// Lends the UTF-8 code units: see ``ByteSource/withBytes(_:)``.
    @inlinable
    public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try utf8.withBytes(body)
    }
}

extension String.UTF8View: ByteSource {
    /// Lends the code units: see ``ByteSource/withBytes(_:)``.
    @inlinable
    public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try body(span.bytes)
    }
}

extension Substring.UTF8View: ByteSource {
    /// Lends the code units: see ``ByteSource/withBytes(_:)``.
    @inlinable
    public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try body(span.bytes)
    }
}
