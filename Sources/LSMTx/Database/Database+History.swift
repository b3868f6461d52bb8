/// What a key was set to at one commit.
///
/// ```swift
/// for version in try database.history(of: "user/1", limit: 10) {
///     let text = version.value.map { String(decoding: $0, as: UTF8.self) } ?? "deleted"
///     print(version.timestamp, version.unixTime ?? 0, text)
/// }
/// ```
public struct KeyVersion: Sendable, Hashable {
    /// The commit.
    public let timestamp: Timestamp
    /// The value, or `nil` when the commit deleted the key.
    public let value: [UInt8]?
    /// When it was committed, in milliseconds since 1970, as far as it is known: see ``Database/unixTime(of:)``.
    public let unixTime: Int64?
}

extension Database {
    /// The versions of a key that can still be read, newest first: those that some timestamp within the ``Retention`` or a
    /// named snapshot sees.
    ///
    /// The oldest of them is not a deletion, unless that lies within the retention: what was never there and what is
    /// gone altogether look the same.
    ///
    /// - Parameters:
    ///   - key: At most ``Limits/maximumKeyBytes`` long; a longer one has no versions.
    ///   - since: Only versions of later commits than this one; `nil` for all.
    ///   - limit: At most so many, 0 or more; `nil` for no limit.
    /// - Returns: The versions with their values.
    /// - Throws: `closed`; `corrupt` or `io` when a block that would have one cannot be read; `misuse` for a limit below 0.
    /// - Complexity: As ``Readable/get(_:)`` for each version.
    public func history(
        of key: some ByteSource, since: Timestamp? = nil, limit: Int? = nil
    ) throws(StoreError) -> [KeyVersion] {
        try key.withBytes { key throws(StoreError) in try history(of: key, since: since ?? .zero, limit: limit) }
    }

    private func history(of key: RawSpan, since: Timestamp, limit: Int?) throws(StoreError) -> [KeyVersion] {
        let limit = limit ?? .max
        guard limit >= 0 else {
            throw StoreError(.misuse, "A limit of \(limit) is not possible.", remedy: "Choose 0 or more.")
        }
        return try core.usingDevice { () throws(StoreError) in
            guard limit > 0 else { return [] }
            var versions: [KeyVersion] = []
            try key.withUnsafeBytes { key throws(StoreError) in
                try core.engine.history(
                    of: BorrowedBytes(key), floor: { core.oldestReadableTimestamp }, since: since
                ) { state in
                    versions.append(
                        KeyVersion(
                            timestamp: state.timestamp, value: state.value,
                            unixTime: core.engine.unixTime(of: state.timestamp)))
                    return versions.count < limit
                }
            }
            return versions
        }
    }
}
