/// Why one transaction of a history must come before another one, in the history's own words.
package struct DependencyEdge: Hashable, Sendable {
    /// What the two did with the key.
    package enum Kind: String, Hashable, Sendable {
        /// The second replaced what the first had written.
        case writeWrite = "ww"
        /// The second read what the first had written.
        case writeRead = "wr"
        /// The second replaced what the first had read, or had found absent.
        case readWrite = "rw"
    }

    package var kind: Kind
    /// By `HistoryTransaction.id`.
    package var from: Int
    /// By `HistoryTransaction.id`.
    package var to: Int
    package var key: String
    /// What the reader found; `nil` for nothing, and for two writers.
    package var seen: HistoryValue?
}

extension DependencyGraph {
    /// What the transactions of a history have to do with one another, by what they read and wrote, each thing once.
    ///
    /// - Complexity: O(*n* log *n*) in the number of steps, plus the keys in the ranges of its scans.
    package static func edges(of history: History) -> [DependencyEdge] {
        var graph = DependencyGraph(HistoryIndex(history))
        graph.addDataDependencies()
        var known: Set<DependencyEdge> = []
        return graph.dependencies.compactMap { graph.edge($0) }.filter { known.insert($0).inserted }
    }

    /// What an aborted transaction would have had to do with the others, had it committed when it ended: why it was
    /// aborted.
    ///
    /// Timestamps are spread, so that there is one for it behind those of all that had committed by then. Who began
    /// later could not meet it, and is left out.
    ///
    /// - Parameters:
    ///   - history: The history.
    ///   - id: The transaction's `HistoryTransaction.id`.
    /// - Returns: The edges that begin or end at the transaction; none if it did not abort, or if it is not known when.
    package static func edges(of history: History, asIfCommitted id: Int) -> [DependencyEdge] {
        guard let place = history.transactions.firstIndex(where: { $0.id == id }),
            history.transactions[place].outcome == .aborted, let end = history.transactions[place].completed
        else { return [] }
        let spread: UInt64 = 2
        let newest = history.transactions.filter { ($0.completed ?? .max) < end }.compactMap(\.commit).max() ?? 0
        guard !newest.multipliedReportingOverflow(by: spread).overflow else { return [] }
        var supposed = history
        for index in supposed.transactions.indices {
            supposed.transactions[index].snapshot = supposed.transactions[index].snapshot.map { $0 &* spread }
            supposed.transactions[index].commit = supposed.transactions[index].commit.map { $0 &* spread }
        }
        supposed.transactions[place].outcome = .committed
        supposed.transactions[place].commit = newest * spread + 1
        let late = Set(history.transactions.filter { $0.invoked > end }.map(\.id))
        return edges(of: supposed).filter { edge in
            (edge.from == id || edge.to == id) && !late.contains(edge.from) && !late.contains(edge.to)
        }
    }

    private func edge(_ dependency: Dependency) -> DependencyEdge? {
        let kind: DependencyEdge.Kind
        switch dependency.kind {
        case .writeWrite: kind = .writeWrite
        case .writeRead: kind = .writeRead
        case .readWrite, .scanWrite: kind = .readWrite
        case .session, .realTime: return nil
        }
        let (from, to) = (Int(dependency.from), Int(dependency.to))
        var seen: HistoryValue?
        if kind != .writeWrite {
            let reader = index.transactions[kind == .writeRead ? to : from]
            switch reader.statements[Int(dependency.statement)] {
            case .point(_, let value): seen = value
            case .scan(_, let values, _): seen = values[Int(dependency.key)]
            }
        }
        return DependencyEdge(
            kind: kind, from: index.transactions[from].source.id, to: index.transactions[to].source.id,
            key: index.keys.names[Int(dependency.key)], seen: seen)
    }
}
