package import LSMTx

/// What to record.
///
/// ```swift
/// var options = RecordingOptions(.bank, at: .snapshot)
/// options.crashes = 10
/// let recording = try Recorder.record(options)
/// ```
public struct RecordingOptions: Sendable {
    /// What the threads do.
    public var workload: Workload
    /// The level of all transactions.
    public var level: Level
    /// How many threads work at once, from 1 to 256.
    public var threads = 8
    /// How many transactions they begin in all; those that set up and look at everything are on top.
    public var transactions = 10_000
    /// How often the power is lost meanwhile.
    public var crashes = 0
    /// What everything that is drawn at random comes from. How the threads interleave is the system's choice, so two
    /// recordings of one seed differ nonetheless.
    public var seed: UInt64
    /// What is wrong with the store, to see whether the checkers find it.
    package var seededFaults: SeededFaults = []

    /// Options with the usual sizes and a seed of chance.
    ///
    /// - Parameters:
    ///   - workload: What the threads do.
    ///   - level: The level of all transactions.
    public init(_ workload: Workload, at level: Level) {
        self.workload = workload
        self.level = level
        seed = UInt64.random(in: 0..<1 << 32)
    }
}

/// What was recorded.
///
/// ```swift
/// let writer = HistoryWriter()
/// for event in recording.events { output.write(try writer.line(event)) }
/// ```
public struct Recording: Sendable {
    /// The events in real-time order.
    public var events: [HistoryEvent]
    /// How often the power was lost.
    public var crashes = 0
    /// How often it was lost once more while the store recovered.
    public var crashesInRecovery = 0
    /// How many commits were acknowledged.
    public var committed = 0
    /// How many transactions were aborted.
    public var aborted = 0
    /// How many were in flight at a crash.
    public var unknown = 0
    /// How many of those were found to have taken effect.
    public var survived = 0
}

/// Why nothing was recorded.
///
/// ```swift
/// do { try Recorder.record(options) } catch let problem as RecordingProblem { print(problem) }
/// ```
public struct RecordingProblem: Error, Hashable, CustomStringConvertible {
    /// What is wrong, and what to do.
    public var text: String

    /// A problem.
    ///
    /// - Parameter text: What is wrong, and what to do.
    public init(_ text: String) { self.text = text }

    /// The text.
    public var description: String { text }
}
