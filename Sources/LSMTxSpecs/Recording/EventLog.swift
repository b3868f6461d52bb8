internal import LSMTx

/// The history while it is made, by many threads.
///
/// Real time is what the strict models are about, so the order of the events must not be stricter than it was: an
/// invocation is noted before the transaction begins, a completion after its commit has returned, each with the lock
/// held. What ends after the power was cut ends as `info`: nobody was told.
final class EventLog: Sendable {
    /// A transaction that was begun.
    struct Begun: Sendable {
        /// The place of its invocation.
        let place: Int
        let process: Int
        /// Whether its thread is to bring about a crash.
        let bringsCrash: Bool
    }

    /// What a transaction did.
    struct Work: Sendable {
        var operations: [MicroOperation] = []
        var snapshot: UInt64?
        var commit: UInt64?
    }

    private struct State {
        var events: [HistoryEvent] = []
        var left: Int
        var crashesAt: [Int]
        var processes = 0
        var hasPower = true
        var awaitsCrash = false
        /// The places of the `info` events since the last recovery.
        var unknown: [Int] = []
        var survived = 0
    }

    private let state: Guarded<State>
    private let start = SystemClock.monotonicNanoseconds
    private let level: Level

    /// - Parameters:
    ///   - level: The level of all transactions.
    ///   - transactions: How many may be begun.
    ///   - crashesAt: With how many left to begin a crash is due, in any order.
    init(level: Level, transactions: Int, crashesAt: [Int]) {
        self.level = level
        state = Guarded(State(left: transactions, crashesAt: crashesAt.sorted()))
    }

    func newProcess() -> Int {
        state.withLock { state in
            defer { state.processes += 1 }
            return state.processes
        }
    }

    /// Notes that a transaction begins.
    ///
    /// - Parameter isCounted: Whether it is one of those that the workload may begin.
    /// - Returns: `nil` when there are none left, or the power is off.
    func begin(_ process: Int, isCounted: Bool = true) -> Begun? {
        state.withLock { state in
            guard state.hasPower, !isCounted || state.left > 0 else { return nil }
            var bringsCrash = false
            if isCounted {
                state.left -= 1
                bringsCrash = takeCrash(&state)
            }
            let place = note(.invoke, process, Work(), &state)
            return Begun(place: place, process: process, bringsCrash: bringsCrash)
        }
    }

    /// One crash at a time: the next one waits until the store is open again.
    private func takeCrash(_ state: inout State) -> Bool {
        guard !state.awaitsCrash, let next = state.crashesAt.last, state.left < next else { return false }
        state.crashesAt.removeLast()
        state.awaitsCrash = true
        return true
    }

    /// Whether a crash is still due although all transactions have begun. It is the caller's then.
    func takeLastCrash() -> Bool { state.withLock { $0.left == 0 && takeCrash(&$0) } }

    /// Notes how a transaction ended.
    ///
    /// - Returns: Whether its process may do another one.
    func end(_ begun: Begun, _ kind: HistoryEvent.Kind, _ work: Work) -> Bool {
        state.withLock { state in
            // What surely was not applied stays so.
            let kind = state.hasPower || kind == .fail ? kind : .info
            var work = work
            if kind != .ok { work.commit = nil }
            let place = note(kind, begun.process, work, &state)
            // It was not known at its beginning what it was going to do, since some of it follows from what it read.
            state.events[begun.place].operations = work.operations.map(\.unanswered)
            if kind == .info { state.unknown.append(place) }
            return kind != .info
        }
    }

    private func note(_ kind: HistoryEvent.Kind, _ process: Int, _ work: Work, _ state: inout State) -> Int {
        state.events.append(
            HistoryEvent(
                index: state.events.count, time: Int(SystemClock.monotonicNanoseconds - start), process: process,
                kind: kind, operations: work.operations, level: level, snapshot: work.snapshot, commit: work.commit))
        return state.events.count - 1
    }

    /// From now on nothing is acknowledged.
    ///
    /// - Returns: Whether it was on until now.
    func cutPower() -> Bool {
        state.withLock { state in
            defer { state.hasPower = false }
            return state.hasPower
        }
    }

    func restorePower() { state.withLock { ($0.hasPower, $0.awaitsCrash) = (true, false) } }

    /// Those whose outcome nobody was told since the last recovery, for the store to say it.
    ///
    /// - Parameter commit: Returns the commit timestamp of a transaction that took effect.
    func settleUnknown(_ commit: ([MicroOperation]) throws -> UInt64?) throws {
        let (places, events) = state.withLock { state in
            defer { state.unknown = [] }
            return (state.unknown, state.unknown.map { state.events[$0] })
        }
        for (place, event) in zip(places, events) {
            guard let timestamp = try commit(event.operations) else { continue }
            state.withLock { state in
                state.events[place].commit = timestamp
                state.survived += 1
            }
        }
    }

    /// Everything so far.
    var recording: Recording {
        state.withLock { state in
            var recording = Recording(events: state.events)
            recording.survived = state.survived
            for event in state.events {
                switch event.kind {
                case .invoke: break
                case .ok: recording.committed += 1
                case .fail: recording.aborted += 1
                case .info: recording.unknown += 1
                }
            }
            return recording
        }
    }
}
