extension DependencyGraph {
    /// Names the cycles: first those of data alone, then with sessions, then with real time.
    mutating func classify() {
        for order in Anomaly.Order.allCases {
            func isIncluded(_ kind: Dependency.Kind) -> Bool {
                switch kind {
                case .session: order != .data
                case .realTime: order == .realTime
                case .writeWrite, .writeRead, .readWrite, .scanWrite: true
                }
            }
            // Any cycle of a split graph is one of the whole transactions too.
            let whole = view(.whole, isIncluded)
            let components = whole.components()
            if cyclicComponents(whole, components, { _ in true }).isEmpty { continue }
            classifyWriteCycles(order, isIncluded)
            classifyStatementCycles(order, isIncluded)
            let narrow = classifySnapshotCycles(order, isIncluded)
            classifySerialCycles(order, isIncluded, whole, components, narrow)
        }
    }

    private mutating func classifyWriteCycles(_ order: Anomaly.Order, _ isIncluded: (Dependency.Kind) -> Bool) {
        let writes = view(.whole) { isIncluded($0) && !$0.isAntiDependency && $0 != .writeRead }
        report(.g0, order, writes, writes.components()) { $0 == .writeWrite }
        let flows = view(.whole) { isIncluded($0) && !$0.isAntiDependency }
        report(.g1c, order, flows, flows.components()) { $0 == .writeRead }
    }

    private mutating func classifyStatementCycles(_ order: Anomaly.Order, _ isIncluded: (Dependency.Kind) -> Bool) {
        let graph = view(.statements, isIncluded)
        let components = graph.components()
        for (_, edges) in cyclicComponents(graph, components, \.isAntiDependency) {
            guard let cycle = shortestCycle(graph, components, through: edges) else { continue }
            let isFractured = zip(cycle, cycle.dropFirst() + cycle.prefix(1)).contains { read, next in
                read.kind == .writeRead && next.kind == .scanWrite && read.statement == next.statement
            }
            report(isFractured ? .fracturedScan : .observedVanishes, order, cycle)
        }
    }

    /// Returns the transactions that are part of such a cycle.
    private mutating func classifySnapshotCycles(
        _ order: Anomaly.Order, _ isIncluded: (Dependency.Kind) -> Bool
    ) -> Set<Int32> {
        let graph = view(.snapshotAndCommit, isIncluded)
        let components = graph.components()
        let flows = view(.snapshotAndCommit) { isIncluded($0) && !$0.isAntiDependency }
        var members: Set<Int32> = []
        for edge in graph.edges where components[Int(edge.from)] == components[Int(edge.to)] {
            guard edge.label >= 0 else { continue }
            members.insert(dependencies[Int(edge.label)].from)
            members.insert(dependencies[Int(edge.label)].to)
        }
        for (_, edges) in cyclicComponents(graph, components, \.isAntiDependency) {
            if let single = shortestCycle(flows, components, through: edges) {
                report(.gSingle, order, single)
            } else if let cycle = shortestCycle(graph, components, through: edges) {
                report(.gNonadjacent, order, cycle)
            }
        }
        return members
    }

    private mutating func classifySerialCycles(
        _ order: Anomaly.Order, _ isIncluded: (Dependency.Kind) -> Bool, _ whole: DirectedGraph,
        _ components: [Int32], _ narrow: Set<Int32>
    ) {
        var explained: Set<Int32> = Set(narrow.map { components[Int($0)] })
        let items = view(.whole) { isIncluded($0) && $0 != .scanWrite }
        let itemComponents = items.components()
        for (_, edges) in cyclicComponents(items, itemComponents, \.isAntiDependency) {
            guard explained.insert(components[Int(edges[0].from)]).inserted else { continue }
            guard let cycle = shortestCycle(items, itemComponents, through: edges) else { continue }
            report(.g2Item, order, cycle)
        }
        for (component, edges) in cyclicComponents(whole, components, \.isAntiDependency) {
            guard explained.insert(component).inserted else { continue }
            guard let cycle = shortestCycle(whole, components, through: edges) else { continue }
            report(.g2, order, cycle)
        }
    }

    private mutating func report(
        _ kind: AnomalyClass, _ order: Anomaly.Order, _ graph: DirectedGraph, _ components: [Int32],
        through isWanted: (Dependency.Kind) -> Bool
    ) {
        for (_, edges) in cyclicComponents(graph, components, isWanted) {
            guard let cycle = shortestCycle(graph, components, through: edges) else { continue }
            report(kind, order, cycle)
        }
    }

    /// A cycle that needs no more than a weaker order has been reported with that one.
    private mutating func report(_ kind: AnomalyClass, _ order: Anomaly.Order, _ cycle: [Dependency]) {
        switch order {
        case .data: break
        case .session: guard cycle.contains(where: { $0.kind == .session }) else { return }
        case .realTime: guard cycle.contains(where: { $0.kind == .realTime }) else { return }
        }
        verdict.add(
            Anomaly(
                kind, order: order, transactions: cycle.map { index.transactions[Int($0.from)].source.id },
                witness: cycle.map(text)))
        if let searchedOf {
            verdict.note(
                "The cycle of T\(index.transactions[Int(cycle[0].from)].source.id) is the shortest of those through "
                    + "\(Self.searchLimit) of \(searchedOf) dependencies; there may be shorter ones.")
        }
    }

    private func text(_ dependency: Dependency) -> String {
        let from = index.transactions[Int(dependency.from)].source
        let to = index.transactions[Int(dependency.to)].source
        let arrow = "T\(from.id) -\(dependency.kind.text)-> T\(to.id)"
        guard dependency.key >= 0 else {
            return arrow + (dependency.kind == .session ? ": one process" : ": T\(from.id) had completed before")
        }
        let key = index.keys.names[Int(dependency.key)]
        func write(_ source: HistoryTransaction) -> String { source.lastWrite(of: key) }
        switch dependency.kind {
        case .writeWrite: return "\(arrow): \(write(from)), then \(write(to))"
        case .writeRead: return "\(arrow): \(write(from)), seen by \(to.read(of: key))"
        default: return "\(arrow): \(from.read(of: key)), before \(write(to))"
        }
    }
}

extension HistoryTransaction {
    fileprivate func lastWrite(of key: String) -> String {
        let operation = operations.last { operation in
            switch operation {
            case .write(key, _), .append(key, _), .delete(key): true
            default: false
            }
        }
        return operation?.description ?? key
    }

    fileprivate func read(of key: String) -> String {
        let operation = operations.first { operation in
            switch operation {
            case .read(key, _): true
            case .scan(let scan):
                !HistoryKey.precedes(key, scan.lower) && HistoryKey.precedes(key, scan.upper)
            default: false
            }
        }
        return operation?.description ?? key
    }
}
