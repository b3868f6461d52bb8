import LSMTxTestSupport
import Testing

/// The judge against a store of plain arrays: right histories pass, and each flaw is found.
@Suite struct IsolationJudgeTests {
    #if DEBUG
    static let histories = 1_000
    static let historiesPerFlaw = 10_000
    #else
    static let histories = 50_000
    static let historiesPerFlaw = 20_000
    #endif

    private static let mixtures = IsolationLevel.allCases.map { [$0] } + [IsolationLevel.allCases]

    @Test(arguments: mixtures)
    func rightHistoriesPass(levels: [IsolationLevel]) throws {
        let store = FlawedStore(nil)
        for seed in 0..<Self.histories {
            let history = try IsolationRun.history(of: store, .init(levels: levels), seed: UInt64(seed))
            let findings = IsolationJudge.findings(in: history)
            guard findings.isEmpty else {
                Issue.record("seed \(seed): \(findings)\n\(history)")
                return
            }
        }
    }

    @Test(arguments: Flaw.allCases)
    func everyFlawIsFound(flaw: Flaw) throws {
        for seed in 0..<Self.historiesPerFlaw {
            let store = FlawedStore(flaw)
            let history = try IsolationRun.history(
                of: store, .init(levels: [flaw.level], storeSteps: 60), seed: UInt64(seed))
            if !IsolationJudge.findings(in: history).isEmpty { return }
        }
        Issue.record("\(flaw) was not found")
    }
}
