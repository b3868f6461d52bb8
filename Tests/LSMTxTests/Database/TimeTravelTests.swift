import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct TimeTravelTests {
    #if DEBUG
    static let seeds = 8
    static let steps = 500
    #else
    static let seeds = 200
    static let steps = 1_500
    #endif

    @Test(arguments: 0..<seeds)
    func everyStateThatIsKeptReadsAsItWasAndNoOtherCanBeRead(seed: Int) throws {
        var run = TimeTravelRun(seed: UInt64(seed))
        do { try run.run(steps: Self.steps) } catch { Issue.record("\(error)") }
        #expect(run.statesCompared > Self.steps / 4)
    }

    @Test func theWorkloadDropsVersionsAndMeetsTheFloor() throws {
        var (dropped, refused): (UInt64, Int) = (0, 0)
        for seed in 1_000..<UInt64(1_004) {
            var run = TimeTravelRun(seed: seed)
            do { try run.run(steps: Self.steps) } catch { Issue.record("\(error)") }
            dropped += run.droppedVersions
            refused += run.statesRefused
        }
        #expect(dropped > 0 && refused > 0)
    }
}
