/// What running a spec gave.
///
/// ```swift
/// let report = try SpecRunner(spec, options: SpecRunner.Options()).run()
/// print(report.passed, report.failed)
/// ```
public struct SpecReport: Sendable {
    /// The spec.
    public var spec: Spec
    /// Its file, as it was named.
    public var file: String
    /// The schedules' runs, in the spec's order, each schedule at each level.
    public var schedules: [ScheduleRun] = []
    /// The explorations, one for each level.
    public var explorations: [Exploration] = []

    /// Schedules and explorations in which everything was as expected.
    public var passed: Int { schedules.count { $0.hasPassed } + explorations.count { $0.hasPassed } }
    /// All others.
    public var failed: Int { schedules.count + explorations.count - passed }
}

/// A schedule that was run at a level.
public struct ScheduleRun: Sendable {
    /// The schedule's name.
    public var schedule: String
    /// The level.
    public var level: Level
    /// What everything that is drawn at random in the run comes from: the outcome of its crashes.
    public var seed: UInt64
    /// The lines in order, up to and with the first one that went wrong.
    public var lines: [LineRun] = []
    /// What the transactions did. The setup is its first transaction, the sessions are its processes.
    public var history: History
    /// What the dependency graph says of it.
    public var verdict: Verdict

    /// The line that went wrong, if any.
    public var failure: LineRun? { lines.last.flatMap { $0.hasPassed ? nil : $0 } }
    /// Whether everything was as expected.
    public var hasPassed: Bool { failure == nil }
}

/// A line of a schedule that was run: a step, `final` or `verdict`.
public struct LineRun: Sendable {
    /// Where the line is in its file.
    public var position: SourcePosition
    /// Who acted; `nil` for `final` and `verdict`.
    public var session: String?
    /// The transaction of the run's history that the step was part of, by ``HistoryTransaction/id``, if it was of one.
    public var transaction: Int?
    /// What was done, as the language says it, without the session: `get x as a`, `commit`, `final`.
    public var text: String
    /// What was expected at this level, as the language says it; `nil` when nothing was.
    public var expected: String?
    /// What came, as the language says it, or an error's text; of a crash also what it has left.
    public var actual: String
    /// The same for programs; of `verdict` none.
    public var outcome: Outcome?
    /// Whether it was as expected.
    public var hasPassed: Bool
}

/// The programs of a spec, run in many orders at a level.
public struct Exploration: Sendable {
    /// The level.
    public var level: Level
    /// The seed of a sample, and of everything else that is drawn at random.
    public var seed: UInt64
    /// What was counted.
    public var counts: [Spec.Count.Kind: Int] = [:]
    /// What was counted and is not as it must be.
    public var unmet: [Unmet] = []
    /// The runs that show what was counted, the first few of each kind, and those that the level forbids.
    public var witnesses: [Witness] = []

    /// Whether all counts are as they must be, and no run was forbidden by its level.
    public var hasPassed: Bool { unmet.isEmpty && !witnesses.contains { $0.isForbidden } }

    /// A count that is not as it must be.
    public struct Unmet: Sendable {
        /// Where the expectation is.
        public var position: SourcePosition
        /// What was counted.
        public var kind: Spec.Count.Kind
        /// What was expected.
        public var expected: Spec.Bound
        /// What came.
        public var actual: Int
    }

    /// A run that shows something.
    public struct Witness: Sendable {
        /// What it shows: an anomaly, an abort, or a spurious one.
        public var kind: Spec.Count.Kind
        /// Who acted, step by step.
        public var order: [String]
        /// The steps and what they gave.
        public var lines: [LineRun]
        /// What the transactions did.
        public var history: History
        /// What the dependency graph says of it.
        public var verdict: Verdict
        /// Whether the level forbids it: the reason, from the oracle of that level.
        public var forbidden: String?

        /// Whether the level forbids it.
        public var isForbidden: Bool { forbidden != nil }
    }
}
