/// Two parts of a compaction, of which the second may be merged by a helper thread beside the first.
///
/// 1. The caller merges the first part. At each of its steps it asks whether both processors may be used now, and tells
///    the helper.
/// 2. The helper begins the second part when they may. At each step it asks too, and when they may not, it waits until
///    they may again, or the caller has nothing to do: so one processor is in use at most, while somebody else needs
///    the other.
/// 3. When the caller is done with the first part and the helper has not begun, the first part takes the second over.
///    Else the caller waits for the helper, and does what its own pauses are for meanwhile: flushing goes on.
/// 4. A part that fails or is stopped ends the other at its next step. The helper has ended when this returns.
///
/// The helper lives for one compaction: making a thread takes some 30 us, and the smallest one that is split takes
/// tens of milliseconds.
struct CompactionPair {
    private struct State {
        var mayHelp = false
        /// Whether the caller merges or flushes.
        var isCallerBusy = true
        /// Who has begun the second part.
        var owner = Owner.nobody
        var isStopping = false
        /// The helper's.
        var outcome: Result<Bool, StoreError>?
    }

    private enum Owner { case nobody, caller, helper }

    private let first: CompactionPart
    private let second: CompactionPart
    private let state = Guarded(State())

    init(_ first: CompactionPart, _ second: CompactionPart) {
        self.first = first
        self.second = second
    }

    /// Merges both.
    ///
    /// - Parameters:
    ///   - mayHelp: Whether both processors may be used now; called on both threads.
    ///   - shouldStop: Whether to give up.
    ///   - pause: Does what is more urgent.
    /// - Returns: `false` when it was stopped.
    func run(
        mayHelp: @escaping @Sendable () -> Bool, shouldStop: () -> Bool, pause: () -> Void
    ) throws(StoreError) -> Bool {
        let state = state
        let second = second
        // Without a thread to be had, the caller does all.
        let helper = try? WorkerThread(name: "merge") { Self.help(second, state, mayHelp) }
        defer {
            stop()
            helper?.join()
        }
        let firstPause = {
            pause()
            Self.tell(state, mayHelp())
        }
        guard
            try first.run(
                takesOver: takeOver, shouldStop: { shouldStop() || hasHelperFailed }, pause: firstPause)
        else { return try endEarly() }
        return takeOver() ? true : try waitForHelper(shouldStop: shouldStop, pause: pause)
    }

    /// Whether the second part is the caller's now.
    private func takeOver() -> Bool {
        state.withLock { state in
            if state.owner == .nobody { state.owner = .caller }
            return state.owner == .caller
        }
    }

    private var hasHelperFailed: Bool { state.withLock { $0.outcome.map { (try? $0.get()) != true } ?? false } }

    private func stop() {
        state.withLock { $0.isStopping = true }
        state.notifyAll()
    }

    /// The first part was stopped: because the second one failed, or by whoever may.
    private func endEarly() throws(StoreError) -> Bool {
        _ = try state.withLock { $0.outcome }?.get()
        return false
    }

    private func waitForHelper(shouldStop: () -> Bool, pause: () -> Void) throws(StoreError) -> Bool {
        while true {
            setCallerBusy(false)
            let outcome = state.wait(timeoutMilliseconds: Self.waitMilliseconds) { $0.outcome }
            if let outcome { return try outcome.get() }
            if shouldStop() { stop() }
            setCallerBusy(true)
            pause()
        }
    }

    /// How long a flush waits at most for a caller that waits for the helper.
    private static let waitMilliseconds = 5

    private func setCallerBusy(_ isBusy: Bool) {
        state.withLock { $0.isCallerBusy = isBusy }
        state.notifyAll()
    }

    private static func tell(_ state: Guarded<State>, _ mayHelp: Bool) {
        let isNews = state.withLock { state in
            defer { state.mayHelp = mayHelp }
            return mayHelp && !state.mayHelp
        }
        if isNews { state.notifyAll() }
    }

    /// The helper's life.
    private static func help(_ part: CompactionPart, _ state: Guarded<State>, _ mayHelp: () -> Bool) {
        let begins = state.wait { state -> Bool? in
            if state.isStopping || state.owner == .caller { return false }
            guard state.mayHelp else { return nil }
            state.owner = .helper
            return true
        }
        guard begins == true else { return }
        let outcome = Result { () throws(StoreError) in
            try part.run(shouldStop: { state.withLock { $0.isStopping } }, pause: { waitForTurn(state, mayHelp) })
        }
        state.withLock { $0.outcome = outcome }
        state.notifyAll()
    }

    private static func waitForTurn(_ state: Guarded<State>, _ mayHelp: () -> Bool) {
        tell(state, mayHelp())
        _ = state.wait { $0.mayHelp || !$0.isCallerBusy || $0.isStopping ? true : nil }
    }
}
