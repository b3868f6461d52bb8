import LSMTxSimulation
import LSMTxSpecs
import Testing

/// The two checkers against all orders, on histories of up to five transactions.
@Suite struct AgreementTests {
    #if DEBUG
    static let rounds = 2_000
    #else
    static let rounds = 100_000
    #endif

    static func events(_ seed: UInt64, crashes: Bool) -> (events: [HistoryEvent], SimulatedStore.Style, Bool) {
        var random = SeededGenerator(seed: seed)
        let style = SimulatedStore.Style.allCases.randomElement(using: &random) ?? .lists
        var store = SimulatedStore(
            level: Level.allCases.randomElement(using: &random) ?? .snapshot, style: style,
            keys: Array(["a", "b", "c"].prefix(Int.random(in: 1...3, using: &random))),
            hasSnapshots: Bool.random(using: &random), crashes: crashes)
        let readsAll = Int.random(in: 0..<5, using: &random) > 0
        store.run(
            transactions: Int.random(in: 1...4, using: &random), processes: Int.random(in: 1...4, using: &random),
            readsAllAtEnd: readsAll, &random)
        var events = store.events
        let isCorrupt = Int.random(in: 0..<4, using: &random) > 0
        if isCorrupt {
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                events = Corruption.allCases.randomElement(using: &random)?.apply(to: events, &random) ?? events
            }
        }
        return (events, style, isCorrupt)
    }

    /// Judges both ways; empty if they agree.
    private static func difference(
        _ verdict: Verdict, _ oracle: BruteForce, _ seed: UInt64, _ history: History
    ) -> String? {
        for realTime in [false, true] {
            let (mine, theirs) = (verdict.strongest(realTime: realTime), oracle.strongest(realTime: realTime))
            if mine != theirs {
                let story = history.transactions.map { transaction in
                    let times = "\(transaction.snapshot ?? 0)..\(transaction.commit ?? 0)"
                    let place = "\(transaction.invoked)-\(transaction.completed ?? -1)"
                    return "\(transaction.outcome) \(times) at \(place): \(transaction)"
                }
                return """
                    seed \(seed), real time \(realTime): \(mine?.rawValue ?? "none"), but all orders say \
                    \(theirs?.rawValue ?? "none")
                    \(verdict)
                    \(story.joined(separator: "\n"))
                    """
            }
        }
        return nil
    }

    @Test func bothCheckersAgreeWithTryingEveryOrder() throws {
        var decided: [String: Int] = [:]
        for seed in 0..<UInt64(Self.rounds) {
            var (events, style, _) = Self.events(seed, crashes: false)
            guard let history = try? History(events) else { continue }
            let replay = TimestampReplay.check(history)
            if replay.undecided.isEmpty, replay.counts["timestamps"] == nil {
                decided["replay \(replay.strongest()?.rawValue ?? "none")", default: 0] += 1
                if let difference = Self.difference(replay, BruteForce(history, order: .recorded), seed, history) {
                    Issue.record("replay, \(difference)")
                    return
                }
            }
            // Lists show their order themselves, so the graph must do without the timestamps.
            if style == .lists { for index in events.indices { events[index].commit = nil } }
            let untimed = try History(events)
            let graph = DependencyGraph.check(untimed)
            let oracle = BruteForce(untimed, order: style == .lists ? .any : .perKey)
            if graph.undecided.isEmpty {
                decided["graph \(style) \(graph.strongest()?.rawValue ?? "none")", default: 0] += 1
                if let difference = Self.difference(graph, oracle, seed, untimed) {
                    Issue.record("graph, \(difference)")
                    return
                }
            }
        }
        for model in ["none"] + IsolationModel.allCases.map(\.rawValue) {
            for checker in ["replay", "graph lists", "graph registers"] {
                #expect(decided["\(checker) \(model)", default: 0] > Self.rounds / 1_000, "\(checker) \(model)")
            }
        }
    }

    @Test func correctExecutionsAreAccepted() throws {
        for seed in Array(0..<UInt64(Self.rounds / 4)) + [2_208, 4_508] {
            let (events, _, isCorrupt) = Self.events(seed, crashes: seed % 2 == 0)
            guard !isCorrupt, let level = events.first?.level else { continue }
            let history = try History(events)
            let model: IsolationModel =
                switch level {
                case .readCommitted: .readCommitted
                case .snapshot: .snapshotIsolation
                case .serializable: .strictSerializable
                }
            for verdict in [TimestampReplay.check(history), DependencyGraph.check(history)] {
                #expect(verdict.accepts(model, realTime: true), "seed \(seed), \(level): \(verdict)")
                if !verdict.accepts(model, realTime: true) { return }
            }
        }
    }
}
