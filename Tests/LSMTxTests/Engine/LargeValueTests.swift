import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct LargeValueTests {
    #if DEBUG
    private static let runs: (seeds: ClosedRange<UInt64>, steps: Int) = (1...6, 250)
    #else
    private static let runs: (seeds: ClosedRange<UInt64>, steps: Int) = (1...60, 1_500)
    #endif

    @Test(arguments: runs.seeds)
    func everyValueHasOneOwnerWhateverHappens(seed: UInt64) throws {
        let run = try LargeValueRun(seed: seed)
        for step in 0..<Self.runs.steps {
            do {
                try run.step()
            } catch {
                Issue.record("seed \(seed), step \(step): \(error)")
                return
            }
        }
        try run.finish()
        #expect(run.compactions > 0, "seed \(seed)")
    }
}
