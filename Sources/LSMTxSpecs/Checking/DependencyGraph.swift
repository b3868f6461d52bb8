/// Judges a history by the cycles of its dependencies.
///
/// 1. Each key's versions are put in order: a list's own order shows it (the longest read is the order, all others are
///    its prefixes); other keys have it from the commit timestamps; without those, only what a transaction read before
///    it wrote is known.
/// 2. Edges: from each version's writer to the next one's (ww), to whoever read it (wr), and from whoever read it to
///    the next version's writer (rw). A scan reads every key of its range, the absent ones too.
/// 3. Session and real-time edges. "Completed before it began" has *n*² pairs. One node for each instant at which
///    something begins after something completed carries them all with O(*n*) edges.
/// 4. A model is a graph in which each transaction is split into the instants that the model lets differ: for
///    serializability one; for snapshot isolation its snapshot and its commit; for read committed each statement and
///    the commit. There is an order that explains the history if, and only if, that graph has no cycle.
/// 5. What a cycle is called follows from its edges. Tarjan's algorithm finds the components, breadth-first search a
///    short cycle in each of them.
///
/// It does not need timestamps for lists, so it doubts what the replay believes. Values should be unique per key: a
/// read of a value that several transactions left, absence among them, is matched by the reader's snapshot, or left
/// out and reported as undecided.
///
/// ```swift
/// let verdict = DependencyGraph.check(history)
/// ```
public struct DependencyGraph {
    let index: HistoryIndex
    var dependencies: [Dependency] = []
    /// How many nodes carry real time, behind those of the transactions.
    var instantCount = 0
    /// Of how many dependencies the last search for a short cycle tried only the first few; `nil` if it tried all.
    var searchedOf: Int?
    var verdict = Verdict()

    /// Checks a history against every model.
    ///
    /// - Parameter history: The history.
    /// - Returns: What is wrong with it.
    /// - Complexity: O(*n* log *n*) in the number of steps, plus the keys in the ranges of its scans. Where there are
    ///   anomalies, a bounded number of searches in their components comes on top.
    public static func check(_ history: History) -> Verdict {
        var graph = DependencyGraph(HistoryIndex(history))
        for doubt in graph.index.doubts { graph.verdict.leaveOpen(doubt) }
        graph.addDataDependencies()
        graph.addSessions()
        graph.addRealTime()
        graph.classify()
        return graph.verdict
    }

    init(_ index: HistoryIndex) { self.index = index }

    private mutating func addSessions() {
        var last: [Int: Int] = [:]
        for (place, transaction) in index.transactions.enumerated() {
            if let before = last.updateValue(place, forKey: transaction.source.process) {
                dependencies.append(Dependency(kind: .session, from: Int32(before), to: Int32(place)))
            }
        }
    }

    private mutating func addRealTime() {
        var events: [(position: Int, place: Int, isStart: Bool)] = []
        for (place, transaction) in index.transactions.enumerated() {
            events.append((transaction.source.invoked, place, true))
            if let completed = transaction.source.completed { events.append((completed, place, false)) }
        }
        events.sort { $0.position < $1.position }
        var completed: [Int] = []
        var instant: Int?
        func edge(_ from: Int, _ to: Int) -> Dependency {
            Dependency(kind: .realTime, from: Int32(from), to: Int32(to))
        }
        for event in events {
            guard event.isStart else {
                completed.append(event.place)
                continue
            }
            if !completed.isEmpty {
                let next = index.transactions.count + instantCount
                instantCount += 1
                for place in completed { dependencies.append(edge(place, next)) }
                if let instant { dependencies.append(edge(instant, next)) }
                completed.removeAll(keepingCapacity: true)
                instant = next
            }
            if let instant { dependencies.append(edge(instant, event.place)) }
        }
    }
}
