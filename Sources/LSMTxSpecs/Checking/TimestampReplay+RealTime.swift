extension TimestampReplay {
    private static let models: [IsolationModel] = [.readCommitted, .snapshotIsolation, .serializable]

    /// Judges all transactions in the order of the events.
    mutating func sweep() {
        var events: [(position: Int, place: Int, isStart: Bool)] = []
        for (place, transaction) in index.transactions.enumerated() {
            events.append((transaction.source.invoked, place, true))
            if let completed = transaction.source.completed { events.append((completed, place, false)) }
        }
        events.sort { $0.position < $1.position }
        // By model: the point that everything which begins now must see.
        var bounds = [0, 0, 0]
        var ends: [[Int]] = Array(repeating: [], count: index.transactions.count)
        for event in events {
            if event.isStart {
                ends[event.place] = judge(event.place, bounds)
            } else {
                for (model, end) in ends[event.place].enumerated() { bounds[model] = max(bounds[model], end) }
            }
        }
    }

    /// Reports what is wrong with a transaction, and returns the point by model that must be seen once it completed.
    private mutating func judge(_ place: Int, _ bounds: [Int]) -> [Int] {
        let transaction = index.transactions[place]
        let fallback = Array(repeating: positions[place] ?? 0, count: 3)
        if let problem = transaction.internalProblem {
            verdict.add(
                Anomaly(
                    .internal, transactions: [transaction.source.id],
                    witness: [problem, transaction.source.description]
                ))
            return fallback
        }
        guard let statements = resolve(transaction) else { return fallback }
        let free = outcomes(place, statements, bounds: [0, 0, 0])
        if let failed = free.first(where: { $0.end == nil }) {
            report(failed.kind, transaction, explanation(place, statements, failed.kind))
        }
        let timely = outcomes(place, statements, bounds: bounds)
        for model in 0..<3 where free[model].end != nil && timely[model].end == nil {
            report(
                timely[model].kind == .lostUpdate ? .noSnapshotPoint : timely[model].kind, transaction,
                order: .realTime,
                "does not see all that had completed before it began: \(bounds[model]) commits")
            break
        }
        return (0..<3).map { timely[$0].end ?? fallback[$0] }
    }

    private func explanation(_ place: Int, _ statements: [[Read]], _ kind: AnomalyClass) -> String {
        let transaction = index.transactions[place]
        if kind == .lostUpdate {
            return "commits a write of a key that somebody else wrote behind its snapshot"
        }
        let limit = positions[place].map { $0 - 1 } ?? times.count
        let point = kind == .noCommitPoint ? limit : transaction.source.snapshot.map(self.point) ?? limit
        let wrong = statements.joined().first { firstPoint([$0], from: point, to: point) == nil }
        guard let wrong else { return "has no point in the commit order" }
        let name = index.keys.names[wrong.key]
        let value = versions[wrong.key].value(at: point)
        return "read \(name) = \(wrong.value.map(\.description) ?? "none"), but after \(point) commits it was "
            + (value.map(\.description) ?? "none")
    }
}
