internal import Synchronization

/// Asynchronous calls: each runs as a job on the store's own threads, and may be cancelled.
///
/// A call, step by step:
/// 1. Its job is queued in the pool, and the task suspended. The cooperative pool's thread never waits for the store.
/// 2. A thread of the pool runs it as a synchronous call would be, with a ``Cancellation`` that its snapshot or
///    transaction looks at: at each operation, between two attempts, and just before the commit enters the queue.
/// 3. Its result resumes the task. A close refuses the jobs that still wait, so that their tasks resume too.
///
/// A task that is cancelled sets the flag, takes the job back if it still waits, and wakes what the job may wait in.
extension DatabaseCore {
    /// So many asynchronous calls run at once, the others wait. It is ample because commits that share a sync each wait
    /// in a thread of their own.
    static let asyncThreads = 32

    /// One call as its task sees it.
    private final class Call<R: Sendable>: @unchecked Sendable {
        // @unchecked: whoever makes the call sets `body`, and the job takes it, which has its turn once.
        let cancellation = Cancellation()
        private var body: ((Cancellation) throws -> R)?
        let ticket = Atomic<WorkerPool.Ticket>(0)
        /// Set by the job before it resumes the task, which looks at it: so the thread sanitizer, which does not see how
        /// the runtime orders the two, sees that they are.
        let hasEnded = Atomic<Bool>(false)

        init(_ body: @escaping @Sendable (Cancellation) throws -> R) { self.body = body }

        /// What comes of the job's turn. What the closure holds has been let go when this returns, so that nothing is open
        /// any more, a database or a cursor, that the resumed task lets go of.
        func result(of turn: WorkerPool.Turn) -> Result<R, any Error> {
            let body = body.take()
            switch turn {
            case .withdrawn: return .failure(CancellationError())
            case .refused(let error): return .failure(error)
            case .run:
                guard let body, !cancellation.isCancelled else { return .failure(CancellationError()) }
                do {
                    return .success(try body(cancellation))
                } catch {
                    let isCancelled = (error as? StoreError)?.code == .interrupted && cancellation.isCancelled
                    return .failure(isCancelled ? CancellationError() : error)
                }
            }
        }
    }

    /// Runs `body` on one of the store's threads.
    ///
    /// - Throws: What `body` throws; `CancellationError` when the task was cancelled and `body` has met that, or not
    ///   begun; `closed`, or `io` when there is no thread.
    func onOwnThread<R: Sendable>(
        _ body: @escaping @Sendable (Cancellation) throws -> R
    ) async throws -> R {
        try checkOpen()
        let call = Call(body)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<R, any Error>, Never>) in
                let ticket = pool.submit { turn in
                    let result = call.result(of: turn)
                    call.hasEnded.store(true, ordering: .releasing)
                    continuation.resume(returning: result)
                }
                call.ticket.store(ticket, ordering: .sequentiallyConsistent)
                // Either this sees the flag, or who sets it sees the ticket.
                if call.cancellation.isCancelled { pool.withdraw(ticket) }
            }
        } onCancel: {
            call.cancellation.cancel()
            pool.withdraw(call.ticket.load(ordering: .sequentiallyConsistent))
            precedence.wake()
            engine.wakeWaiters()
        }
        precondition(call.hasEnded.load(ordering: .acquiring), "a task was resumed before its job had ended")
        return try result.get()
    }

    /// Runs `body` on a thread that is started for it: there is no pool yet, or all its threads may be at work for long.
    ///
    /// - Throws: What `body` throws, and `io` when there is no thread.
    static func onNewThread<R: Sendable>(
        named name: String, _ body: @escaping @Sendable () throws(StoreError) -> R
    ) async throws(StoreError) -> R {
        let hasEnded = Flag()
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<R, StoreError>, _>) in
            do throws(StoreError) {
                // It need not be joined: the last thing that it does is to resume.
                _ = try WorkerThread(name: name) {
                    let result = Result { () throws(StoreError) in try body() }
                    hasEnded.isSet.store(true, ordering: .releasing)
                    continuation.resume(returning: consume result)
                }
            } catch {
                hasEnded.isSet.store(true, ordering: .releasing)
                continuation.resume(returning: .failure(error))
            }
        }
        precondition(hasEnded.isSet.load(ordering: .acquiring), "a task was resumed before its thread had ended")
        return try result.get()
    }

    /// As ``Call/hasEnded``.
    private final class Flag: Sendable {
        let isSet = Atomic<Bool>(false)
    }

    /// Opens the store at `path`.
    ///
    /// - Throws: As ``DatabaseOpener/open(path:configuration:cancellation:)``; `CancellationError` when the task was
    ///   cancelled before the store was open.
    static func opened(path: String, configuration: Configuration) async throws -> DatabaseCore {
        let cancellation = Cancellation()
        do {
            return try await withTaskCancellationHandler {
                try Task.checkCancellation()
                return try await onNewThread(named: "open") { () throws(StoreError) in
                    try DatabaseOpener.open(path: path, configuration: configuration, cancellation: cancellation)
                }
            } onCancel: {
                cancellation.cancel()
            }
        } catch {
            let isCancelled = (error as? StoreError)?.code == .interrupted && cancellation.isCancelled
            throw isCancelled ? CancellationError() : error
        }
    }

    /// Closes on a thread of its own.
    func closeOnOwnThread() async throws(StoreError) {
        try await Self.onNewThread(named: "close") { () throws(StoreError) in try self.close() }
    }

    // MARK: The closures

    /// Calls `body` with a snapshot that lasts as long as the call.
    @inline(__always)
    func read<T>(
        at point: PointInTime, cancellation: Cancellation? = nil, _ body: (Snapshot) throws -> T
    ) throws -> T {
        let snapshot = try Snapshot(core: self, at: point, cancellation: cancellation)
        defer { snapshot.close() }
        let result = try body(snapshot)
        try snapshot.checkScans()
        try cancellation?.check()
        return result
    }

    /// How ``Database/write(_:label:retry:durability:_:)-8rz1k`` does it.
    struct WriteOptions: Sendable {
        let isolation: Isolation
        let label: String?
        let retry: RetryPolicy
        let durability: Durability?
        var cancellation: Cancellation?
    }

    /// Calls `body` with a transaction, commits it, and does all of it again when it lost against another.
    @inline(__always)
    func write<T>(_ options: WriteOptions, _ body: (Transaction) throws -> T) throws -> T {
        try ThreadFrame.within(self, orThrow: Self.nestedWriteError) { try commitAttempts(options, body) }
    }

    private static var nestedWriteError: StoreError {
        StoreError(
            .misuse, "A write was begun inside of another write of the same database.",
            remedy: "Use the transaction that the closure was given, or a savepoint of it.")
    }

    @inline(__always)
    private func commitAttempts<T>(_ options: WriteOptions, _ body: (Transaction) throws -> T) throws -> T {
        var attempts = Attempts(core: self, policy: options.retry, cancellation: options.cancellation)
        defer { attempts.end() }
        while true {
            let transaction = try Transaction(
                core: self, isolation: options.isolation, label: options.label, attempt: attempts.number,
                ticket: attempts.ticket, cancellation: options.cancellation)
            do {
                let result = try body(transaction)
                // The closure may have passed over the failure of a commit of its own.
                try options.cancellation?.check()
                try transaction.checkScans()
                if !transaction.hasEnded { try transaction.commit(durability: options.durability) }
                return result
            } catch let error as StoreError where error.isRetryable {
                transaction.rollback()
                try attempts.prepareNext(after: error, conflict: transaction.conflict)
            } catch {
                transaction.rollback()
                throw error
            }
        }
    }
}
