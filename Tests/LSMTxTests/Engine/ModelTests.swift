import LSMTx
import LSMTxTestSupport
import Testing

/// Random operations against the engine and the model at once.
@Suite struct ModelTests {
    #if DEBUG
    static let seeds = 4
    static let operations = 1_500
    #else
    static let seeds = 50
    static let operations = 40_000
    #endif

    @Test(arguments: 0..<seeds)
    func theEngineAnswersLikeTheModel(seed: Int) throws {
        // Every fifth run has the background threads, whose timing no seed determines.
        let run = try ModelRun(seed: UInt64(seed), background: seed % 5 == 4)
        for step in 0..<Self.operations {
            do {
                try run.step()
            } catch {
                Issue.record("seed \(seed), step \(step): \(error)")
                return
            }
        }
        do { try run.finish() } catch { Issue.record("seed \(seed), at the end: \(error)") }
        #if !DEBUG
        let work = run.work
        #expect(work.compactions > 0, "seed \(seed)")
        #expect(min(work.rangeDeletes, work.largeValues, work.namedReads) > 0, "seed \(seed)")
        #expect(min(work.travels, work.refusedTravels) > 0, "seed \(seed)")
        #endif
    }
}
