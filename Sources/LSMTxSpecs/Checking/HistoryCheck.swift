/// A history judged by both algorithms against one model.
///
/// ```swift
/// let check = HistoryCheck.run(try HistoryReader.history(of: bytes))
/// print(check.isAccepted, check.forbidden.first ?? "nothing forbidden")
/// ```
public struct HistoryCheck: Sendable {
    /// What one algorithm said.
    public struct Judgement: Sendable {
        /// Its name.
        public let name: String
        /// What it found, against all models.
        public let verdict: Verdict
        /// How long it took.
        public let duration: Duration
    }

    /// What the history must fulfil.
    public let model: IsolationModel
    /// Whether the order must also agree with sessions and real time.
    public let isStrict: Bool
    /// By the commit timestamps.
    public let replay: Judgement
    /// By the cycles of the dependencies.
    public let graph: Judgement
    /// How many transactions there are.
    public let transactions: Int
    /// How many of them committed.
    public let committed: Int
    /// How many were aborted.
    public let aborted: Int
    /// How many gets and scans the committed ones made.
    public let reads: Int

    /// The model that a history's levels promise: that of the weakest one; `nil` if no transaction names its level.
    ///
    /// - Parameter history: The history.
    /// - Returns: The model.
    /// - Complexity: O(*n*) in the number of transactions.
    public static func promisedModel(of history: History) -> IsolationModel? {
        switch history.transactions.lazy.compactMap(\.level).min() {
        case .readCommitted: .readCommitted
        case .snapshot: .snapshotIsolation
        case .serializable: .serializable
        case nil: nil
        }
    }

    /// Checks a history.
    ///
    /// - Parameters:
    ///   - history: The history.
    ///   - model: What it must fulfil; `nil` for what its levels promise, and serializability if it names none.
    ///   - isStrict: Whether in real time too; `nil` for strictly if the levels decide, since all of them promise that:
    ///     an acknowledged commit that a crash has lost violates nothing else.
    /// - Returns: What was found.
    /// - Complexity: As ``TimestampReplay/check(_:)`` and ``DependencyGraph/check(_:)``.
    public static func run(_ history: History, model: IsolationModel? = nil, isStrict: Bool? = nil) -> HistoryCheck {
        let promised = model == nil ? promisedModel(of: history) : nil
        let isStrict = isStrict ?? (promised != nil)
        let model = model ?? promised ?? .serializable
        let clock = ContinuousClock()
        var start = clock.now
        let replay = Judgement(
            name: "timestamp replay", verdict: TimestampReplay.check(history), duration: clock.now - start)
        start = clock.now
        let graph = Judgement(
            name: "dependency graph", verdict: DependencyGraph.check(history), duration: clock.now - start)
        let committed = history.transactions.filter { $0.outcome == .committed }
        return HistoryCheck(
            model: model, isStrict: model == .strictSerializable || isStrict, replay: replay,
            graph: graph, transactions: history.transactions.count, committed: committed.count,
            aborted: history.transactions.count { $0.outcome == .aborted },
            reads: committed.reduce(0) { sum, transaction in sum + transaction.operations.count { !$0.isWrite } })
    }

    /// Both, the primary one first.
    public var judgements: [Judgement] { [replay, graph] }

    /// How many transactions' outcomes are unknown.
    public var unknown: Int { transactions - committed - aborted }

    /// Whether neither algorithm found what the model forbids.
    public var isAccepted: Bool { judgements.allSatisfy { $0.verdict.accepts(model, realTime: isStrict) } }

    /// What was found that the model forbids, by both algorithms.
    public var forbidden: [Anomaly] {
        judgements.flatMap { $0.verdict.anomalies(forbiddenBy: model, realTime: isStrict) }
    }
}
