internal import LSMTx
internal import LSMTxSimulation

/// Records what real threads do to a store, and what it answers.
///
/// 1. Every thread runs one transaction after the other over one database in memory, with everything so small that
///    memtables are flushed and tables compacted all the time. Some transactions are rolled back. One that loses against
///    another is aborted and not tried again.
/// 2. A crash is due when a number of transactions, drawn at random, has begun. Whoever begins the next one brings it
///    about: at once, after some more writes of the device, in the middle of one, or by a write or sync that fails,
///    which the store answers with `outcomeUnknown`.
/// 3. The log stops acknowledging *before* the state is taken that survives: whatever was acknowledged earlier was
///    durable then, since every commit syncs; all others end as `info`. So a lost acknowledged commit is the store's
///    fault, and the strict models may be asked for.
/// 4. The database is abandoned. One of the states that the loss of power can leave, torn sectors included, is opened;
///    one recovery in four loses power itself first. The store is asked for the commit timestamps of those in flight,
///    everything is read, and the threads go on with the same history.
/// 5. In the end everything is read once more, by several processes.
///
/// ```swift
/// let recording = try Recorder.record(RecordingOptions(.register, at: .serializable))
/// let history = try History(recording.events)
/// ```
public enum Recorder {
    /// Runs a workload.
    ///
    /// - Parameter options: What to record.
    /// - Returns: The history.
    /// - Throws: `RecordingProblem` for options that are not possible, and for what the store should not do outside of
    ///   a history: not to open after a crash, or to fail without a reason.
    /// - Complexity: O(*n*) in the number of transactions.
    public static func record(_ options: RecordingOptions) throws -> Recording {
        if let refusal = options.workload.refusal(at: options.level) { throw RecordingProblem(refusal) }
        guard (1...256).contains(options.threads) else { throw RecordingProblem("Use 1 to 256 threads.") }
        guard options.transactions >= 0, options.crashes >= 0 else {
            throw RecordingProblem("There are no fewer than 0 transactions, and no fewer than 0 crashes.")
        }
        guard options.crashes <= options.transactions else {
            throw RecordingProblem("Each crash needs a transaction that it interrupts, so have no more of them.")
        }
        do {
            return try RecordingRun(options).run()
        } catch let error as StoreError {
            throw RecordingProblem("Seed \(options.seed): the store failed: \(error)")
        }
    }
}
