internal import Synchronization

/// What a database, its snapshots and its transactions share: the engine, the pipeline and the threads.
///
/// Closing while others are at work is safe: commits under way are waited for, point reads too (they run within an
/// epoch), and iterators, which may live long, keep the device open until the last of them is gone. Whoever comes
/// later gets `closed`.
final class DatabaseCore: Sendable {
    let engine: Engine
    /// `nil` in a store that is open for reading only.
    let pipeline: CommitPipeline?
    let snapshots: SnapshotTracker
    let precedence = Precedence()
    let path: String?
    let configuration: Configuration

    private let forkGuard = ForkGuard.current
    private let isClosed = Atomic<Bool>(false)
    private let commitsUnderWay = Atomic<Int>(0)
    /// Iterators, plus one for the open database itself.
    private let deviceUsers = Atomic<Int>(1)
    private let threads = Guarded<[WorkerThread]>([])
    private let closing = Guarded(CloseState())
    /// Runs what asynchronous calls ask for.
    let pool = WorkerPool(name: "async", limit: DatabaseCore.asyncThreads)
    /// Held while snapshots get or lose names, or the retention is changed, so that a check holds until it was acted on.
    let administration = Guarded(())

    private struct CloseState {
        var isDone = false
        var failure: StoreError?
    }

    init(engine: Engine, path: String?, configuration: Configuration) throws(StoreError) {
        self.engine = engine
        self.path = path
        self.configuration = configuration
        // In a store that is open for reading only, buffered commits may have been lost that a floor was above. What is
        // left is no different at the floor.
        snapshots = SnapshotTracker(floor: min(engine.versions.history.collectedFloor, engine.publishedTimestamp))
        guard let log = engine.log else {
            pipeline = nil
            return
        }
        let snapshots = snapshots
        engine.readers.withLock { readers in
            readers = ReaderAnnouncement { floor, readNames in
                snapshots.announce(floor: floor, readNames: readNames)
            }
        }
        let pipeline = CommitPipeline(engine: engine, log: log)
        self.pipeline = pipeline
        guard engine.options.hasBackgroundThreads else { return }
        // The threads hold the engine and the pipeline, not this object, whose deinit ends them.
        let worker = try WorkerThread(name: "work") { engine.runBackgroundWorker() }
        threads.withLock { $0.append(worker) }
        let keeper = try WorkerThread(name: "log") { pipeline.runLogKeeper() }
        threads.withLock { $0.append(keeper) }
    }

    deinit {
        // Best effort: whatever fails here, the log has everything that was acknowledged.
        try? close()
    }

    // MARK: Guards

    /// Throws unless the database can be used by this process.
    func checkOpen() throws(StoreError) {
        try forkGuard.check()
        guard !isClosed.load(ordering: .acquiring) else { throw Self.closedError("database") }
    }

    static func closedError(_ what: String) -> StoreError {
        StoreError(.closed, "The \(what) has been closed.", remedy: "Open it again, or keep it open for longer.")
    }

    /// Announces a reader at the newest published timestamp.
    func openSnapshot(isWriter: Bool = false) -> (ticket: SnapshotTracker.Ticket, timestamp: Timestamp) {
        snapshots.open(hint: Epoch.threadHint, isWriter: isWriter) { engine.publishedTimestamp }
    }

    /// Moves a reader to the newest published timestamp.
    func moveSnapshot(_ ticket: SnapshotTracker.Ticket, from timestamp: Timestamp) -> Timestamp {
        let moved = snapshots.move(ticket) { engine.publishedTimestamp }
        if moved > timestamp { engine.noteReaderGone(at: timestamp) }
        return moved
    }

    /// Ends a reader that was announced at `timestamp`.
    @inline(__always)
    func closeSnapshot(_ ticket: SnapshotTracker.Ticket, at timestamp: Timestamp) {
        snapshots.close(ticket)
        engine.noteReaderGone(at: timestamp)
    }

