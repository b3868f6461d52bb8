internal import Synchronization

/// Lets transactions through that have lost several times in a row, oldest first, so that none starves.
///
/// Optimistic transactions that meet on one key can lose for ever: of many that try at once one wins, and it need not
/// be the one that has tried for longest. Whoever has lost a few times takes a ticket and names the keys that it lost
/// on. From then on:
/// 1. Before it runs again, it waits for every older ticket that names some of its keys. So on a key that all want,
///    transactions run one after the other, each once, and nobody's work is thrown away.
/// 2. While it runs, commits that would write what it has named wait until it is through. Those of older tickets do
///    not, so that no two wait for each other; the oldest waits for nobody.
/// 3. If it loses again, on a key that it had not named, it names that too; after a few more losses, everything. Then
///    nobody else commits, and it cannot lose.
///
/// All waiting is bounded. A ticket holds others up for twice as long as the last attempt took, and at most a second;
/// then they go on, and it may lose again. A commit waits for tickets that are older than its wait only, so that a
/// queue of tickets cannot hold it up for ever.
///
/// Where nobody loses repeatedly, a commit pays one load for this.
///
/// Rejected: longer and longer random pauses alone. With eight threads on one key, the unluckiest transaction then
/// needs about a hundred attempts; the pauses of the others are what lets it through, and the processors idle.
final class Precedence: Sendable {
    /// A transaction's place among those that go first: the smaller, the older.
    struct Ticket: Equatable, Sendable {
        fileprivate let number: UInt64
    }

    /// How long a ticket holds others up at most.
    static let longestNanoseconds: UInt64 = 1_000_000_000

    fileprivate struct Holder {
        let number: UInt64
        var ranges: [KeyRange]
        /// Its turn has come, and holds others up until then; 0 while it waits for its turn.
        var endsAt: UInt64 = 0
    }

    private struct State {
        /// The oldest first.
        var holders: [Holder] = []
        var next: UInt64 = 1
    }

    private let state = Guarded(State())
    private let holderCount = Atomic<Int>(0)

    /// Names what a transaction has lost on, with a ticket of its own from the first time on.
    func name(_ keys: KeyRange, for ticket: Ticket?) -> Ticket {
        state.withLock { state in
            if let ticket, let place = state.holders.firstIndex(where: { $0.number == ticket.number }) {
                state.holders[place].endsAt = 0
                if !state.holders[place].ranges.contains(keys) { state.holders[place].ranges.append(keys) }
                return ticket
            }
            let number = state.next
            state.next += 1
            state.holders.append(Holder(number: number, ranges: [keys]))
            holderCount.store(state.holders.count, ordering: .sequentiallyConsistent)
            return Ticket(number: number)
        }
    }

    /// Waits until no older ticket names any of the same keys, and begins the ticket's turn.
    ///
    /// - Parameters:
    ///   - nanoseconds: How long it may hold others up.
    ///   - deadline: The turn begins then at the latest, whoever is older.
    ///   - cancellation: The wait ends when it is cancelled, and ``wake()`` called.
    func waitForTurn(
        _ ticket: Ticket, lasting nanoseconds: UInt64, deadline: UInt64 = .max, cancellation: Cancellation? = nil
    ) {
        let allowance = min(nanoseconds, Self.longestNanoseconds)
        waitWhile(deadline: deadline) { state, now in
            if cancellation?.isCancelled == true { return nil }
            guard let place = state.holders.firstIndex(where: { $0.number == ticket.number }) else { return nil }
            let own = state.holders[place]
            let older = state.holders[..<place].filter { older in
                older.isHolding(at: now)
                    && older.ranges.contains { range in own.ranges.contains { $0.overlaps(range) } }
            }
            guard older.isEmpty || now >= deadline else { return older.compactMap(\.lapse).min() ?? .max }
            state.holders[place].endsAt = now + allowance
            return nil
        }
        // Those who found it waiting do not know so far when its turn lapses.
        state.notifyAll()
    }

    /// Waits until a commit of `writes` holds nobody back who goes first.
    ///
    /// - Parameters:
    ///   - ticket: The committing transaction's own.
    ///   - cancellation: The wait ends when it is cancelled, and ``wake()`` called.
    @inline(__always)
    func waitToCommit(_ writes: WriteSet, ticket: Ticket?, cancellation: Cancellation? = nil) {
        guard holderCount.load(ordering: .sequentiallyConsistent) > 0 else { return }
        waitBehindHolders(writes, ticket: ticket, cancellation: cancellation)
    }

    @inline(never)
    private func waitBehindHolders(_ writes: WriteSet, ticket: Ticket?, cancellation: Cancellation?) {
        let limit = ticket?.number ?? state.withLock { $0.next }
        waitWhile(deadline: .max) { state, now in
            if cancellation?.isCancelled == true { return nil }
            return state.holders.filter { holder in
                holder.number < limit && holder.isRunning(at: now) && holder.ranges.contains(where: writes.changes)
            }.compactMap(\.lapse).min()
        }
    }

    /// The transaction has ended, one way or the other.
    func end(_ ticket: Ticket) {
        state.withLock { state in
            state.holders.removeAll { $0.number == ticket.number }
            holderCount.store(state.holders.count, ordering: .sequentiallyConsistent)
        }
        state.notifyAll()
    }

    /// Has all that wait look again: something was cancelled.
    func wake() {
        // With the lock held in between, nobody has looked before and not gone to sleep so far.
        state.withLock { _ in }
        state.notifyAll()
    }

    /// Sleeps as long as `body` says until when, and the state does not change.
    private func waitWhile(deadline: UInt64, _ body: (inout State, UInt64) -> UInt64?) {
        while true {
            var until: UInt64?
            let first = state.withLock { state -> UInt64? in
                until = body(&state, SystemClock.monotonicNanoseconds)
                return until
            }
            guard let first else { return }
            let now = SystemClock.monotonicNanoseconds
            let wake = min(first, deadline)
            let milliseconds = wake == .max ? nil : wake > now ? Int((wake - now) / 1_000_000) + 1 : 0
            let hasChanged: Void? = state.wait(timeoutMilliseconds: milliseconds) { state in
                until = body(&state, SystemClock.monotonicNanoseconds)
                return until == first ? nil : ()
            }
            if hasChanged != nil, until == nil { return }
        }
    }

    /// How many tickets there are.
    var count: Int { holderCount.load(ordering: .sequentiallyConsistent) }
}

extension Precedence.Holder {
    /// When it stops holding others up; `nil` while its turn has not come.
    fileprivate var lapse: UInt64? { endsAt == 0 ? nil : endsAt }

    /// Whether younger ones wait for it: it waits itself, or has its turn.
    fileprivate func isHolding(at now: UInt64) -> Bool { endsAt == 0 || now < endsAt }

    /// Whether it has its turn.
    fileprivate func isRunning(at now: UInt64) -> Bool { endsAt != 0 && now < endsAt }
}

extension WriteSet {
    /// Whether any operation changes a key of `range`.
    fileprivate func changes(_ range: KeyRange) -> Bool {
        var operations = WriteOperations(verified: operations)
        while let operation = operations.next() {
            if operation.kind == .rangeTombstone {
                let deleted = KeyRange(from: operation.key.array, upTo: operation.upperBound?.array)
                if range.overlaps(deleted) { return true }
            } else if range.holds(operation.key) {
                return true
            }
        }
        return false
    }
}
