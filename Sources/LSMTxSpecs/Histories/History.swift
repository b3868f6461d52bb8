/// What several processes did to a store that was empty at first. Keys are in the one form that ``HistoryKey`` has.
///
/// ```swift
/// let history = try HistoryReader.history(of: bytes)
/// print(TimestampReplay.check(history))
/// ```
public struct History: Sendable {
    /// The transactions in the order of their invocations.
    public internal(set) var transactions: [HistoryTransaction]

    /// Pairs every invocation with its completion. A transaction without one is of unknown outcome.
    ///
    /// - Parameter events: The events in real-time order.
    /// - Throws: `HistoryProblem` if a process does two transactions at once or ends one that it never began, or if a
    ///   key is both a list and a register.
    /// - Complexity: O(*n*) in the number of steps.
    public init(_ events: some Sequence<HistoryEvent>) throws(HistoryProblem) {
        transactions = []
        var open: [Int: Int] = [:]
        var position = 0
        for event in events {
            defer { position += 1 }
            if event.kind == .invoke {
                guard open[event.process] == nil else {
                    throw HistoryProblem(
                        position: position, text: "process \(event.process) has a transaction already")
                }
                open[event.process] = transactions.count
                transactions.append(
                    HistoryTransaction(
                        id: transactions.count, process: event.process, outcome: .unknown,
                        operations: event.operations.map(\.canonical), level: event.level, snapshot: event.snapshot,
                        commit: event.commit, invoked: position))
                continue
            }
            guard let id = open[event.process] else {
                throw HistoryProblem(
                    position: position, text: "process \(event.process) ends what it has not begun")
            }
            // After `info` the transaction may still take effect, so it stays its process's last one.
            if event.kind != .info { open[event.process] = nil }
            Self.complete(&transactions[id], with: event, at: position)
        }
        try requireOneKindPerKey()
    }

    private static func complete(_ transaction: inout HistoryTransaction, with event: HistoryEvent, at position: Int) {
        transaction.level = event.level ?? transaction.level
        transaction.snapshot = event.snapshot ?? transaction.snapshot
        transaction.commit = event.commit ?? transaction.commit
        if event.kind == .ok || !event.operations.isEmpty {
            transaction.operations = event.operations.map(\.canonical)
        }
        guard event.kind != .info else { return }
        transaction.outcome = event.kind == .ok ? .committed : .aborted
        transaction.completed = position
    }

    /// What an append to a register would leave is nobody's convention, so that checkers need not agree on one.
    private func requireOneKindPerKey() throws(HistoryProblem) {
        var isList: [String: Bool] = [:]
        for transaction in transactions {
            for operation in transaction.operations {
                let (key, list): (String, Bool)
                switch operation {
                case .append(let name, _): (key, list) = (name, true)
                case .write(let name, _): (key, list) = (name, false)
                case .read, .delete, .scan: continue
                }
                if let known = isList[key], known != list {
                    throw HistoryProblem(
                        position: transaction.invoked, text: "key \(key) is appended to and also written as a register")
                }
                isList[key] = list
            }
        }
    }
}