    /// Reads the newest version of `key` at `timestamp` and calls `body` with its value, or `large` with one that lives
    /// in an extent of its own.
    ///
    /// - Parameter hash: `xxh3(key)`.
    /// - Returns: `nil` when the key has no value then.
    @inline(__always)
    func find<R>(
        _ key: BorrowedBytes, hash: UInt64, at timestamp: Timestamp, _ body: (BorrowedBytes) -> R,
        large: ([UInt8]) -> R
    ) throws(StoreError) -> R? {
        try engine.withView { view throws(StoreError) in
            // Within the epoch: a close waits for it before it gives up the device.
            try self.checkOpen()
            guard let found = try view.find(key, hash: hash, at: timestamp) else { return nil }
            if found.kind == .value { return body(found.value) }
            guard found.kind == .largeValue else { return nil }
            // Within the epoch too: it keeps the extent from being given to others.
            return large(try largeValue(found.value, of: key))
        }
    }

    /// A cursor for a snapshot or a transaction, which is open and reads at `timestamp`. Where another thread may close
    /// the owner meanwhile, the caller looks again whether it is open before it uses the cursor.
    func cursor(
        for owner: AnyObject, at timestamp: Timestamp, range: KeyRange, ownWrites: WriteSet?,
        tracker: Transaction? = nil, cancellation: Cancellation? = nil
    ) throws(StoreError) -> RangeCursor {
        try holdDevice()
        return RangeCursor(
            core: self, owner: owner, at: timestamp, range: range, ownWrites: ownWrites, tracker: tracker,
            cancellation: cancellation)
    }

    /// Calls `body` while the device is certain to stay open.
    func usingDevice<R>(_ body: () throws -> R) throws -> R {
        try holdDevice()
        defer { releaseDevice() }
        return try body()
    }

    /// Calls `body` while the device is certain to stay open.
    func usingDevice<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        try holdDevice()
        defer { releaseDevice() }
        return try body()
    }

    /// Keeps the device open until ``releaseDevice()``.
    private func holdDevice() throws(StoreError) {
        deviceUsers.add(1, ordering: .acquiringAndReleasing)
        do throws(StoreError) {
            try checkOpen()
        } catch {
            releaseDevice()
            throw error
        }
    }

    /// An iterator is gone, or the database is closed.
    func releaseDevice() {
        if deviceUsers.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { engine.file.lanes.close() }
    }

    // MARK: Committing

    /// Calls `body` with the pipeline of an open database; a close waits until it returns.
    @inline(__always)
    func committing<R>(_ body: (CommitPipeline) throws(StoreError) -> R) throws(StoreError) -> R {
        try forkGuard.check()
        guard let pipeline else { throw Engine.readOnlyError }
        commitsUnderWay.add(1, ordering: .sequentiallyConsistent)
        defer { commitsUnderWay.subtract(1, ordering: .sequentiallyConsistent) }
        guard !isClosed.load(ordering: .sequentiallyConsistent) else { throw Self.closedError("database") }
        return try body(pipeline)
    }

    /// Publishes a durable change of tables for everything committed so far.
    ///
    /// - Parameter cancellation: The wait for it ends when it is cancelled, and the engine woken.
    func flush(cancellation: Cancellation? = nil) throws(StoreError) {
        try committing { pipeline throws(StoreError) in
            try pipeline.freezeForFlush()
            try engine.waitUntilFlushed(cancellation: cancellation)
        }
    }

    // MARK: Closing

    /// Closes once; later calls wait for the first and report what it did.
    func close() throws(StoreError) {
        try forkGuard.check()
        let isFirst = !isClosed.exchange(true, ordering: .sequentiallyConsistent)
        guard isFirst else {
            let failure = closing.wait { $0.isDone ? .some($0.failure) : nil }
            if let failure, let failure { throw failure }
            return
        }
        pool.shutDown(refusing: Self.closedError("database"))
        var failure: StoreError?
        do { try shutDown() } catch { failure = error }
        engine.tellFileSize()
        releaseDevice()
        engine.options.events?.end(with: .closed(failure))
        closing.withLock { state in
            state.failure = failure
            state.isDone = true
        }
        closing.notifyAll()
        if let failure { throw failure }
    }

    private func shutDown() throws(StoreError) {
        while commitsUnderWay.load(ordering: .sequentiallyConsistent) > 0 { SystemClock.sleep(microseconds: 50) }
        pipeline?.stopLogKeeper()
        engine.stopBackgroundWorker()
        for thread in threads.withLock({ $0 }) { thread.join() }
        pipeline?.syncBuffered()
        // Views that were retired under a reader's eyes give up their memtables now, not at the next retirement.
        Epoch.drain()
        try engine.closeCleanly()
    }
}
