/// One anomaly and what proves it.
///
/// ```swift
/// for anomaly in verdict.anomalies { print(anomaly) }
/// ```
public struct Anomaly: Hashable, Sendable, CustomStringConvertible {
    /// What an anomaly needs besides the data that was read and written.
    public enum Order: String, Sendable, CaseIterable {
        /// Nothing.
        case data
        /// That each process's transactions are in order.
        case session
        /// That a transaction comes after all that had ended before it began.
        case realTime = "realtime"
    }

    /// Its kind.
    public var kind: AnomalyClass
    /// What it needs besides the data.
    public var order: Order
    /// The transactions that take part, by `HistoryTransaction.id`; a cycle's in its order.
    public var transactions: [Int]
    /// What happened, one line for each step.
    public var witness: [String]

    /// An anomaly.
    ///
    /// - Parameters:
    ///   - kind: Its kind.
    ///   - order: What it needs besides the data.
    ///   - transactions: The transactions that take part.
    ///   - witness: What happened.
    public init(_ kind: AnomalyClass, order: Order = .data, transactions: [Int], witness: [String]) {
        self.kind = kind
        self.order = order
        self.transactions = transactions
        self.witness = witness
    }

    /// Its name, as in `G-single-realtime`.
    public var name: String { order == .data ? kind.rawValue : "\(kind.rawValue)-\(order.rawValue)" }

    /// Its name and what happened.
    public var description: String { ([name] + witness.map { "  " + $0 }).joined(separator: "\n") }
}
