/// A transaction of a history: its invocation and its completion together.
///
/// ```swift
/// let lost = try History(events).transactions.filter { $0.outcome == .unknown }
/// ```
public struct HistoryTransaction: Hashable, Sendable {
    /// How a transaction ended.
    public enum Outcome: Hashable, Sendable {
        /// Its commit was acknowledged.
        case committed
        /// It was not applied.
        case aborted
        /// It may have been applied or not.
        case unknown
    }

    /// Its place among the history's transactions, in the order of their invocations.
    public var id: Int
    /// Who did it.
    public var process: Int
    /// How it ended.
    public var outcome: Outcome
    /// Its steps.
    public var operations: [MicroOperation]
    /// The level that it ran at.
    public var level: Level?
    /// The timestamp that it read at.
    public var snapshot: UInt64?
    /// The timestamp that it committed at.
    public var commit: UInt64?
    /// Where among the events it was started.
    public var invoked: Int
    /// Where among the events it ended; `nil` if nobody knows.
    public var completed: Int?

    /// Whether it changes nothing.
    public var isReadOnly: Bool { !operations.contains(where: \.isWrite) }
}

extension HistoryTransaction: CustomStringConvertible {
    /// Its name and steps on one line.
    public var description: String { "T\(id): " + operations.map(\.description).joined(separator: "; ") }
}
