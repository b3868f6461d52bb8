import LSMTx
import LSMTxTestSupport
import Testing

/// Random transactions in one thread, each history judged exactly: see ``IsolationJudge``.
@Suite struct IsolationOracleTests {
    #if DEBUG
    static let histories = 150
    #else
    static let histories = 25_000
    #endif

    private static let mixtures = IsolationLevel.allCases.map { [$0] } + [IsolationLevel.allCases]

    /// What happened, so that the histories are known to show something.
    private struct Work {
        var commits = 0
        var conflicts = 0
        var storeSteps = 0
        /// Histories that a stricter level would not have let happen.
        var anomalies = 0
    }

    @Test(arguments: mixtures, KeyLayout.all)
    func everyHistoryIsRight(levels: [IsolationLevel], layout: KeyLayout) throws {
        let subject = try EngineSubject(layout)
        var options = IsolationRun<EngineSubject>.Options(levels: levels)
        options.hasGaps = layout.hasGaps
        var work = Work()
        // Other histories for each layout.
        let first = (KeyLayout.all.firstIndex { $0.name == layout.name } ?? 0) * Self.histories
        for seed in first..<first + Self.histories {
            let history = try IsolationRun.history(of: subject, options, seed: UInt64(seed))
            let findings = IsolationJudge.findings(in: history)
            guard findings.isEmpty else {
                Issue.record("seed \(seed): \(findings)\n\(history)")
                return
            }
            Self.count(history, &work)
        }
        let hasWeak = levels != [.serializable]
        #expect(work.commits > Self.histories)
        #expect(levels == [.readCommitted] ? work.conflicts == 0 : work.conflicts > Self.histories / 20)
        #expect(hasWeak ? work.anomalies > 0 : work.anomalies == 0)
        #expect(work.storeSteps > Self.histories / 4)
    }

    private static func count(_ history: IsolationHistory, _ work: inout Work) {
        for entry in history.entries {
            switch entry.step {
            case .commit(.committed): work.commits += 1
            case .commit(.conflict(_)): work.conflicts += 1
            case .flush, .compact: work.storeSteps += 1
            default: break
            }
        }
        if !OrderSearch.canExplain(history, at: .serializable) { work.anomalies += 1 }
    }
}
