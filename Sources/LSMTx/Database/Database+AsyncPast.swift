/// The past for asynchronous code: what is written to the file, without blocking the caller's thread.
extension Database {
    /// Gives a name to a state, which then stays readable until the name is dropped, without blocking the caller's
    /// thread.
    ///
    /// ```swift
    /// try await database.createSnapshot(named: "release 7")
    /// let users = try await database.read(at: .named("release 7")) { Array($0.scan(KeyRange(prefix: "user/"))) }
    /// try await database.dropSnapshot(named: "release 7")
    /// ```
    ///
    /// A task that is cancelled before the name is written to the file leaves no name behind. From then on the call goes
    /// through, and returns as if nothing had happened.
    ///
    /// - Parameters:
    ///   - name: 1 to ``NamedSnapshot/maximumNameBytes`` bytes of UTF-8 without control characters. Not digits alone, and
    ///     not what looks like an ISO 8601 time.
    ///   - point: The state, chosen on a thread of the store: with `latest`, commits that are made meanwhile may be in it.
    /// - Returns: The state's timestamp. The name, and everything that was committed up to there, is durable.
    /// - Throws: As the synchronous form; `CancellationError` when the task was cancelled in time, and there is no name.
    /// - Complexity: A few durable writes, and O(the number of named snapshots).
    @discardableResult
    public func createSnapshot(named name: String, at point: PointInTime = .latest) async throws -> Timestamp {
        try await core.onOwnThread { [core] cancellation in
            try core.createSnapshot(named: name, at: point, cancellation: cancellation)
        }
    }

    /// Takes a name away, without blocking the caller's thread.
    ///
    /// ```swift
    /// try await database.dropSnapshot(named: "release 7")
    /// ```
    ///
    /// - Parameter name: The name.
    /// - Throws: As the synchronous form; `CancellationError` when the task was cancelled before the change was written to
    ///   the file, and the name is still there.
    /// - Complexity: A few durable writes, and O(the number of named snapshots).
    public func dropSnapshot(named name: String) async throws {
        try await core.onOwnThread { [core] cancellation in
            try core.dropSnapshot(named: name, cancellation: cancellation)
        }
    }

    /// Changes how much of the past stays readable, from now on, without blocking the caller's thread.
    ///
    /// ```swift
    /// try await database.setRetention(Retention(keep: .seconds(24 * 3600), commits: 1_000_000))
    /// ```
    ///
    /// - Parameter retention: The limits. They are the file's, and hold in later sessions too.
    /// - Throws: As the synchronous form; `CancellationError` when the task was cancelled before the change was written to
    ///   the file, and nothing is changed.
    /// - Complexity: A few durable writes.
    public func setRetention(_ retention: Retention) async throws {
        try await core.onOwnThread { [core] cancellation in
            try core.setRetention(retention, cancellation: cancellation)
        }
    }
}
