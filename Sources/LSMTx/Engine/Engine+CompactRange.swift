/// Compactions on request. The background worker does them, a step at a time, when nothing more urgent is to be done;
/// the caller waits, is told how far it is, and may give up.
extension Engine {
    /// Compacts what overlaps `range` down to the last level.
    ///
    /// - Parameters:
    ///   - cancellation: When it is cancelled, and ``wakeWaiters()`` called, `progress` is called at once.
    ///   - progress: Called with bytes done and bytes in all, on the caller's thread; throws to stop.
    /// - Throws: `diskFull`, or `corrupt` where a table is damaged, with all that was done until then in place;
    ///   `poisoned`; `closed`; what `progress` throws.
    package func compact(
        _ range: KeyRange, cancellation: Cancellation? = nil,
        progress: (_ done: UInt64, _ total: UInt64) throws -> Void
    ) throws {
        guard log != nil else { throw Self.readOnlyError }
        try poison.check()
        let total = versions.current.tables.map(\.descriptor)
            .filter { $0.mayHoldKeys(in: range, at: .max) }.reduce(0) { $0 + $1.fileBytes }
        let request = CompactionRequest(range, totalBytes: total)
        try progress(0, total)
        guard options.hasBackgroundThreads else {
            while try step(request) { try progress(request.doneBytes, total) }
            return try progress(total, total)
        }
        state.withLock { $0.requests.append(request) }
        state.notifyAll()
        var told: UInt64 = 0
        while true {
            let event = state.wait { state -> CompactionRequest.Event? in
                if let outcome = request.outcome { return .ended(outcome) }
                if state.isStopping || self.poison.first != nil { return .ended(.success(())) }
                let done = request.doneBytes
                return done > told || cancellation?.isCancelled == true ? .progress(done) : nil
            }
            switch event {
            case .progress(let done):
                told = done
                do {
                    try progress(min(done, total), total)
                } catch {
                    request.cancel()
                    state.withLock { $0.requests.removeAll { $0 === request } }
                    throw error
                }
            case .ended(let outcome):
                state.withLock { $0.requests.removeAll { $0 === request } }
                try poison.check()
                try outcome.get()
                guard request.outcome != nil else {
                    throw StoreError(
                        .closed, "The database was closed during a compaction.",
                        remedy: "Open it and compact it again; what was done so far stays.")
                }
                return try progress(total, total)
            case nil:
                break
            }
        }
    }

    /// Does the next step of a request.
    ///
    /// - Returns: `false` when there is none left.
    private func step(_ request: CompactionRequest) throws(StoreError) -> Bool {
        let version = versions.current
        let points = announceReadPoints()
        let levels = version.levels.map { $0.map(\.descriptor) }
        guard let plan = request.next(levels: levels, readPoints: points) else {
            if let damage = damage(in: request.range) { throw damage }
            return false
        }
        let isDone = try compact(plan, of: version, points, shouldStop: { isToStop || request.isCancelled })
        if isDone { request.didRun(plan) }
        return true
    }

    /// The background worker's turn at a request.
    func work(on request: CompactionRequest) {
        // Other tables are there now; when the request has ended, which readers they wait for is looked at anew.
        defer { if request.isCancelled || request.outcome != nil { state.withLock { $0.mayCompact = true } } }
        do throws(StoreError) {
            if request.isCancelled { return }
            if try !step(request) { request.end(.success(())) }
        } catch {
            request.end(.failure(error))
        }
    }
}

/// A compaction that the background worker has been asked for.
final class CompactionRequest: Sendable {
    enum Event {
        case progress(UInt64)
        case ended(Result<Void, StoreError>)
    }

    private struct State {
        var walk: RequestedCompaction
        var doneBytes: UInt64 = 0
        var isCancelled = false
        var outcome: Result<Void, StoreError>?
    }

    private let state: Guarded<State>
    private let totalBytes: UInt64
    let range: KeyRange

    init(_ range: KeyRange, totalBytes: UInt64) {
        self.totalBytes = totalBytes
        self.range = range
        state = Guarded(State(walk: RequestedCompaction(range)))
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }
    var outcome: Result<Void, StoreError>? { state.withLock { $0.outcome } }
    /// Bytes of tables that went into steps that are done; what goes through several levels counts several times.
    var doneBytes: UInt64 { state.withLock { min($0.doneBytes, totalBytes) } }

    func cancel() { state.withLock { $0.isCancelled = true } }

    func end(_ outcome: Result<Void, StoreError>) { state.withLock { $0.outcome = outcome } }

    func next(levels: [[TableDescriptor]], readPoints: ReadPoints) -> CompactionPlan? {
        state.withLock { $0.walk.next(levels: levels, readPoints: readPoints) }
    }

    func didRun(_ plan: CompactionPlan) {
        state.withLock { state in
            state.walk.didRun(plan)
            state.doneBytes += plan.inputs.reduce(0) { $0 + $1.fileBytes }
        }
    }
}
