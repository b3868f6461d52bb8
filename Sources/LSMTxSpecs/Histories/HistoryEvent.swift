/// One line of a history: a transaction was started, or how it ended.
///
/// Events are in real-time order: whatever was recorded at one instant has its invocations first.
///
/// ```swift
/// let event = HistoryEvent(index: 0, time: 0, process: 0, kind: .invoke, operations: [.read("x", nil)])
/// ```
public struct HistoryEvent: Hashable, Sendable {
    /// What happened.
    public enum Kind: String, Sendable, CaseIterable {
        /// A transaction was started.
        case invoke
        /// It has committed.
        case ok
        /// It has not committed and never will.
        case fail
        /// Nobody knows: the store went away during it. Its process makes no further events.
        case info
    }

    /// The event's place in the history.
    public var index: Int
    /// When it happened, in nanoseconds since the history's start.
    public var time: Int
    /// Who did it. One process does one transaction at a time.
    public var process: Int
    /// What happened.
    public var kind: Kind
    /// The transaction's steps, with their results in an `ok` event.
    public var operations: [MicroOperation]
    /// The level that the transaction ran at.
    public var level: Level?
    /// The timestamp that it read at.
    public var snapshot: UInt64?
    /// The timestamp that it committed at.
    public var commit: UInt64?

    /// An event.
    ///
    /// - Parameters:
    ///   - index: Its place in the history.
    ///   - time: When it happened, in nanoseconds.
    ///   - process: Who did it.
    ///   - kind: What happened.
    ///   - operations: The transaction's steps.
    ///   - level: The level that the transaction ran at.
    ///   - snapshot: The timestamp that it read at.
    ///   - commit: The timestamp that it committed at.
    public init(
        index: Int, time: Int, process: Int, kind: Kind, operations: [MicroOperation], level: Level? = nil,
        snapshot: UInt64? = nil, commit: UInt64? = nil
    ) {
        self.index = index
        self.time = time
        self.process = process
        self.kind = kind
        self.operations = operations
        self.level = level
        self.snapshot = snapshot
        self.commit = commit
    }
}
