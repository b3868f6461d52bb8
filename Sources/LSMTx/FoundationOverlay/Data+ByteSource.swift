#if Foundation

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Data: ByteSource {
    /// Lends the bytes: see ``ByteSource/withBytes(_:)``.
    ///
    /// ```swift
    /// try database.write { try $0.put(Data([1, 2]), Data("Ada".utf8)) }
    /// ```
    public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try body(bytes)
    }
}

extension Readable {
    /// The value of a key, as `Data`.
    ///
    /// ```swift
    /// let picture = try database.read { try $0.data(for: "picture/1") }
    /// ```
    ///
    /// - Parameter key: At most ``Limits/maximumKeyBytes`` long; a longer one has no value.
    /// - Returns: A copy of the value, or `nil` when the key has none.
    /// - Throws: `closed`; `corrupt` or `io` when the block that would have it cannot be read.
    /// - Complexity: As ``get(_:)``.
    public func data(for key: some ByteSource) throws -> Data? {
        try withValue(key) { value in value.withUnsafeBytes { Data($0) } }
    }
}

#endif
