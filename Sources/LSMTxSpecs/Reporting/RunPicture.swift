/// A run as it is drawn, whatever it is drawn with: a column for each session, time downwards, and between the steps
/// the dependencies of the transactions.
///
/// 1. Columns are the sessions in the order in which they first act; the database is the last one.
/// 2. Each line is a row. `final` and `verdict` are nobody's, and go across all columns.
/// 3. The dependency graph knows transactions. An arrow goes from step to step: to the last write of the key, and to
///    the read that found what the graph says was found.
/// 4. What aborted has no dependencies. It gets those that it would have had, which are why it was aborted.
package struct RunPicture: Sendable {
    /// What is drawn for a line.
    package struct Row: Sendable {
        package enum Kind: Sendable { case step, commit, abort, lost, database, across }

        package var kind: Kind
        /// The column; `nil` for all of them.
        package var column: Int?
        package var position: SourcePosition
        /// What was done, and what it gave where that says something.
        package var text: String
        package var transaction: Int?
        package var hasPassed: Bool
    }

    /// A dependency between two steps.
    package struct Arrow: Sendable {
        package var from: Int
        package var to: Int
        package var edge: DependencyEdge
        /// Whether it is part of an anomaly.
        package var isOfAnomaly: Bool
        /// Whether one of its transactions was aborted, so that it is none after all.
        package var isSupposed: Bool

        /// The kind and the key; of a long one its beginning.
        package var label: String { "\(edge.kind.rawValue) \(TextColumns.shortened(key, to: 24))" }

        /// The key as the language says it.
        package var key: String { TextColumns.printable(SpecPrinter.data(HistoryKey.bytes(of: edge.key))) }
    }

    /// What the columns are called.
    package private(set) var columns: [String] = []
    package private(set) var rows: [Row] = []
    package private(set) var arrows: [Arrow] = []
    /// What the transactions are called: by their session, and by a number where it has several.
    package private(set) var names: [Int: String] = [:]
    /// What went wrong, with what was expected and what came.
    package private(set) var failure: LineRun?
    package let verdict: Verdict

    /// - Parameters:
    ///   - lines: What was run.
    ///   - spec: The spec that has these lines.
    ///   - history: What the transactions did.
    ///   - verdict: What is wrong with the history.
    package init(of lines: [LineRun], in spec: Spec, history: History, verdict: Verdict) {
        self.verdict = verdict
        failure = lines.last.flatMap { $0.hasPassed ? nil : $0 }
        for line in lines {
            guard let session = line.session, session != Spec.databaseSession, !columns.contains(session) else {
                continue
            }
            columns.append(session)
        }
        if lines.contains(where: { $0.session == Spec.databaseSession }) { columns.append(Spec.databaseSession) }
        rows = lines.map(row)
        nameTransactions()
        addArrows(lines, steps: spec.stepsByPosition, history)
    }

    private func row(_ line: LineRun) -> Row {
        var text = line.text
        // "put x 1 → ok" says no more than "put x 1", and the row is the narrower for it.
        let isPlain = line.outcome == .ok && line.hasPassed && !Self.ends(line)
        if !isPlain { text += " → " + Self.result(of: line) }
        return Row(
            kind: kind(of: line), column: line.session.flatMap { columns.firstIndex(of: $0) }, position: line.position,
            text: TextColumns.printable(text), transaction: line.transaction, hasPassed: line.hasPassed)
    }

    private static func ends(_ line: LineRun) -> Bool { line.text == "commit" || line.text == "rollback" }

    /// Who the conflict was with is told below the picture.
    private static func result(of line: LineRun) -> String {
        if case .conflict = line.outcome { "conflict" } else { line.actual }
    }

    private func kind(of line: LineRun) -> Row.Kind {
        guard let session = line.session else { return .across }
        if session == Spec.databaseSession { return .database }
        switch line.outcome {
        case .conflict: return .abort
        case .gone, .unknown: return .lost
        case .ok where line.text == "commit": return .commit
        case .ok where line.text == "rollback": return .abort
        default: return .step
        }
    }

    private mutating func nameTransactions() {
        var bySession: [Int: [Int]] = [:]
        for row in rows {
            guard let column = row.column, let id = row.transaction, bySession[column]?.contains(id) != true else {
                continue
            }
            bySession[column, default: []].append(id)
        }
        for (column, ids) in bySession {
            for (place, id) in ids.enumerated() {
                names[id] = TextColumns.printable(columns[column]) + (ids.count > 1 ? "#\(place + 1)" : "")
            }
        }
    }

    // MARK: Arrows

    private mutating func addArrows(_ lines: [LineRun], steps: [SourcePosition: Spec.Step], _ history: History) {
        let footprints = footprints(of: lines, steps)
        let cycles = Set(verdict.anomalies.flatMap { Self.pairs(of: $0.transactions) })
        func add(_ edges: [DependencyEdge], isSupposed: Bool) {
            for edge in edges where names[edge.from] != nil && names[edge.to] != nil {
                let ends = ends(of: edge, lines, footprints)
                guard let (from, to) = ends, from != to else { continue }
                arrows.append(
                    Arrow(
                        from: from, to: to, edge: edge,
                        isOfAnomaly: cycles.contains([edge.from, edge.to]) && !isSupposed, isSupposed: isSupposed))
            }
        }
        add(DependencyGraph.edges(of: history), isSupposed: false)
        for line in lines {
            guard case .conflict = line.outcome, let id = line.transaction else { continue }
            let operations = operations(of: id, lines, footprints)
            add(DependencyGraph.edges(of: history, asIfCommitted: id, operations: operations), isSupposed: true)
        }
        arrows.sort { ($0.from, $0.to, $0.label) < ($1.from, $1.to, $1.label) }
    }

    /// Who follows whom in a cycle.
    private static func pairs(of cycle: [Int]) -> [[Int]] {
        zip(cycle, cycle.dropFirst() + cycle.prefix(1)).map { [$0, $1] }
    }

    private func footprints(of lines: [LineRun], _ steps: [SourcePosition: Spec.Step]) -> [StepFootprint?] {
        var cursors: [Int: [String: Spec.Scan]] = [:]
        var savepoints: [Int: [String: Int]] = [:]
        var footprints: [StepFootprint?] = []
        for (place, line) in lines.enumerated() {
            guard let id = line.transaction, case .transaction(let operation) = steps[line.position]?.action else {
                footprints.append(nil)
                continue
            }
            if case .open(let cursor, let scan) = operation { cursors[id, default: [:]][cursor] = scan }
            if case .savepoint(let name) = operation { savepoints[id, default: [:]][name] = place }
            if case .rollbackTo(let name) = operation, let begin = savepoints[id]?[name] {
                // What is undone was never written.
                for undone in begin..<place where lines[undone].transaction == id && footprints[undone]?.isWrite == true
                {
                    footprints[undone] = nil
                }
            }
            footprints.append(StepFootprint(operation, cursors: cursors[id] ?? [:]))
        }
        return footprints
    }

    /// What a transaction did, as a history says it. A history has only the steps of what aborted, not what they gave.
    private func operations(of id: Int, _ lines: [LineRun], _ footprints: [StepFootprint?]) -> [MicroOperation] {
        let end = RunHistory.end(longest: footprints.compactMap { $0?.longestKey }.max() ?? 0)
        return zip(lines, footprints).flatMap { line, footprint in
            line.transaction == id ? footprint?.operations(giving: line.outcome, end: end) ?? [] : []
        }
    }

    private func ends(
        of edge: DependencyEdge, _ lines: [LineRun], _ footprints: [StepFootprint?]
    ) -> (from: Int, to: Int)? {
        func write(of id: Int) -> Int? {
            lines.indices.last { place in
                lines[place].transaction == id && footprints[place]?.isWrite == true
                    && footprints[place]?.covers(edge.key) == true
            } ?? lines.indices.last { lines[$0].transaction == id }
        }
        func read(of id: Int, isLast: Bool) -> Int? {
            let reads = lines.indices.filter { place in
                lines[place].transaction == id && footprints[place]?.isWrite == false
                    && footprints[place]?.covers(edge.key) == true
            }
            let right = reads.filter { Self.shows(lines[$0].outcome, edge) }
            let best = right.isEmpty ? reads : right
            return (isLast ? best.last : best.first) ?? lines.indices.first { lines[$0].transaction == id }
        }
        let from = edge.kind == .readWrite ? read(of: edge.from, isLast: true) : write(of: edge.from)
        let to = edge.kind == .writeRead ? read(of: edge.to, isLast: false) : write(of: edge.to)
        guard let from, let to else { return nil }
        return (from, to)
    }

    /// Whether a step gave what the graph says was read.
    private static func shows(_ outcome: Outcome?, _ edge: DependencyEdge) -> Bool {
        let wanted = edge.seen?.description
        switch outcome {
        case .value(let bytes): return wanted == RunHistory.text(bytes)
        case .some(.none): return wanted == nil
        case .list(let entries):
            let found = entries.first { HistoryKey.text(of: $0.key) == edge.key }
            return wanted == found.map { RunHistory.text($0.value) }
        default: return false
        }
    }
}

extension RunPicture {
    /// A schedule's run.
    package init(of run: ScheduleRun, in spec: Spec) {
        self.init(of: run.lines, in: spec, history: run.history, verdict: run.verdict)
    }

    /// A run of an exploration.
    package init(of witness: Exploration.Witness, in spec: Spec) {
        self.init(of: witness.lines, in: spec, history: witness.history, verdict: witness.verdict)
    }
}

extension Spec {
    /// The steps of the schedules and programs, by where they stand.
    var stepsByPosition: [SourcePosition: Step] {
        var steps: [SourcePosition: Step] = [:]
        for schedule in schedules {
            for case .step(let step) in schedule.items { steps[step.position] = step }
        }
        for program in explore?.sessions ?? [] {
            for step in program.steps { steps[step.position] = step }
        }
        return steps
    }
}
