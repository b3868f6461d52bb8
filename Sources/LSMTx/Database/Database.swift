internal import Synchronization

/// A store in one file: many threads commit to it at once, and readers hold snapshots that nothing disturbs.
///
/// ```swift
/// let database = try Database(path: "app.lsmtx")
/// try database.write { t in
///     try t.put("user/1", "Ada")
///     try t.put("user/2", "Grace")
/// }
/// let names = try database.read { snapshot in
///     snapshot.scan(KeyRange(prefix: "user/")).map { String(decoding: $0.value, as: UTF8.self) }
/// }
/// try database.close()
/// ```
///
/// One process writes; it opens the file once. All methods may be called from any thread. What waits for the device
/// has an asynchronous form of the same name, which suspends the task instead of blocking its thread; the compiler
/// refuses the other one there. What a transaction or a snapshot that was begun explicitly reads, and its commit, may
/// block: in asynchronous code, use `read` and `write` instead.
public final class Database: Sendable {
    let core: DatabaseCore

    /// Opens the store at `path`, or makes one.
    ///
    /// A file that was not closed is recovered: every acknowledged commit is there afterwards, and of every other
    /// commit all or nothing.
    ///
    /// In an asynchronous function the compiler takes the form that suspends. The statements at the top of a program
    /// may block here, before there is anything else to run.
    ///
    /// - Parameters:
    ///   - path: The file. No other file is ever made beside it.
    ///   - configuration: How to open it.
    /// - Throws: `notFound`, `notADatabase`, `unsupportedFormat`, `corrupt`, `locked`, `readOnly`, `diskFull`, `io` or
    ///   `misuse`; each leaves an existing file as it was.
    /// - Complexity: After a clean close, a handful of reads, whatever the size of the file. Otherwise, O(the log).
    public convenience init(path: String, configuration: Configuration = Configuration()) throws(StoreError) {
        self.init(core: try DatabaseOpener.open(path: path, configuration: configuration))
    }

    /// Makes an empty store in memory, which is gone when it is closed.
    ///
    /// - Parameter configuration: Sizes; what concerns files has no effect.
    /// - Returns: The open store.
    /// - Throws: `misuse` for a configuration that is not possible, `io` when there is no memory.
    public static func inMemory(_ configuration: Configuration = Configuration()) throws(StoreError) -> Database {
        var configuration = configuration
        configuration.readOnly = false
        let options = try configuration.engineOptions()
        let device = MemoryDevice()
        var random = SystemRandomNumberGenerator()
        try Engine.format(device, options: options, using: &random)
        return try Database(device: device, path: nil, configuration: configuration, options: options)
    }

    /// Opens the store on a device of the caller's choice: tests put one that fails behind it.
    package convenience init(
        device: any StorageDevice, path: String?, configuration: Configuration, options: EngineOptions
    ) throws(StoreError) {
        self.init(
            core: try DatabaseOpener.open(device, path: path, configuration: configuration, options: options))
    }

    init(core: DatabaseCore) { self.core = core }

    deinit {
        // Best effort: whatever fails here, the log has everything that was acknowledged.
        try? core.close()
    }

    /// What lies below, for inspection.
    package var engine: Engine { core.engine }

    /// The newest commit that readers see.
    public var timestamp: Timestamp { core.engine.publishedTimestamp }

    /// Flushes everything to tables, cuts the file to its contents and gives it up.
    ///
    /// It spends a bounded time on making the file small: it compacts a store of up to 16 memtables' worth of tables
    /// (1 GiB) if a tenth of it may be dropped, and of a larger one a quarter of that.
    ///
    /// Commits under way are waited for; snapshots and transactions that are still open throw `closed` from then on.
    /// A scan that is still open keeps the file locked until it ends. Closing again does nothing.
    ///
    /// - Throws: `io`, `diskFull` or `poisoned` when the file could not be left clean. Everything acknowledged is safe
    ///   in its log then, and the next open recovers it.
    /// - Complexity: O(what is in memory, and 16 memtables' worth of tables).
    @available(*, noasync, message: "use `try await`; in top-level code, in a function")
    public func close() throws(StoreError) {
        try core.close()
    }

