/// The same calls for asynchronous code: they suspend the task instead of blocking its thread.
///
/// They run on threads of the store, at most 32 at once, and wait in one queue for one of them; opening and closing have
/// a thread of their own each. What a closure or a progress report does there, it does outside of the task: values local
/// to the task are not seen, and it runs at the priority of those threads. Do not wait in it for another task.
extension Database {
    /// Opens the store at `path`, or makes one, without blocking the caller's thread.
    ///
    /// ```swift
    /// let database = try await Database(path: "app.lsmtx")
    /// ```
    ///
    /// A thread is started for it. When the task is cancelled before the store is open, the file is given up again with
    /// what it held, recovered or not; one that was to be made may be there, without any entry.
    ///
    /// - Parameters:
    ///   - path: The file. No other file is ever made beside it.
    ///   - configuration: How to open it.
    /// - Throws: As the synchronous form; `CancellationError` when the task was cancelled in time, after the recovery if
    ///   that had begun.
    /// - Complexity: As the synchronous form.
    public convenience init(path: String, configuration: Configuration = Configuration()) async throws {
        self.init(core: try await DatabaseCore.opened(path: path, configuration: configuration))
    }

    /// Calls `body` with a snapshot that lasts as long as the call, without blocking the caller's thread.
    ///
    /// ```swift
    /// let names = try await database.read { snapshot in
    ///     snapshot.scan(KeyRange(prefix: "user/")).map { String(decoding: $0.value, as: UTF8.self) }
    /// }
    /// ```
    ///
    /// When the task is cancelled, the next read of the snapshot fails, and this call throws `CancellationError`.
    ///
    /// - Parameters:
    ///   - point: The state to read.
    ///   - body: Reads, on a thread of the store.
    /// - Returns: What `body` returns.
    /// - Throws: As ``snapshot(at:)``, and what `body` throws; `CancellationError` when the task was cancelled before
    ///   `body` returned.
    /// - Complexity: As `body`, and a change of threads there and back.
    public func read<T: Sendable>(
        at point: PointInTime = .latest, _ body: @escaping @Sendable (Snapshot) throws -> T
    ) async throws -> T {
        try await core.onOwnThread { [core] cancellation in
            try core.read(at: point, cancellation: cancellation, body)
        }
    }

    /// Calls `body` with a transaction, commits it, and does all of it again when it lost against another, without
    /// blocking the caller's thread.
    ///
    /// Up to 32 commits under way share the syncs of the file, as those of threads do.
    ///
    /// ```swift
    /// let count = try await database.write { t in
    ///     let old = try t.get("counter").flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
    ///     try t.put("counter", String(old + 1))
    ///     return old + 1
    /// }
    /// ```
    ///
    /// A task that is cancelled before the commit is queued to be written rolls back: in the queue for a thread, at the
    /// transaction's next operation, in the pause before another attempt, and before the commit. From then on the
    /// commit goes through, and the call returns as if nothing had happened.
    ///
    /// - Parameters:
    ///   - isolation: What it sees of others, and what makes its commit fail.
    ///   - label: What it is called in errors of conflicts.
    ///   - retry: How often to try.
    ///   - durability: What the commit survives; `nil` for what the configuration says.
    ///   - body: Reads and writes, on a thread of the store. It may run several times, so it should have no other
    ///     effects.
    /// - Returns: What `body` returns.
    /// - Throws: As the synchronous form; `CancellationError` when the task was cancelled in time, and nothing was
    ///   committed.
    /// - Complexity: As `body`, and as ``Transaction/commit(durability:)``, for each attempt, and a change of threads
    ///   there and back.
    public func write<T: Sendable>(
        _ isolation: Isolation = .serializable, label: String? = nil, retry: RetryPolicy = .standard,
        durability: Durability? = nil,
        _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T {
        try await core.onOwnThread { [core] cancellation in
            try core.write(
                .init(
                    isolation: isolation, label: label, retry: retry, durability: durability,
                    cancellation: cancellation), body)
        }
    }

    /// Writes everything committed so far to tables, without blocking the caller's thread.
    ///
    /// ```swift
    /// try await database.flush()
    /// ```
    ///
    /// - Throws: As the synchronous form; `CancellationError` when the task was cancelled, and then the store goes on
    ///   by itself.
    /// - Complexity: O(what is in memory).
    public func flush() async throws {
        try await core.onOwnThread { [core] cancellation in try core.flush(cancellation: cancellation) }
    }

    /// Rewrites what overlaps a range of keys, so that everything in it that nobody can read any more is dropped,
    /// without blocking the caller's thread.
    ///
    /// ```swift
    /// try await database.compact(KeyRange(prefix: "user/"))
    /// ```
    ///
    /// - Parameters:
    ///   - range: Which keys. Whole tables are rewritten, so what lies beside the range may be compacted too.
    ///   - progress: Called now and then, on a thread of the store; an error that it throws ends the compaction, and is
    ///     thrown here. What has been done until then stays.
    /// - Throws: As the synchronous form; `CancellationError` when the task was cancelled. What has been done until then
    ///   stays, and the step that is under way is given up.
    /// - Complexity: O(bytes of the tables that overlap the range).
    public func compact(
        _ range: KeyRange = .all, progress: (@Sendable (CompactionProgress) throws -> Void)? = nil
    ) async throws {
        try await core.onOwnThread { [core] cancellation in
            try core.compact(range, cancellation: cancellation, progress: progress)
        }
    }

    /// Reads the whole file and verifies it, without blocking the caller's thread.
    ///
    /// ```swift
    /// let report = try await database.check()
    /// for finding in report.findings { print(finding) }
    /// ```
    ///
    /// - Parameter progress: Called now and then, on a thread of the store; an error that it throws ends the check, and
    ///   is thrown here.
    /// - Returns: What was gone through and found. A file without damage has no findings.
    /// - Throws: As the synchronous form; `CancellationError` when the task was cancelled, after the table that is being
    ///   read.
    /// - Complexity: O(the size of the file).
    public func check(
        progress: (@Sendable (CheckProgress) throws -> Void)? = nil
    ) async throws -> CheckReport {
        try await core.onOwnThread { [core] cancellation in
            try core.check(cancellation: cancellation, progress: progress)
        }
    }

    /// Flushes everything to tables, cuts the file to its contents and gives it up, without blocking the caller's thread.
    ///
    /// Asynchronous calls that still wait for a thread throw `closed`, and so does what others do from then on.
    /// Commits under way are waited for. It goes through to its end when the task is cancelled. Closing again does
    /// nothing.
    ///
    /// ```swift
    /// try await database.close()
    /// ```
    ///
    /// - Throws: As the synchronous form; `io`, with the database still open, when there is no thread to do it.
    /// - Complexity: O(what is in memory, and 16 memtables' worth of tables).
    public func close() async throws(StoreError) {
        try await core.closeOnOwnThread()
    }
}
