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
    @available(*, noasync, message: "use `try await`; in top-level code, in a function")
    public func history(
        of key: some ByteSource, since: Timestamp? = nil, limit: Int? = nil
    ) throws(StoreError) -> [KeyVersion] {
        try key.withBytes { key throws(StoreError) in try core.history(of: key, since: since, limit: limit) }
    }

    /// The versions of a key that can still be read, newest first, without blocking the caller's thread.
    ///
    /// ```swift
    /// let versions = try await database.history(of: "user/1", limit: 10)
    /// ```
    ///
    /// - Parameters:
    ///   - key: At most ``Limits/maximumKeyBytes`` long; a longer one has no versions.
    ///   - since: Only versions of later commits than this one; `nil` for all.
    ///   - limit: At most so many, 0 or more; `nil` for no limit.
    /// - Returns: The versions with their values.
    /// - Throws: As the synchronous form; `CancellationError` when the task was cancelled, after the version that is being
    ///   read.
    /// - Complexity: As ``Readable/get(_:)`` for each version, and a change of threads there and back.
    public func history(
        of key: some ByteSource, since: Timestamp? = nil, limit: Int? = nil
    ) async throws -> [KeyVersion] {
        let key = key.withBytes { key in key.withUnsafeBytes { [UInt8]($0) } }
        return try await core.onOwnThread { [core] cancellation in
            try key.withBytes { key throws(StoreError) in
                try core.history(of: key, since: since, limit: limit, cancellation: cancellation)
            }
        }
    }
}

extension DatabaseCore {
    func history(
        of key: RawSpan, since: Timestamp?, limit: Int?, cancellation: Cancellation? = nil
    ) throws(StoreError) -> [KeyVersion] {
        let limit = limit ?? .max
        guard limit >= 0 else {
            throw StoreError(.misuse, "A limit of \(limit) is not possible.", remedy: "Choose 0 or more.")
        }
        return try usingDevice { () throws(StoreError) in
            guard limit > 0 else { return [] }
            var versions: [KeyVersion] = []
            try key.withUnsafeBytes { key throws(StoreError) in
                try engine.history(
                    of: BorrowedBytes(key), floor: { oldestReadableTimestamp }, since: since ?? .zero
                ) { state in
                    versions.append(
                        KeyVersion(
                            timestamp: state.timestamp, value: state.value,
                            unixTime: engine.unixTime(of: state.timestamp)))
                    return versions.count < limit && cancellation?.isCancelled != true
                }
            }
            try cancellation?.check()
            return versions
        }
    }
}
