internal import CLSMTxShims
internal import Synchronization

/// A transaction that waits for its commit. It lives in the committing thread's stack frame until it is done.
///
/// Whoever finishes a request reads `next` before it stores ``Phase/done``: from that store on, the memory may be gone.
struct CommitRequest: ~Copyable {
    /// What the committing thread is to do next.
    enum Phase {
        static let waiting: UInt32 = 0
        /// Waiting, and asleep on the phase's word.
        static let sleeping: UInt32 = 1
        /// It has become the leader of everything that has arrived.
        static let leading: UInt32 = 2
        static let done: UInt32 = 3
    }

    /// How the commit ended.
    enum Outcome: UInt8 {
        case committed
        case conflict
        /// Refused before anything was written; `failure` says why.
        case refused
        /// Written at least in part, and then the device failed.
        case unknown
    }

    /// First, so that the request's address is the address of the word that its thread sleeps on.
    fileprivate let phase = Atomic<UInt32>(Phase.waiting)

    /// Set anew by the leader once it has resolved the mutations, as the next two are.
    var operations: BorrowedBytes
    var operationCount: Int
    /// The hash of each operation's key; of a range tombstone's, nothing.
    var hashes: UnsafePointer<UInt64>
    /// What the operations take in a memtable at most.
    let memtableBytes: Int
    /// What must not have changed; `nil` when the commit depends on nothing.
    let conflictSet: ConflictSet?
    /// Nothing of that had been changed up to this timestamp, since the transaction began.
    let validatedUpTo: Timestamp
    /// The transaction's label, for those that conflict with it.
    let label: String?
    let isDurable: Bool
    /// Where the operations are, if some are mutations that the leader has to resolve.
    let mutations: WriteSet?

    var next: UnsafeMutablePointer<CommitRequest>?
    var outcome = Outcome.committed
    var timestamp = Timestamp.zero
    /// What had changed.
    var conflict: ConflictSet.Change?
    /// Why it was refused. Written by the leader before the phase changes, taken by the committing thread after.
    var failure: StoreError?

    init(
        operations: BorrowedBytes, operationCount: Int, hashes: UnsafePointer<UInt64>, memtableBytes: Int,
        conflictSet: ConflictSet?, validatedUpTo: Timestamp, label: String? = nil, isDurable: Bool,
        mutations: WriteSet? = nil
    ) {
        self.operations = operations
        self.operationCount = operationCount
        self.hashes = hashes
        self.memtableBytes = memtableBytes
        self.conflictSet = conflictSet
        self.validatedUpTo = validatedUpTo
        self.label = label
        self.isDurable = isDurable
        self.mutations = mutations
    }
}

extension UnsafeMutablePointer where Pointee == CommitRequest {
    /// Spins this often before it sleeps: about a microsecond. A sleeping thread costs its waker a system call, but on
    /// few cores a spinning one keeps the leader from running.
    private static var spinLimit: Int { 60 }

    var currentPhase: UInt32 { pointee.phase.load(ordering: .acquiring) }

    /// Returns when the request is done or has become the leader.
    func waitForPhase() -> UInt32 {
        for _ in 0..<Self.spinLimit {
            let phase = currentPhase
            if phase >= CommitRequest.Phase.leading { return phase }
            lsmtx_pause()
        }
        let slept = pointee.phase.compareExchange(
            expected: CommitRequest.Phase.waiting, desired: CommitRequest.Phase.sleeping,
            ordering: .acquiringAndReleasing)
        guard slept.exchanged else { return slept.original }
        while true {
            let phase = currentPhase
            if phase >= CommitRequest.Phase.leading { return phase }
            lsmtx_futex_wait(phaseWord, CommitRequest.Phase.sleeping, -1)
        }
    }

    /// Moves the request to `phase` and wakes its thread if it sleeps. With `done`, the memory may be gone afterwards;
    /// a wake-up on an address that is used for something else by then is only a spurious one there.
    func enter(_ phase: UInt32) {
        let word = phaseWord
        let old = pointee.phase.exchange(phase, ordering: .acquiringAndReleasing)
        if old == CommitRequest.Phase.sleeping { lsmtx_futex_wake(word, 1) }
    }

    /// Takes back a move to ``CommitRequest/Phase/leading`` that has been followed. The caller holds the baton.
    func resetPhase() { pointee.phase.store(CommitRequest.Phase.waiting, ordering: .relaxed) }

    private var phaseWord: UnsafePointer<UInt32> { UnsafeRawPointer(self).assumingMemoryBound(to: UInt32.self) }
}
