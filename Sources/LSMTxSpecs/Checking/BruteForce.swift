/// Judges a history of a few transactions by trying every order.
///
/// Every order of the commits is tried on plain dictionaries. In each of them every transaction tries all points
/// between two commits: for serializability the one before its own commit, for snapshot isolation any one before it
/// behind which nobody else writes its keys, for read committed one per statement. That is as many orders as reads and
/// commits have: (2*k*)!/2^*k* for *k* transactions. Those of unknown outcome are tried both ways.
///
/// It is what the other two checkers are tested against, and shares nothing with them but the history.
///
/// ```swift
/// let isSerial = BruteForce(history).accepts(.serializable)
/// ```
public struct BruteForce {
    /// Which orders of the commits are tried.
    public enum Order: Sendable, CaseIterable {
        /// All.
        case any
        /// Those in which each key's writers are in the order of their commit timestamps.
        case perKey
        /// Those in which all writers are, and in which the recorded snapshots are where the reads are.
        case recorded
    }

    /// The most transactions that it takes.
    public static let transactionLimit = 5

    let transactions: [HistoryTransaction]
    let order: Order
    let finalState: [String: HistoryValue]?

    /// Takes a history.
    ///
    /// - Parameters:
    ///   - history: The history, with at most `transactionLimit` transactions that were not aborted.
    ///   - order: Which orders are tried.
    ///   - finalState: What the store held in the end, if that is known.
    public init(_ history: History, order: Order = .any, finalState: [String: HistoryValue]? = nil) {
        transactions = history.transactions.filter { $0.outcome != .aborted }
        self.order = order
        self.finalState = finalState
    }

    /// Whether some order explains the history.
    ///
    /// - Parameters:
    ///   - model: What each transaction must fulfil.
    ///   - realTime: Whether the order must agree with real time too.
    /// - Returns: Whether there is one; `nil` if there are too many transactions.
    /// - Complexity: O(*k*! · 2^*k*) for *k* transactions.
    public func accepts(_ model: IsolationModel, realTime: Bool = false) -> Bool? {
        guard transactions.count <= Self.transactionLimit else { return nil }
        let unknown = transactions.indices.filter { transactions[$0].outcome == .unknown }
        let isStrict = realTime || model == .strictSerializable
        for choice in 0..<(1 << unknown.count) {
            let left = unknown.enumerated().filter { choice >> $0.offset & 1 == 0 }.map(\.element)
            let chosen = transactions.indices.filter { !left.contains($0) }
            if explains(chosen, [], model, isStrict) { return true }
        }
        return false
    }

    /// The strongest model that accepts the history.
    ///
    /// - Parameter realTime: Whether the order must agree with real time too.
    /// - Returns: The model; `nil` if there is none, or if there are too many transactions.
    /// - Complexity: As `accepts(_:realTime:)`.
    public func strongest(realTime: Bool = false) -> IsolationModel? {
        IsolationModel.allCases.last { accepts($0, realTime: realTime) == true }
    }

    private func explains(_ rest: [Int], _ prefix: [Int], _ model: IsolationModel, _ isStrict: Bool) -> Bool {
        guard !rest.isEmpty else { return holds(prefix, model, isStrict) }
        for next in rest {
            let others = rest.filter { $0 != next }
            // Whoever comes next must not have to come behind one of the others.
            if others.contains(where: { mustPrecede($0, next, isStrict) }) { continue }
            if explains(others, prefix + [next], model, isStrict) { return true }
        }
        return false
    }

    private func mustPrecede(_ first: Int, _ second: Int, _ isStrict: Bool) -> Bool {
        let (left, right) = (transactions[first], transactions[second])
        if isStrict, left.endsBefore(right) { return true }
        guard let earlier = left.commit, let later = right.commit, earlier < later else { return false }
        switch order {
        case .any: return false
        case .perKey: return !left.writtenKeys.isDisjoint(with: right.writtenKeys)
        case .recorded: return !left.isReadOnly && !right.isReadOnly
        }
    }

    /// Whether one order of the commits explains every read.
    private func holds(_ sequence: [Int], _ model: IsolationModel, _ isStrict: Bool) -> Bool {
        var states: [[String: HistoryValue]] = [[:]]
        for place in sequence { states.append(transactions[place].applied(to: states[states.count - 1])) }
        if let finalState, states[states.count - 1] != finalState { return false }
        for (position, place) in sequence.enumerated() where transactions[place].outcome == .committed {
            let transaction = transactions[place]
            var first = 0
            if isStrict {
                first = (sequence.lastIndex { transactions[$0].endsBefore(transaction) } ?? -1) + 1
            }
            guard first <= position else { return false }
            if model == .readCommitted {
                if !readsByStatement(transaction, 0, states, first...position) { return false }
                continue
            }
            let explained = (first...position).filter { transaction.reads(at: states[$0]) }
            let recorded = explained.filter { isRecordedSnapshot($0, of: transaction, sequence) }
            if recorded.isEmpty { return false }
            // At the store's serializable level only reads are checked, so writers of the same keys may lie between the
            // recorded snapshot and the commit.
            let points = (transaction.level == .serializable ? explained : recorded).filter { point in
                !sequence[point..<position].contains {
                    !transactions[$0].writtenKeys.isDisjoint(with: transaction.writtenKeys)
                }
            }
            if points.isEmpty { return false }
            if model != .snapshotIsolation, !transaction.reads(at: states[position]) { return false }
        }
        return true
    }

    private func isRecordedSnapshot(_ point: Int, of transaction: HistoryTransaction, _ sequence: [Int]) -> Bool {
        guard order == .recorded, let snapshot = transaction.snapshot else { return true }
        return sequence.enumerated().allSatisfy { position, place in
            guard let commit = transactions[place].commit, !transactions[place].isReadOnly else { return true }
            return (position < point) == (commit <= snapshot)
        }
    }

    private func readsByStatement(
        _ transaction: HistoryTransaction, _ number: Int, _ states: [[String: HistoryValue]], _ points: ClosedRange<Int>
    ) -> Bool {
        guard number < transaction.operations.count else { return true }
        if transaction.operations[number].isWrite {
            return readsByStatement(transaction, number + 1, states, points)
        }
        return points.contains { point in
            transaction.reads(number, at: states[point])
                && readsByStatement(transaction, number + 1, states, point...points.upperBound)
        }
    }
}
