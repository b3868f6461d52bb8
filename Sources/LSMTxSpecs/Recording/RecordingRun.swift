internal import LSMTx
internal import LSMTxSimulation

/// One recording: its threads, one after another opened store, and what they share.
final class RecordingRun {
    private let options: RecordingOptions
    private let log: EventLog
    private let steps: WorkloadSteps
    /// For what the one thread does that starts the others.
    private var random: SeededGenerator
    private var crashes = 0
    private var crashesInRecovery = 0
    private var epoch: UInt64 = 0
    private var processes: [Int]

    init(_ options: RecordingOptions) {
        self.options = options
        random = SeededGenerator(seed: options.seed)
        var due: Set<Int> = []
        while due.count < options.crashes { due.insert(Int.random(in: 1...options.transactions, using: &random)) }
        log = EventLog(level: options.level, transactions: options.transactions, crashesAt: Array(due))
        steps = WorkloadSteps(options.workload)
        processes = []
    }

    func run() throws -> Recording {
        processes = (0..<options.threads).map { _ in log.newProcess() }
        var store = try RecordedStore.make(
            crashes: options.crashes > 0, seed: random.next(), seededFaults: options.seededFaults)
        if let setUp = steps.setUp { try alone(store, "set up", setUp) }
        while let image = try work(on: store) {
            crashes += 1
            store.abandon()
            store = try recover(image)
            log.restorePower()
            try log.settleUnknown { try store.commit(of: $0) }
            try alone(store, "look", steps.lookAtAll)
        }
        for _ in 0..<3 { try alone(store, "look", steps.lookAtAll) }
        store.abandon()
        var recording = log.recording
        recording.crashes = crashes
        recording.crashesInRecovery = crashesInRecovery
        return recording
    }

    /// Has the threads work until there is nothing left to begin, or the power is gone.
    ///
    /// - Returns: What survives, if the power is gone.
    private func work(on store: RecordedStore) throws -> RecordedStore.Image? {
        epoch += 1
        let shared = Guarded(Shared(processes: processes))
        let power = PowerCut(log: log, store: store, seed: random.next())
        if log.takeLastCrash() { power.arm() }
        let threads = try (0..<options.threads).map { number in
            let seed = options.seed &+ epoch << 32 &+ UInt64(number) << 16
            return try WorkerThread(name: "record") { [options, log, steps] in
                var worker = RecordingWorker(
                    level: options.level, log: log, steps: steps, store: store, power: power,
                    random: SeededGenerator(seed: seed))
                let process = shared.withLock { $0.processes[number] }
                let (last, failure) = worker.run(as: process)
                shared.withLock { shared in
                    shared.processes[number] = last
                    shared.failure = shared.failure ?? failure
                }
            }
        }
        for thread in threads { thread.join() }
        let image = power.end()
        let outcome = shared.withLock { $0 }
        if let failure = outcome.failure { throw failure }
        processes = outcome.processes
        return image
    }

    private struct Shared: Sendable {
        var processes: [Int]
        var failure: (any Error)?
    }

    private func recover(_ image: RecordedStore.Image) throws -> RecordedStore {
        guard Int.random(in: 0..<4, using: &random) == 0 else {
            return try RecordedStore.open(image, seededFaults: options.seededFaults)
        }
        crashesInRecovery += 1
        let again = try RecordedStore.crashWhileOpening(image, seed: random.next())
        return try RecordedStore.open(again, seededFaults: options.seededFaults)
    }

    /// A transaction of a process of its own while nobody else works. It cannot lose.
    private func alone(
        _ store: RecordedStore, _ what: String, _ body: (RecordedTransaction) throws -> Void
    ) throws {
        guard let begun = log.begin(log.newProcess(), isCounted: false) else {
            throw RecordingProblem("The power is off.")
        }
        let transaction = try RecordedTransaction(
            store.database.begin(options.level.isolation), level: options.level, random: random)
        try body(transaction)
        try transaction.commit()
        _ = log.end(begun, .ok, transaction.work)
    }
}
