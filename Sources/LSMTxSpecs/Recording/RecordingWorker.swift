internal import LSMTx
internal import LSMTxSimulation

/// What one thread does between two crashes.
struct RecordingWorker {
    let level: Level
    let log: EventLog
    let steps: WorkloadSteps
    let store: RecordedStore
    let power: PowerCut
    var random: SeededGenerator

    /// Runs transactions until there are none left or the power is gone.
    ///
    /// - Parameter process: Whom they are of.
    /// - Returns: Whom the thread's next one would be of, and why the thread could not go on.
    mutating func run(as process: Int) -> (Int, (any Error)?) {
        var process = process
        while let begun = log.begin(process) {
            if begun.bringsCrash { power.arm() }
            var failure: (any Error)?
            let (kind, work) = transact(&failure)
            // After `info` nobody knows what the process is doing, so it does nothing more.
            if !log.end(begun, kind, work) { process = log.newProcess() }
            if let failure { return (process, failure) }
            tend()
        }
        return (process, nil)
    }

    private mutating func transact(_ failure: inout (any Error)?) -> (HistoryEvent.Kind, EventLog.Work) {
        var transaction: RecordedTransaction?
        do {
            let made = RecordedTransaction(
                try store.database.begin(level.isolation), level: level, random: SeededGenerator(seed: random.next()))
            transaction = made
            try steps.run(made, &random)
            if Int.random(in: 0..<32, using: &random) == 0 {
                made.rollback()
                return (.fail, made.work)
            }
            try made.commit()
            return (.ok, made.work)
        } catch {
            let work = transaction?.work ?? EventLog.Work()
            guard let error = error as? StoreError else {
                failure = error
                return (.info, work)
            }
            if error.code == .conflict { return (.fail, work) }
            // Only a device that fails makes the store fail, and only while a crash is due.
            if !power.cutAfterFailure() { failure = error }
            return (error.code == .outcomeUnknown ? .info : .fail, work)
        }
    }

    /// Now and then has the store tidy up, so that versions and conflicts outlive flushes and compactions.
    private mutating func tend() {
        switch Int.random(in: 0..<2_000, using: &random) {
        // What fails here fails for the next commit too, which says so.
        case 0..<4: try? store.database.flush()
        case 4: try? store.database.compact()
        default: break
        }
    }
}
