/// Judges a history by its commit timestamps.
///
/// 1. The committed writers are sorted by commit timestamp. Point *p* of the commit order is the store after the first
///    *p* of them; a versioned map answers which value a key had at a point, and at which points it had a value.
/// 2. Each transaction's reads must be those of points that its model allows: for read committed one per statement,
///    never going back; for snapshot isolation one, at the recorded snapshot if there is one, and nobody else commits
///    a write of its keys from there to its commit; for serializability also the point just before its commit. A
///    reader that changes nothing commits at its point.
/// 3. The same once more in real time: the events are swept in order, and what has completed puts a lower bound on
///    the points of what begins later. The smallest points are taken, so no choice shuts out a later one.
///
/// It is complete, ranges included, but it trusts the recorded order: histories that only another order explains are
/// rejected.
///
/// ```swift
/// let verdict = TimestampReplay.check(history)
/// ```
public struct TimestampReplay {
    let index: HistoryIndex
    /// By key.
    var versions: [KeyVersions]
    /// The commit timestamps of the writers, ascending.
    var times: [UInt64] = []
    /// The place of each writer in the commit order, by its place in the index.
    var positions: [Int: Int] = [:]
    var verdict = Verdict()

    /// Checks a history against every model.
    ///
    /// - Parameter history: The history.
    /// - Returns: What is wrong with it.
    /// - Complexity: O(*n* log *n*) in the number of steps, plus the keys in the ranges of its scans.
    public static func check(_ history: History) -> Verdict {
        var replay = TimestampReplay(HistoryIndex(history))
        guard replay.buildVersions() else { return replay.verdict }
        replay.sweep()
        return replay.verdict
    }

    private init(_ index: HistoryIndex) {
        self.index = index
        versions = Array(repeating: KeyVersions(), count: index.keys.names.count)
    }

    private mutating func buildVersions() -> Bool {
        var writers = index.transactions.indices.filter { !index.transactions[$0].writes.isEmpty }
        let untimed = writers.filter { place in
            index.transactions[place].commit == nil && index.transactions[place].source.outcome == .committed
        }
        for writer in untimed {
            verdict.leaveOpen("T\(index.transactions[writer].source.id) has no commit timestamp")
        }
        for doubt in index.doubts { verdict.leaveOpen(doubt) }
        guard untimed.isEmpty else {
            verdict.judgesAll = false
            return false
        }
        writers.removeAll { index.transactions[$0].commit == nil }
        let sorted = writers.map { ($0, index.transactions[$0].commit ?? (0, 0)) }.sorted { $0.1 < $1.1 }
        for (place, (writer, commit)) in sorted.enumerated() {
            let transaction = index.transactions[writer]
            if place > 0, sorted[place - 1].1 == commit {
                let other = index.transactions[sorted[place - 1].0].source.id
                report(.timestamps, transaction, "commits at \(commit.time), as T\(other) does")
            }
            if let snapshot = transaction.source.snapshot, snapshot >= commit.time, commit.tie == 0 {
                report(.timestamps, transaction, "reads at \(snapshot) but commits at \(commit.time)")
            }
            times.append(commit.time)
            positions[writer] = place + 1
            for write in transaction.writes { versions[write.key].add(write.effect, at: place + 1) }
        }
        return true
    }

    /// The point of a snapshot: how many commits it sees.
    func point(of snapshot: UInt64) -> Int {
        var (low, high) = (0, times.count)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] <= snapshot { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func report(
        _ kind: AnomalyClass, _ transaction: ReducedTransaction, order: Anomaly.Order = .data, _ text: String
    ) {
        verdict.add(
            Anomaly(
                kind, order: order, transactions: [transaction.source.id],
                witness: ["T\(transaction.source.id) \(text)", transaction.source.description]))
    }
}
