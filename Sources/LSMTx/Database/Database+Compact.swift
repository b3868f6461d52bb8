extension Database {
    /// Rewrites what overlaps a range of keys, so that everything in it that nobody can read any more is dropped.
    ///
    /// There is no need to call it: the store compacts itself when that is worthwhile. It makes the space of what was
    /// deleted or overwritten free at once, for new data or, after ``close()-66dcf``, for others. What an open or a named
    /// snapshot sees is kept, and what the ``Retention`` says: at first, what was current in the last hour. Commits and
    /// reads go on meanwhile.
    ///
    /// ```swift
    /// try database.compact(KeyRange(prefix: "user/")) { progress in
    ///     print("\(progress.doneBytes) of \(progress.totalBytes) bytes")
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - range: Which keys. Whole tables are rewritten, so what lies beside the range may be compacted too.
    ///   - progress: Called now and then, on this thread; an error that it throws ends the compaction, and is thrown
    ///     here. What has been done until then stays.
    /// - Throws: `corrupt`, with the keys that cannot be read, when a table is damaged; what was done before stays. Also
    ///   `diskFull`, `io`, `poisoned`, `closed`, `readOnly`, and what `progress` throws. Nothing is lost.
    /// - Complexity: O(bytes of the tables that overlap the range).
    @available(*, noasync, message: "use `try await`; in top-level code, in a function")
    public func compact(_ range: KeyRange = .all, progress: ((CompactionProgress) throws -> Void)? = nil) throws {
        try core.compact(range, progress: progress)
    }
}

extension DatabaseCore {
    func compact(
        _ range: KeyRange, cancellation: Cancellation? = nil, progress: ((CompactionProgress) throws -> Void)?
    ) throws {
        try flush(cancellation: cancellation)
        try usingDevice {
            try engine.compact(range, cancellation: cancellation) { done, total in
                try cancellation?.check()
                try progress?(CompactionProgress(doneBytes: done, totalBytes: total))
            }
        }
    }
}

/// How far a compaction has come.
///
/// ```swift
/// try database.compact { progress in
///     print("\(progress.doneBytes) of \(progress.totalBytes) bytes")
/// }
/// ```
public struct CompactionProgress: Sendable, Hashable {
    /// Bytes of tables that have been compacted.
    public let doneBytes: UInt64
    /// Bytes of tables that overlapped the range at the beginning.
    public let totalBytes: UInt64
}
