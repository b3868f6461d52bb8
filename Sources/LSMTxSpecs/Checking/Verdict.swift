/// What a checker found in a history.
///
/// ```swift
/// let verdict = DependencyGraph.check(history)
/// if !verdict.accepts(.serializable) { print(verdict) }
/// ```
public struct Verdict: Sendable, CustomStringConvertible {
    /// How many anomalies of one name are kept with their witnesses.
    public static let witnessLimit = 20

    /// The anomalies, at most `witnessLimit` of each name.
    public private(set) var anomalies: [Anomaly] = []
    /// How often each anomaly was found, by its name.
    public private(set) var counts: [String: Int] = [:]
    /// Why some of the history could not be judged. What was found is true nonetheless.
    public private(set) var undecided: [String] = []

    /// Whether every transaction was looked at. Without commit timestamps there is nothing to replay.
    public internal(set) var judgesAll = true
    /// Where a witness need not be the shortest, since the search for it is bounded. What was found is complete
    /// nonetheless: at least one witness of each kind in each component of the dependencies.
    public private(set) var notes: [String] = []

    package init() {}

    package mutating func add(_ anomaly: Anomaly) {
        counts[anomaly.name, default: 0] += 1
        if counts[anomaly.name, default: 0] <= Self.witnessLimit { anomalies.append(anomaly) }
    }

    package mutating func leaveOpen(_ reason: String) {
        if undecided.count < Self.witnessLimit { undecided.append(reason) }
    }

    package mutating func note(_ text: String) {
        if notes.count < Self.witnessLimit { notes.append(text) }
    }

    /// Whether the history has nothing that a model forbids.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - realTime: Whether the model's order must also agree with sessions and real time; of strict serializability
    ///     that is part.
    /// - Returns: Whether it is accepted. If something is `undecided`, no more than that nothing was found.
    /// - Complexity: O(*n*) in the number of anomalies.
    public func accepts(_ model: IsolationModel, realTime: Bool = false) -> Bool {
        anomalies(forbiddenBy: model, realTime: realTime).isEmpty
    }

    /// The anomalies that a model forbids.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - realTime: Whether the model's order must also agree with sessions and real time.
    /// - Returns: Those of ``anomalies`` that it forbids.
    /// - Complexity: O(*n*) in the number of anomalies.
    public func anomalies(forbiddenBy model: IsolationModel, realTime: Bool = false) -> [Anomaly] {
        let ordered = realTime || model == .strictSerializable
        return anomalies.filter { $0.kind.weakestViolated <= model && (ordered || $0.order == .data) }
    }

    /// The strongest model that accepts the history; `nil` if not even the weakest does.
    ///
    /// - Parameter realTime: Whether the model's order must also agree with sessions and real time.
    /// - Returns: The model.
    /// - Complexity: O(*n*) in the number of anomalies.
    public func strongest(realTime: Bool = false) -> IsolationModel? {
        IsolationModel.allCases.last { accepts($0, realTime: realTime) }
    }

    /// The kinds that were found.
    public var kinds: Set<AnomalyClass> { Set(anomalies.map(\.kind)) }

    /// All of it as text.
    public var description: String {
        var lines = anomalies.isEmpty ? ["no anomalies"] : anomalies.map(\.description)
        for (name, count) in counts.sorted(by: { $0.key < $1.key }) where count > Self.witnessLimit {
            lines.append("\(name): \(count) in all, the first \(Self.witnessLimit) are shown")
        }
        lines += undecided.map { "undecided: \($0)" } + notes
        lines.append("strongest model: \(strongest()?.rawValue ?? "none")")
        return lines.joined(separator: "\n")
    }
}
