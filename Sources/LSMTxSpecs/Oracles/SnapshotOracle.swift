/// Whether snapshot isolation explains transactions: each has a point at which it reads and a later one at which it
/// commits, between which nobody else commits a write of a key that it writes, or guards.
///
/// Every order of the points is tried, (2*k*)!/2^*k* for *k* transactions, and given up at the first point that cannot be
/// there. Who begins after a commit was acknowledged reads behind it.
package struct SnapshotOracle {
    private let setup: OracleMap
    private let final: OracleMap?
    /// How many whole orders were tried.
    package private(set) var tried = 0

    private var transactions: [OracleTransaction] = []
    private var spans: [(written: [OracleSpan], guarded: [OracleSpan])] = []

    private enum Phase: Equatable {
        case before
        /// How many had committed at its point of reading.
        case reading(commits: Int)
        case committed
    }

    /// - Parameters:
    ///   - setup: What was stored at first.
    ///   - final: What is stored at the end; `nil` if that does not matter.
    package init(from setup: OracleMap, to final: OracleMap?) {
        self.setup = setup
        self.final = final
    }

    /// Whether some order explains the transactions, all of which have taken effect.
    package mutating func accepts(_ transactions: [OracleTransaction]) -> Bool {
        self.transactions = transactions.sorted { $0.ended < $1.ended }
        spans = self.transactions.map { ($0.writtenSpans, $0.guardedSpans) }
        return accepts(Array(repeating: .before, count: transactions.count), committed: [], at: setup)
    }

    private mutating func accepts(_ phases: [Phase], committed: [Int], at state: OracleMap) -> Bool {
        if committed.count == transactions.count {
            tried += 1
            return final.map { $0 == state } ?? true
        }
        var phases = phases
        for index in phases.indices {
            let before = phases[index]
            defer { phases[index] = before }
            switch before {
            case .committed: continue
            case .before:
                let began = transactions[index].began
                let isLate = phases.indices.contains { phases[$0] != .committed && transactions[$0].ended < began }
                guard !isLate, OracleView.run(transactions[index], at: state) != nil else { continue }
                phases[index] = .reading(commits: committed.count)
                if accepts(phases, committed: committed, at: state) { return true }
            case .reading(let commits):
                let rests = spans[index].written + spans[index].guarded
                let isDisturbed = committed[commits...].contains { other in
                    spans[other].written.contains { written in rests.contains { $0.overlaps(written) } }
                }
                // One that writes nothing has nothing to conflict with, whatever it guards.
                guard !isDisturbed || spans[index].written.isEmpty else { continue }
                phases[index] = .committed
                let after = Self.apply(transactions[index], to: state)
                if accepts(phases, committed: committed + [index], at: after) { return true }
            }
        }
        return false
    }

    /// What a transaction leaves of a state, whatever it has read.
    package static func apply(_ transaction: OracleTransaction, to state: OracleMap) -> OracleMap {
        var view = OracleView()
        for operation in transaction.operations where !operation.isRead { _ = view.take(operation, at: state) }
        return view.over(state)
    }
}
