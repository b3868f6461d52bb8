/// The past: how much of it is kept, names for states of it, and when they were.
extension Database {
    /// Gives a name to a state, which then stays readable until the name is dropped, also after the database is closed.
    ///
    /// ```swift
    /// try database.createSnapshot(named: "release 7")
    /// let users = try database.read(at: .named("release 7")) { Array($0.scan(KeyRange(prefix: "user/"))) }
    /// try database.dropSnapshot(named: "release 7")
    /// ```
    ///
    /// - Parameters:
    ///   - name: 1 to ``NamedSnapshot/maximumNameBytes`` bytes of UTF-8 without control characters. Not digits alone, and
    ///     not what looks like an ISO 8601 time.
    ///   - point: The state.
    /// - Returns: The state's timestamp. The name, and everything that was committed up to there, is durable.
    /// - Throws: `misuse` for a name that is taken or not possible; `tooLarge` when there are 10,000 already; as
    ///   ``snapshot(at:)`` for the point; `diskFull`, with nothing changed; `io`, `poisoned`, `closed` or `readOnly`.
    /// - Complexity: A few durable writes, and O(the number of named snapshots).
    @available(*, noasync, message: "use `try await`; in top-level code, in a function")
    @discardableResult
    public func createSnapshot(named name: String, at point: PointInTime = .latest) throws(StoreError) -> Timestamp {
        try core.createSnapshot(named: name, at: point)
    }

    /// The named snapshots, in the order of their names' bytes.
    ///
    /// - Returns: All that there are.
    /// - Throws: `closed`.
    /// - Complexity: O(their number).
    public func snapshots() throws(StoreError) -> [NamedSnapshot] {
        try core.checkOpen()
        return core.engine.versions.history.snapshots
    }

    /// Takes a name away. What only it held is dropped when tables are compacted; snapshots that are open stay readable.
    ///
    /// - Parameter name: The name.
    /// - Throws: `noSuchSnapshot`; `diskFull`, with nothing changed; `io`, `poisoned`, `closed` or `readOnly`.
    /// - Complexity: A few durable writes, and O(the number of named snapshots).
    @available(*, noasync, message: "use `try await`; in top-level code, in a function")
    public func dropSnapshot(named name: String) throws(StoreError) {
        try core.dropSnapshot(named: name)
    }

    /// How much of the past stays readable.
    ///
    /// - Throws: `closed`.
    public var retention: Retention {
        get throws(StoreError) {
            try core.checkOpen()
            return core.engine.versions.history.retention
        }
    }

    /// Changes how much of the past stays readable, from now on. What was dropped already does not come back.
    ///
    /// ```swift
    /// try database.setRetention(Retention(keep: .seconds(24 * 3600), commits: 1_000_000))
    /// ```
    ///
    /// - Parameter retention: The limits. They are the file's, and hold in later sessions too.
    /// - Throws: `misuse` for a time that is not possible; `diskFull`, with nothing changed; `io`, `poisoned`, `closed` or
    ///   `readOnly`.
    /// - Complexity: A few durable writes.
    @available(*, noasync, message: "use `try await`; in top-level code, in a function")
    public func setRetention(_ retention: Retention) throws(StoreError) {
        try core.setRetention(retention)
    }

    /// The oldest timestamp that can be read without a name. All later ones can be read too.
    ///
    /// In a store that is open for reading only it stays where it is; elsewhere it follows the commits and the clock, so
    /// that what can be read now may not be a moment later. Open a snapshot to keep it.
    ///
    /// - Throws: `closed`.
    /// - Complexity: O(log n) in the times that are known.
    public var oldestReadableTimestamp: Timestamp {
        get throws(StoreError) {
            try core.checkOpen()
            return core.oldestReadableTimestamp
        }
    }

    /// The newest timestamp that was committed by a time.
    ///
    /// - Parameter milliseconds: The time, in milliseconds since 1970.
    /// - Returns: The timestamp, which may be older than what can be read; zero for a time before all that is known.
    /// - Throws: `closed`.
    /// - Complexity: O(log n) in the times that are known.
    public func timestamp(atUnixTime milliseconds: Int64) throws(StoreError) -> Timestamp {
        try core.checkOpen()
        return core.engine.timestamp(atUnixTime: milliseconds)
    }

    /// When a timestamp was committed, as the clock then said it, to a tenth of a second, or a thousandth of its age.
    ///
    /// - Parameter timestamp: A timestamp of this store.
    /// - Returns: Milliseconds since 1970, or `nil` for a timestamp older than all that is known.
    /// - Throws: `closed`.
    /// - Complexity: O(log n) in the times that are known.
    public func unixTime(of timestamp: Timestamp) throws(StoreError) -> Int64? {
        try core.checkOpen()
        return core.engine.unixTime(of: timestamp)
    }
}
