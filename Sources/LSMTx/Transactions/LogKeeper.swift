internal import Synchronization

/// What must happen to the log apart from commits: spare segments are made ahead of need, and buffered commits are
/// synced within the promised time. It also has a memtable flushed that hides much, so that what it hides goes even if
/// nobody writes any more.
///
/// The keeper sleeps without a timeout while nothing is written, so that an idle store wakes no processor.
final class LogKeeper: Sendable {
    /// Half of what is promised for buffered commits; the sync itself may take the other half.
    private static let syncIntervalNanoseconds: UInt64 = 100_000_000
    /// Segments that are kept ready at first, and at most. One sync makes several of them durable.
    private static let firstReady = 8
    private static let mostReady = LogWriter.defaultMaximumSpares

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
    private let readiness = Guarded(Readiness())

    /// How many segments are to be ready.
    private struct Readiness {
        var target = LogKeeper.firstReady
        var awaited: UInt64 = 0
    }

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
    ///
    /// The sync is one of the whole file, which may take seconds while tables are written to a slow device. So what
    /// commits use up meanwhile decides how many are kept: four times as many as during the longest making so far, and
    /// twice as many as before when a commit had to wait. Beyond the first number, they are replaced by the half, so
    /// that syncs do not become more frequent than they need to be.
    ///
    /// Measured, 1 GB overwritten at random on a busy machine: 190,000 puts/s and pauses of 2 s with eight ready, 230,000
    /// puts/s and pauses of half a second with a number that grows.
    func makeSegments() throws(StoreError) {
        let before = log.statistics
        let target = readiness.withLock { readiness in
            if before.segmentsAwaited > readiness.awaited { readiness.target *= 2 }
            readiness.awaited = before.segmentsAwaited
            readiness.target = min(readiness.target, Self.mostReady)
            return readiness.target
        }
        guard target == Self.firstReady || before.readySegments < target / 2 else { return }
        for target in [2, Self.firstReady / 2, target] { try log.prepareSpares(target: target) }
        let used = log.statistics.segmentsUsed - before.segmentsUsed
        readiness.withLock { $0.target = max($0.target, min(4 * used, Self.mostReady)) }
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
