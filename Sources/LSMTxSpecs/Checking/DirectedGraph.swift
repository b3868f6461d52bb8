/// A graph whose edges have numbers, stored as one array of edges per node, end to end.
package struct DirectedGraph {
    package struct Edge {
        package var from: Int32
        package var to: Int32
        /// What the edge stands for; negative if for nothing that a witness names.
        package var label: Int32
    }

    package let nodeCount: Int
    /// By node: where its edges begin in `edges`.
    private let starts: [Int32]
    package let edges: [Edge]

    package init(nodeCount: Int, edges unsorted: [Edge]) {
        self.nodeCount = nodeCount
        var starts = [Int32](repeating: 0, count: nodeCount + 1)
        for edge in unsorted { starts[Int(edge.from) + 1] += 1 }
        for node in 0..<nodeCount { starts[node + 1] += starts[node] }
        var next = starts
        var edges = unsorted
        for edge in unsorted {
            edges[Int(next[Int(edge.from)])] = edge
            next[Int(edge.from)] += 1
        }
        self.starts = starts
        self.edges = edges
    }

    package func edges(of node: Int) -> ArraySlice<Edge> { edges[Int(starts[node])..<Int(starts[node + 1])] }

    /// By node, its strongly connected component.
    ///
    /// Tarjan's algorithm with a stack of its own: a chain of 100,000 transactions would overflow the thread's.
    package func components() -> [Int32] {
        let unseen = Int32(-1)
        var component = [Int32](repeating: unseen, count: nodeCount)
        var number = component
        var low = component
        var next = starts
        var path: [Int32] = []
        var calls: [Int32] = []
        var numbered: Int32 = 0
        var found: Int32 = 0
        for root in 0..<Int32(nodeCount) where number[Int(root)] == unseen {
            calls.append(root)
            while let top = calls.last {
                let node = Int(top)
                if number[node] == unseen {
                    (number[node], low[node]) = (numbered, numbered)
                    numbered += 1
                    path.append(top)
                }
                if next[node] < starts[node + 1] {
                    let target = edges[Int(next[node])].to
                    next[node] += 1
                    if number[Int(target)] == unseen {
                        calls.append(target)
                    } else if component[Int(target)] == unseen {
                        low[node] = min(low[node], number[Int(target)])
                    }
                    continue
                }
                calls.removeLast()
                if let caller = calls.last { low[Int(caller)] = min(low[Int(caller)], low[node]) }
                guard low[node] == number[node] else { continue }
                while let member = path.popLast() {
                    component[Int(member)] = found
                    if member == top { break }
                }
                found += 1
            }
        }
        return component
    }

    /// The edges of a shortest path inside of one component.
    package func shortestPath(from start: Int, to end: Int, in components: [Int32]) -> [Edge]? {
        if start == end { return [] }
        var arrivals: [Int: Edge] = [:]
        var queue = [start]
        var head = 0
        while head < queue.count {
            let node = queue[head]
            head += 1
            for edge in edges(of: node) {
                let target = Int(edge.to)
                guard target != start, components[target] == components[start], arrivals[target] == nil else {
                    continue
                }
                arrivals[target] = edge
                if target == end { return walkBack(arrivals, from: end, to: start) }
                queue.append(target)
            }
        }
        return nil
    }

    private func walkBack(_ arrivals: [Int: Edge], from end: Int, to start: Int) -> [Edge] {
        var path: [Edge] = []
        var node = end
        while node != start, let edge = arrivals[node] {
            path.append(edge)
            node = Int(edge.from)
        }
        return path.reversed()
    }
}
