import LSMTxSimulation
import Testing

@testable import LSMTx

@Suite struct LargeValueTests {
    #if DEBUG
    private static let runs: (seeds: ClosedRange<UInt64>, steps: Int) = (1...6, 300)
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

    #if DEBUG
    private static let crashes = (seeds: UInt64(1)...2, commits: 60, pointsOneIn: 40, everyCall: 23)
    #else
    private static let crashes = (seeds: UInt64(1)...40, commits: 150, pointsOneIn: 12, everyCall: 1)
    #endif

    @Test(arguments: crashes.seeds)
    func everyValueThatALossOfPowerLeavesIsWhole(seed: UInt64) throws {
        let run = LargeValueCrashRun(seed: seed)
        do {
            try run.run(commits: Self.crashes.commits, pointsOneIn: Self.crashes.pointsOneIn, statesPerPoint: 8)
        } catch {
            Issue.record("\(error)")
        }
        #expect(run.states > 50)
    }

    @Test(arguments: FaultTests.effects, [false, true])
    func aFailedCallLosesNoValueAndLeaksNoPage(effect: FaultDevice.Effect, isSticky: Bool) throws {
        let clean = try LargeValueFaultRun()
        try clean.run(nil)
        let calls = clean.device.callCount()
        var call = (FaultTests.effects.firstIndex(of: effect) ?? 0) * 2 % Self.crashes.everyCall + (isSticky ? 1 : 0)
        if Self.crashes.everyCall == 1 { call = 0 }
        while call < calls {
            let fault = FaultDevice.Fault(nil, call: call, isSticky: isSticky, effect)
            do {
                try LargeValueFaultRun().run(fault)
            } catch {
                Issue.record("\(fault): \(error)")
                return
            }
            call += Self.crashes.everyCall
        }
    }
}
