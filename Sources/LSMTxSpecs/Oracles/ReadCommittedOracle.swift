/// Whether read committed explains transactions: each statement sees all that some number of commits have left, no
/// statement fewer than the one before it, and none fewer than had been acknowledged when its transaction began.
///
/// The commits are in the order in which they were made, since steps follow each other. Of the points that explain a
/// statement the first one leaves the most to those behind it, so nothing has to be searched. A cursor is one statement,
/// made when it is opened.
package struct ReadCommittedOracle {
    private let setup: OracleMap
    private let final: OracleMap?

    /// - Parameters:
    ///   - setup: What was stored at first.
    ///   - final: What is stored at the end; `nil` if that does not matter.
    package init(from setup: OracleMap, to final: OracleMap?) {
        self.setup = setup
        self.final = final
    }

    /// Whether points explain the transactions, all of which have taken effect.
    package func accepts(_ transactions: [OracleTransaction]) -> Bool {
        let writers = transactions.filter(\.hasWrites).sorted { $0.ended < $1.ended }
        var states = [setup]
        for writer in writers {
            var view = OracleView()
            for operation in writer.operations where !operation.isRead { _ = view.take(operation, at: setup) }
            states.append(view.over(states[states.count - 1]))
        }
        if let final, states[states.count - 1] != final { return false }
        return transactions.allSatisfy { isExplained($0, writers, states) }
    }

    private func isExplained(
        _ transaction: OracleTransaction, _ writers: [OracleTransaction], _ states: [OracleMap]
    ) -> Bool {
        var point = writers.count { $0.ended < transaction.began }
        var view = OracleView()
        for (index, operation) in transaction.operations.enumerated() {
            if case .open = operation {
                guard openCursor(transaction, at: index, &view, &point, writers, states) else { return false }
                continue
            }
            guard operation.isRead else {
                _ = view.take(operation, at: states[point])
                continue
            }
            // What a cursor gives was settled when it was opened.
            if case .next = operation { continue }
            let last = writers.count { $0.ended < transaction.times[index] }
            guard let found = (point...max(point, last)).first(where: { view.isTrue(operation, at: states[$0]) }) else {
                return false
            }
            point = found
        }
        return true
    }

    /// Finds the point at which a cursor gives all that it has given, up to its first step.
    private func openCursor(
        _ transaction: OracleTransaction, at index: Int, _ view: inout OracleView, _ point: inout Int,
        _ writers: [OracleTransaction], _ states: [OracleMap]
    ) -> Bool {
        guard case .open(let cursor, _) = transaction.operations[index] else { return true }
        let steps = transaction.operations.indices.filter { place in
            if case .next(let other, _, _) = transaction.operations[place] { other == cursor } else { false }
        }
        let read = transaction.times[steps.first ?? index]
        let last = writers.count { $0.ended < read }
        for candidate in point...max(point, last) {
            var copy = view
            _ = copy.take(transaction.operations[index], at: states[candidate])
            guard steps.allSatisfy({ copy.take(transaction.operations[$0], at: states[candidate]) }) else { continue }
            // Where it is later than the opening, statements in between may still be of earlier points.
            if candidate <= writers.count(where: { $0.ended < transaction.times[index] }) { point = candidate }
            return true
        }
        return false
    }
}

extension OracleView {
    /// Whether an operation gives at a state what it has given.
    func isTrue(_ operation: OracleTransaction.Operation, at state: OracleMap) -> Bool {
        var copy = self
        return copy.take(operation, at: state)
    }
}
