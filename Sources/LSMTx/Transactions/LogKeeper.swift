internal import Synchronization

/// What must happen to the log apart from commits: spare segments are made ahead of need, and buffered commits are
/// synced within the promised time. It also has a memtable flushed that hides much, so that what it hides goes even if
/// nobody writes any more.
///
/// The keeper sleeps without a timeout while nothing is written, so that an idle store wakes no processor.
final class LogKeeper: Sendable {
    /// Half of what is promised for buffered commits; the sync itself may take the other half.
    private static let syncIntervalNanoseconds: UInt64 = 100_000_000
    /// Segments that are kept ready. One sync makes several of them durable.
    private static let readySegments = 8

    private struct State {
        var hasUnsynced = false
        var needsSegments = false
        var wantsFlush = false
        var isStopping = false
    }

    private enum Task {
        case stop
        case makeSegments
        case scheduleSync
        case scheduleFlush
    }

    private let log: LogWriter
    private let state = Guarded(State())
    /// Whether the keeper knows that there are unsynced commits, so that not every commit tells it.
    private let knowsUnsynced = Atomic<Bool>(false)
    /// Likewise of a flush.
    private let knowsFlush = Atomic<Bool>(false)
    private let flushDelayMilliseconds: Int

    init(log: LogWriter, flushDelayMilliseconds: Int) {
        self.log = log
        self.flushDelayMilliseconds = flushDelayMilliseconds
    }

    /// The memtable should be flushed when some time has passed, if it has not been by then.
    func flushSoon() {
        guard !knowsFlush.load(ordering: .relaxed) else { return }
        knowsFlush.store(true, ordering: .relaxed)
        state.withLock { $0.wantsFlush = true }
        state.notifyAll()
    }

    /// A group has been given its place: a buffered one, or one behind which spare segments should be made.
    @inline(__always)
    func noteWork(needsSegments: Bool) {
        guard needsSegments || !knowsUnsynced.load(ordering: .relaxed) else { return }
        wake(needsSegments: needsSegments)
    }

    @inline(never)
    private func wake(needsSegments: Bool) {
        knowsUnsynced.store(true, ordering: .relaxed)
        state.withLock { state in
            state.hasUnsynced = true
            state.needsSegments = state.needsSegments || needsSegments
        }
        state.notifyAll()
    }

    /// Makes spare segments ahead of need.
    ///
    /// When there are none, the first are there sooner if they do not share a sync with all the others: commits are about
    /// to need them.
    func makeSegments() throws(StoreError) {
        for target in [2, Self.readySegments / 2, Self.readySegments] { try log.prepareSpares(target: target) }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        state.notifyAll()
    }

    /// Works until ``stop()``.
    ///
    /// - Parameters:
    ///   - makeSegments: Calls ``makeSegments()``, and sees to its failure.
    ///   - sync: Syncs what has been written.
    ///   - flush: Has the memtable flushed.
    func run(makeSegments: () -> Void, sync: () -> Void, flush: () -> Void) {
        var syncDue: UInt64?
        var flushDue: UInt64?
        while true {
            let timeout = [syncDue, flushDue].compactMap { $0 }.min().map { due in
                let now = SystemClock.monotonicNanoseconds
                return due > now ? Int((due - now + 999_999) / 1_000_000) : 0
            }
            let task = state.wait(timeoutMilliseconds: timeout) { state -> Task? in
                if state.isStopping { return .stop }
                if state.needsSegments {
                    state.needsSegments = false
                    return .makeSegments
                }
                if state.wantsFlush {
                    state.wantsFlush = false
                    return .scheduleFlush
                }
                return state.hasUnsynced && syncDue == nil ? .scheduleSync : nil
            }
            switch task {
            case .stop:
                return
            case .makeSegments:
                // For want of space nothing is made; the commit that needs a segment tries itself, and reports it.
                makeSegments()
            case .scheduleSync:
                syncDue = SystemClock.monotonicNanoseconds + Self.syncIntervalNanoseconds
            case .scheduleFlush:
                flushDue = SystemClock.monotonicNanoseconds + UInt64(flushDelayMilliseconds) * 1_000_000
            case nil:
                let now = SystemClock.monotonicNanoseconds
                if let due = syncDue, due <= now {
                    syncDue = nil
                    state.withLock { $0.hasUnsynced = false }
                    knowsUnsynced.store(false, ordering: .sequentiallyConsistent)
                    sync()
                }
                if let due = flushDue, due <= now {
                    flushDue = nil
                    knowsFlush.store(false, ordering: .sequentiallyConsistent)
                    flush()
                }
            }
        }
    }
}
