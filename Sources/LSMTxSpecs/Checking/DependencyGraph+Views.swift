extension DependencyGraph {
    /// Into which instants a transaction is split.
    enum Split {
        case whole
        case snapshotAndCommit
        case statements
    }

    /// By transaction, its first node among those of the split; the last entry is the number of them all.
    func firstNodes(_ split: Split) -> [Int32] {
        var nodes: [Int32] = [0]
        nodes.reserveCapacity(index.transactions.count + 1)
        for transaction in index.transactions {
            let count =
                switch split {
                case .whole: 1
                case .snapshotAndCommit: 2
                case .statements: transaction.statements.count + 1
                }
            nodes.append((nodes.last ?? 0) + Int32(count))
        }
        return nodes
    }

    /// The graph of those dependencies that `includes` accepts.
    func view(_ split: Split, _ includes: (Dependency.Kind) -> Bool) -> DirectedGraph {
        let nodes = firstNodes(split)
        let count = index.transactions.count
        var edges: [DirectedGraph.Edge] = []
        edges.reserveCapacity(dependencies.count)
        func first(_ place: Int32) -> Int32 {
            Int(place) < count ? nodes[Int(place)] : nodes[count] + place - Int32(count)
        }
        func last(_ place: Int32) -> Int32 { Int(place) < count ? nodes[Int(place) + 1] - 1 : first(place) }
        if split != .whole {
            for place in 0..<Int32(count) {
                for node in first(place)..<last(place) {
                    edges.append(DirectedGraph.Edge(from: node, to: node + 1, label: -1))
                }
            }
        }
        for (number, dependency) in dependencies.enumerated() where includes(dependency.kind) {
            var (from, to) = (last(dependency.from), first(dependency.to))
            switch dependency.kind {
            case .writeWrite: if split == .statements { to = last(dependency.to) }
            case .writeRead: if split == .statements { to = first(dependency.to) + dependency.statement }
            case .readWrite, .scanWrite:
                to = last(dependency.to)
                from = first(dependency.from) + (split == .statements ? dependency.statement : 0)
            case .session, .realTime: break
            }
            edges.append(DirectedGraph.Edge(from: from, to: to, label: Int32(number)))
        }
        return DirectedGraph(nodeCount: Int(nodes[count]) + instantCount, edges: edges)
    }

    /// Through how many dependencies of a component a shortest cycle is looked for.
    static let searchLimit = 8

    /// The components of a graph that have a cycle through an edge of a wanted kind, each with those edges.
    func cyclicComponents(
        _ graph: DirectedGraph, _ components: [Int32], _ isWanted: (Dependency.Kind) -> Bool
    ) -> [(component: Int32, edges: [DirectedGraph.Edge])] {
        var found: [Int32: [DirectedGraph.Edge]] = [:]
        for edge in graph.edges where components[Int(edge.from)] == components[Int(edge.to)] {
            guard edge.label >= 0, isWanted(dependencies[Int(edge.label)].kind) else { continue }
            found[components[Int(edge.from)], default: []].append(edge)
        }
        return found.map { ($0.key, $0.value) }.sorted { $0.1[0].label < $1.1[0].label }
    }

    /// A short cycle through one of `edges`: the shortest of those through the first ``searchLimit``.
    ///
    /// Each search takes up to O(*E*) of the component, and one component may have as many such edges: to try them all
    /// took minutes for a history in which most transactions are of one cycle.
    mutating func shortestCycle(
        _ graph: DirectedGraph, _ components: [Int32], through edges: [DirectedGraph.Edge]
    ) -> [Dependency]? {
        var best: [Dependency]?
        searchedOf = nil
        for edge in edges.prefix(Self.searchLimit) {
            let back = graph.shortestPath(from: Int(edge.to), to: Int(edge.from), in: components)
            guard let back else { continue }
            let cycle = ([edge] + back).filter { $0.label >= 0 }.map { dependencies[Int($0.label)] }
            let joined = joiningInstants(cycle)
            if joined.count < best?.count ?? .max { best = joined }
            if joined.count <= 2 { return best }
        }
        if edges.count > Self.searchLimit { searchedOf = edges.count }
        return best
    }

    /// The cycle without the nodes that only carry real time.
    private func joiningInstants(_ cycle: [Dependency]) -> [Dependency] {
        let count = index.transactions.count
        guard let start = cycle.firstIndex(where: { Int($0.from) < count }) else { return cycle }
        var joined: [Dependency] = []
        for var dependency in cycle[start...] + cycle[..<start] {
            if Int(dependency.from) >= count, let before = joined.popLast() { dependency.from = before.from }
            joined.append(dependency)
        }
        return joined
    }
}
