internal import LSMTx

/// Runs the programs of a spec in many orders at a level, and counts.
///
/// Of each run, the level's own oracle must explain the transactions that have committed, and what they have left; else
/// the level has forbidden the run. Runs that are shown are run again for their lines: the same order gives the same.
struct Explorer {
    /// How many runs of a kind are kept.
    static let witnessLimit = 3

    private let runner: SpecRunner
    private let explore: Spec.Explore
    private let level: Level
    private let image: SimulatedStore.Image
    private let setup: OracleMap
    private var exploration: Exploration

    init(_ runner: SpecRunner, _ explore: Spec.Explore, level: Level, image: SimulatedStore.Image) {
        self.runner = runner
        self.explore = explore
        self.level = level
        self.image = image
        var setup = OracleMap()
        for item in runner.spec.setup {
            switch item.write {
            case .put(let key, .bytes(let value)): setup[key] = value
            case .put: continue
            case .delete(let key): setup[key] = nil
            case .deleteRange(let low, let high): setup.removeAll(in: OracleSpan(from: low, upTo: high))
            }
        }
        self.setup = setup
        let seed = if case .sample(_, let seed) = explore.coverage { seed } else { runner.options.seed }
        exploration = Exploration(level: level, seed: seed)
    }

    consuming func run() throws -> Exploration {
        for kind in Spec.Count.Kind.allCases { exploration.counts[kind] = 0 }
        var orders = StepOrders(explore)
        while let order = orders.next() { try judge(order) }
        for count in explore.counts {
            guard let bound = count.bounds[level] else { continue }
            let actual = exploration.counts[count.kind, default: 0]
            guard !bound.allows(actual) else { continue }
            exploration.unmet.append(
                Exploration.Unmet(position: count.position, kind: count.kind, expected: bound, actual: actual))
        }
        return exploration
    }

    /// What came of one order.
    private struct Run {
        var transactions: [RunTransaction]
        var outcomes: [Outcome]
        /// The transaction of each step.
        var places: [Int?]
        var final: OracleMap
        /// A store error, which no program expects.
        var failure: String?
    }

    private mutating func judge(_ order: [Int]) throws {
        let run = try perform(order)
        let done = run.transactions.map(\.record).filter { $0.session != "setup" }
        let committed = done.filter { $0.ending == .committed }
        let isAborted = done.contains { $0.ending == .conflicted }

        var forbidden = run.failure
        var strict = SerialOracle(from: setup, to: run.final, isStrict: true)
        // Strictly serializable is serializable, and most runs are.
        let isStrict = strict.accepts(committed)
        var isAnomalous = false
        if !isStrict {
            var serial = SerialOracle(from: setup, to: run.final, isStrict: false)
            isAnomalous = !serial.accepts(committed)
        }
        if forbidden == nil { forbidden = reason(committed, run.final, isStrict: isStrict) }
        let isSpurious = isAborted && isStrictHadAllCommitted(done)

        exploration.counts[.runs, default: 0] += 1
        var kinds: [Spec.Count.Kind] = []
        if isAnomalous { kinds.append(.anomalous) }
        if isAborted { kinds.append(.aborted) }
        if isSpurious { kinds.append(.spurious) }
        for kind in kinds { exploration.counts[kind, default: 0] += 1 }
        // What is forbidden is shown once, as what it is most of all.
        if forbidden != nil { kinds = [kinds.first ?? .runs] }
        for kind in kinds {
            let known = exploration.witnesses.count { $0.kind == kind && $0.isForbidden == (forbidden != nil) }
            if known < Self.witnessLimit { exploration.witnesses.append(try witness(kind, order, forbidden)) }
        }
    }

    /// Why the level forbids a run, if it does.
    private func reason(_ committed: [OracleTransaction], _ final: OracleMap, isStrict: Bool) -> String? {
        switch level {
        case .readCommitted:
            return ReadCommittedOracle(from: setup, to: final).accepts(committed)
                ? nil : "no points in the order of the commits explain the statements"
        case .snapshot:
            var oracle = SnapshotOracle(from: setup, to: final)
            return isStrict || oracle.accepts(committed)
                ? nil : "no snapshots explain what was read, written and left"
        case .serializable:
            return isStrict ? nil : "no serial order that agrees with real time explains what was read and left"
        }
    }

    /// Whether the transactions would have been strictly serializable if those with a conflict had committed too, each
    /// when it tried to.
    private func isStrictHadAllCommitted(_ transactions: [OracleTransaction]) -> Bool {
        let tried = transactions.filter { $0.ending == .committed || $0.ending == .conflicted }
        var final = setup
        for transaction in tried.sorted(by: { $0.ended < $1.ended }) {
            final = SnapshotOracle.apply(transaction, to: final)
        }
        var oracle = SerialOracle(from: setup, to: final, isStrict: true)
        return oracle.accepts(tried)
    }

    // MARK: Runs

    private func perform(_ order: [Int]) throws -> Run {
        let machine = try runner.machine(at: level, image, sharesVariables: false)
        var next = Array(repeating: 0, count: explore.sessions.count)
        var run = Run(transactions: [], outcomes: [], places: [], final: OracleMap())
        for program in order {
            let step = explore.sessions[program].steps[next[program]]
            next[program] += 1
            let outcome = try runner.located(.step(step)) { try machine.run(step) }
            run.outcomes.append(outcome)
            run.places.append(machine.lastTransaction)
            if case .failed(let error) = outcome, run.failure == nil {
                run.failure = "\(step.session) \(SpecPrinter.action(step)): \(error)"
            }
        }
        machine.rollBackAll()
        switch try machine.contents() {
        case .list(let entries): for entry in entries { run.final[entry.key] = entry.value }
        case let outcome: run.failure = run.failure ?? "what is stored cannot be read: \(outcome.text)"
        }
        run.transactions = machine.transactions
        return run
    }

    private func witness(
        _ kind: Spec.Count.Kind, _ order: [Int], _ forbidden: String?
    ) throws -> Exploration.Witness {
        let run = try perform(order)
        var next = Array(repeating: 0, count: explore.sessions.count)
        var lines: [LineRun] = []
        for (index, program) in order.enumerated() {
            let step = explore.sessions[program].steps[next[program]]
            next[program] += 1
            let outcome = run.outcomes[index]
            let hasPassed = if case .failed = outcome { false } else { true }
            lines.append(
                LineRun(
                    position: step.position, session: step.session, transaction: run.places[index],
                    text: SpecPrinter.action(step), expected: nil, actual: outcome.text, outcome: outcome,
                    hasPassed: hasPassed))
        }
        let history = RunHistory(run.transactions, level: level).history
        return Exploration.Witness(
            kind: kind, order: order.map { explore.sessions[$0].session }, lines: lines, history: history,
            verdict: DependencyGraph.check(history), forbidden: forbidden)
    }
}
