import LSMTx
import LSMTxSpecs
import Testing

// Release builds cannot have the faults.
#if DEBUG
/// A store with a fault does, under threads, what both checkers reject; the same recordings without it they accept.
@Suite struct FaultyStoreTests {
    struct Case: CustomStringConvertible, Sendable {
        let fault: SeededFaults
        let workload: Workload
        let level: Level
        var crashes = 0

        var description: String { "fault \(fault.rawValue), \(workload.rawValue) at \(level.rawValue)" }
    }

    static let cases = [
        Case(fault: .skipReadValidation, workload: .ring, level: .serializable),
        Case(fault: .skipReadValidation, workload: .listAppend, level: .serializable),
        Case(fault: .trackYieldedKeys, workload: .rangeAppend, level: .serializable),
        Case(fault: .skipWriteConflicts, workload: .bank, level: .snapshot),
        Case(fault: .reuseReadTimestamp, workload: .register, level: .snapshot),
        Case(fault: .scanNewest, workload: .rangeAppend, level: .snapshot),
        Case(fault: .acknowledgeBeforeSync, workload: .register, level: .readCommitted, crashes: 8),
    ]

    private static func check(_ which: Case, seed: UInt64, _ faults: SeededFaults) throws -> HistoryCheck {
        var options = RecordingOptions(which.workload, at: which.level)
        (options.transactions, options.threads, options.crashes) = (600, 8, which.crashes)
        options.seed = seed
        options.seededFaults = faults
        return HistoryCheck.run(try History(Recorder.record(options).events), isStrict: true)
    }

    /// How threads interleave is the system's choice, so that a fault may do nothing in some recording.
    @Test(arguments: cases) func theFaultIsFound(_ which: Case) throws {
        var found = (replay: false, graph: false)
        for seed in 0..<30 as Range<UInt64> where !(found.replay && found.graph) {
            let check = try Self.check(which, seed: seed, which.fault)
            found.replay = found.replay || !check.replay.verdict.accepts(check.model, realTime: true)
            found.graph = found.graph || !check.graph.verdict.accepts(check.model, realTime: true)
        }
        #expect(found.replay && found.graph, "\(which): \(found)")
        #expect(try Self.check(which, seed: 0, []).isAccepted, "\(which)")
    }
}
#endif