    /// A view of everything that is committed now, or was at a point in the past, which later commits do not change.
    ///
    /// It reads nothing of the file and waits for nobody, so asynchronous code calls it too. The snapshot's reads may block;
    /// those of ``Snapshot/stream(_:reverse:limit:)`` do not.
    ///
    /// - Parameter point: The state to read.
    /// - Returns: The open snapshot, which keeps what it sees in the file until it is closed.
    /// - Throws: `closed`; `forkedHandle` in a child made by `fork`, as every call. For a point in the past:
    ///   `snapshotTooOld` when it is older than the ``Retention`` and no named snapshot's, `noSuchSnapshot` for an
    ///   unknown name, `misuse` for a timestamp that is not committed yet.
    /// - Complexity: O(1); in the past, O(log n) in the times that are known, and O(the number of named snapshots).
    public func snapshot(at point: PointInTime = .latest) throws(StoreError) -> Snapshot {
        try Snapshot(core: core, at: point)
    }

    /// Begins a transaction, to be ended by `commit` or `rollback`.
    ///
    /// Prefer ``write(_:label:retry:durability:_:)-8rz1k``, which commits, and runs again after a conflict. To begin waits
    /// for nobody, but the transaction's reads and its commit may block, and have no asynchronous form: a transaction is
    /// used by one thread, which a task does not stay on.
    ///
    /// - Parameters:
    ///   - isolation: What it sees of others, and what makes its commit fail.
    ///   - label: What it is called in errors of conflicts.
    /// - Returns: The transaction, which reads at ``timestamp``.
    /// - Throws: `closed`, or `readOnly` in a store that is open for reading only.
    /// - Complexity: O(1).
    public func begin(
        _ isolation: Isolation = .serializable, label: String? = nil
    ) throws(StoreError) -> Transaction {
        try Transaction(core: core, isolation: isolation, label: label)
    }

    /// Calls `body` with a snapshot that lasts as long as the call.
    ///
    /// - Parameters:
    ///   - point: The state to read.
    ///   - body: Reads. It may keep the snapshot, but not use it after it returned.
    /// - Returns: What `body` returns.
    /// - Throws: As ``snapshot(at:)``, and what `body` throws. An error that ended a scan early is thrown here too.
    @available(*, noasync, message: "use `try await`; in top-level code, in a function")
    public func read<T>(at point: PointInTime = .latest, _ body: (Snapshot) throws -> T) throws -> T {
        try core.read(at: point, body)
    }

    /// Calls `body` with a transaction, commits it, and does all of it again when it lost against another.
    ///
    /// - Parameters:
    ///   - isolation: What it sees of others, and what makes its commit fail.
    ///   - label: What it is called in errors of conflicts.
    ///   - retry: How often to try.
    ///   - durability: What the commit survives; `nil` for what the configuration says.
    ///   - body: Reads and writes. It may run several times, so it should have no other effects.
    /// - Returns: What `body` returns.
    /// - Throws: `conflict` when all attempts lost; `closed`, `readOnly`, `tooLarge`, `diskFull`, `poisoned`, `io` and
    ///   `corrupt`, in which case nothing was committed; `outcomeUnknown` when the device failed halfway; `misuse`
    ///   inside of the closure of another `write` of this database, which has a transaction already; and what `body`
    ///   throws, after a rollback. A `conflict` that it throws has it run again too.
    /// - Complexity: As `body`, and as ``Transaction/commit(durability:)``, for each attempt.
    @available(*, noasync, message: "use `try await`; in top-level code, in a function")
    public func write<T>(
        _ isolation: Isolation = .serializable, label: String? = nil, retry: RetryPolicy = .standard,
        durability: Durability? = nil,
        _ body: (Transaction) throws -> T
    ) throws -> T {
        try core.write(.init(isolation: isolation, label: label, retry: retry, durability: durability), body)
    }

    /// Writes everything committed so far to tables, and waits for it.
    ///
    /// There is no need to call it: the store does it when memory asks for it. It makes the log short, which makes the
    /// next open after a crash fast.
    ///
    /// - Throws: `diskFull`, with everything still safe in the log; `io`, `poisoned`, `closed` or `readOnly`.
    /// - Complexity: O(what is in memory).
    @available(*, noasync, message: "use `try await`; in top-level code, in a function")
    public func flush() throws(StoreError) {
        try core.flush()
    }
}
