/// How a database is opened.
///
/// ```swift
/// var configuration = Configuration()
/// configuration.durability = .buffered
/// configuration.cacheBytes = 512 << 20
/// let database = try Database(path: "app.lsmtx", configuration: configuration)
/// ```
public struct Configuration: Sendable {
    /// Open for reading only: the file is not changed in any way, even if it was not closed.
    public var readOnly = false
    /// Make the file if it does not exist.
    public var createIfMissing = true
    /// How much of the tables is kept in memory, in bytes: blocks, indexes and filters together. 0 for nothing.
    public var cacheBytes = 64 << 20
    /// Size of one memtable, in bytes, from 64 KiB to 512 MiB. At most three are in memory: one that takes writes and
    /// two that wait to be flushed.
    public var memtableBytes = 64 << 20
    /// What a commit survives when it returns, unless it says otherwise itself.
    public var durability = Durability.sync
    /// For a new file: the size in which tables and the log take space, in bytes; a multiple of 4096 from 16 KiB to
    /// 64 MiB. Small stores, as in tests, take less room with a small one.
    public var extentBytes = 1 << 20
    /// How much of the past stays readable: becomes the file's when it is opened for writing. `nil` for what the file says,
    /// which in a new one is ``Retention/standard``.
    public var retention: Retention?
    /// The most that one transaction may write, in bytes of keys and values; at most 512 MiB. It bounds memory: of a value
    /// over ``Limits/largeValueBytes``, which is in the file already, only a reference of 28 bytes counts.
    public var maximumTransactionBytes = 256 << 20

    /// Receives what the store does by itself and what happens to it, for logs and metrics; `nil` for nobody, which costs
    /// nothing.
    ///
    /// It is called in the order of events, on one thread of the store, with no lock held: it may call the database, and
    /// takes as long as it likes. It holds up no commit. When over 1,024 events wait for it, the rest are counted, and it
    /// is told how many: ``StoreEvent/dropped(_:)``. The last ones may come just after the database was closed.
    ///
    /// To log with swift-log, or to count with swift-metrics, forward from here:
    ///
    /// ```
    /// configuration.onEvent = { event in
    ///     logger.log(level: event.isProblem ? .warning : .debug, "\(event)")
    ///     if case .compacted(let work) = event { Counter(label: "compacted_bytes").increment(by: Int64(work.bytesIn)) }
    /// }
    /// ```
    public var onEvent: (@Sendable (StoreEvent) -> Void)?

    /// The defaults.
    public init() {}

    func engineOptions() throws(StoreError) -> EngineOptions {
        guard (64 << 10...512 << 20).contains(memtableBytes) else {
            throw Self.misuse("A memtable of \(memtableBytes) bytes is not possible.", "Choose 64 KiB to 512 MiB.")
        }
        guard cacheBytes >= 0 else {
            throw Self.misuse("A cache of \(cacheBytes) bytes is not possible.", "Choose 0 or more.")
        }
        guard extentBytes > 0, Superblock.extentBytesAreLegal(UInt64(extentBytes)) else {
            throw Self.misuse(
                "An extent size of \(extentBytes) bytes is not possible.",
                "Choose a multiple of 4096 from 16 KiB to 64 MiB.")
        }
        guard (1...1 << 29).contains(maximumTransactionBytes) else {
            throw Self.misuse(
                "A transaction limit of \(maximumTransactionBytes) bytes is not possible.", "Choose 1 to 512 MiB.")
        }
        var options = EngineOptions()
        options.isReadOnly = readOnly
        options.memtableBytes = memtableBytes
        options.freeTailBytes = 2 * memtableBytes
        options.closeBytes = 16 * memtableBytes
        options.cacheBytes = cacheBytes
        options.extentBytes = UInt64(extentBytes)
        options.retention = try retention?.checked()
        return options
    }

    private static func misuse(_ message: String, _ remedy: String) -> StoreError {
        StoreError(.misuse, message, remedy: remedy)
    }
}

/// How often and how long `write` runs a transaction again after a conflict.
///
/// ```swift
/// try database.write(retry: RetryPolicy(maximumAttempts: 10, timeout: .seconds(2))) { t in
///     try t.put("k", "v")
/// }
/// ```
public struct RetryPolicy: Sendable {
    /// How many times the closure is run at most, the first included. It is run once in any case.
    public var maximumAttempts: Int
    /// After this time no further attempt begins; `nil` for no limit.
    public var timeout: Duration?

    /// A hundred attempts, without a time limit.
    public static let standard = RetryPolicy()
    /// One attempt.
    public static let never = RetryPolicy(maximumAttempts: 1)

    /// Makes a policy.
    ///
    /// - Parameters:
    ///   - maximumAttempts: How many times the closure is run at most; once in any case.
    ///   - timeout: After this time no further attempt begins; `nil` for no limit.
    public init(maximumAttempts: Int = 100, timeout: Duration? = nil) {
        self.maximumAttempts = maximumAttempts
        self.timeout = timeout
    }
}
