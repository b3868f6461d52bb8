/// The attempts of one `write`: when the next one begins, and whether there is one.
///
/// After each loss there is a pause, longer each time and not as long as anybody else's. Whoever has lost a few times
/// goes first from then on (``Precedence``), and waits for its turn instead.
struct Attempts: ~Copyable {
    private static let firstPauseMicroseconds = 20
    private static let longestPauseMicroseconds = 20_000
    /// So many losses give precedence on the keys that were lost on.
    private static let patience = 3
    /// And so many on everything.
    private static let lastPatience = 16

    private let core: DatabaseCore
    private let policy: RetryPolicy
    private let cancellation: Cancellation?
    private let started = SystemClock.monotonicNanoseconds
    private var attemptStarted: UInt64
    /// The present attempt, from 1.
    private(set) var number = 1
    /// The place among those that go first, once there is one.
    private(set) var ticket: Precedence.Ticket?

    init(core: DatabaseCore, policy: RetryPolicy, cancellation: Cancellation?) {
        self.core = core
        self.cancellation = cancellation
        self.policy = policy
        attemptStarted = started
    }

    /// Waits until the next attempt should begin.
    ///
    /// - Parameters:
    ///   - error: Why this one failed.
    ///   - conflict: What its commit lost on; `nil` when the closure has thrown the error of some other transaction,
    ///     whose keys and timestamps may be those of another store.
    /// - Throws: `error`, when there is no further attempt, with advice for that case; `interrupted`.
    mutating func prepareNext(after error: StoreError, conflict: Conflict?) throws(StoreError) {
        let now = SystemClock.monotonicNanoseconds
        guard number < policy.maximumAttempts, now < deadline else { throw givingUp(error, conflict) }
        if let conflict { core.pipeline?.waitUntilPublished(conflict.committedAt) }
        if let conflict, number >= Self.patience {
            let keys = number < Self.lastPatience ? conflict.keys : .all
            let named = core.precedence.name(keys, for: ticket)
            ticket = named
            // Twice as long as the last attempt took, and some for being put aside by the system.
            let allowance = 2 * (now - attemptStarted) + 10_000_000
            core.precedence.waitForTurn(named, lasting: allowance, deadline: deadline, cancellation: cancellation)
            guard SystemClock.monotonicNanoseconds < deadline else { throw givingUp(error, conflict) }
        } else {
            let limit = min(Self.firstPauseMicroseconds << min(number - 1, 16), Self.longestPauseMicroseconds)
            SystemClock.sleep(microseconds: Int.random(in: 0...limit))
        }
        try cancellation?.check()
        number += 1
        attemptStarted = SystemClock.monotonicNanoseconds
    }

    /// The commit's error, whose advice is to run the transaction again, as `write` does by itself: no help to those who
    /// have it from `write`.
    private func givingUp(_ error: StoreError, _ conflict: Conflict?) -> StoreError {
        guard conflict != nil else { return error }
        return StoreError(
            error.code, error.message,
            remedy: "`write` gave up after attempt \(number): call it again later, or allow more by its `retry`.",
            at: error.location, errorNumber: error.errorNumber, conflict: error.conflict)
    }

    private var deadline: UInt64 {
        guard let timeout = policy.timeout else { return .max }
        let (seconds, attoseconds) = timeout.components
        guard seconds >= 0, attoseconds >= 0 else { return started }
        let nanoseconds = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
        guard !nanoseconds.overflow else { return .max }
        let sum = nanoseconds.partialValue.addingReportingOverflow(started + UInt64(attoseconds / 1_000_000_000))
        return sum.overflow ? .max : sum.partialValue
    }

    /// No further attempt is made.
    mutating func end() {
        if let ticket { core.precedence.end(ticket) }
        ticket = nil
    }
}
