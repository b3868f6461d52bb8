/// A test of the isolation levels, as a file of the spec language says it: schedules with what each level must answer,
/// and programs whose schedules are explored.
///
/// ```swift
/// let spec = try Spec(parsing: text, file: "Specs/lost-update.spec")
/// for schedule in spec.schedules { print(schedule.name) }
/// ```
///
/// Two specs are equal when they say the same, wherever they say it.
public struct Spec: Sendable, Equatable {
    /// What the spec is called.
    public var name: String
    /// The anomaly that it is about, as the literature calls it.
    public var anomaly: String?
    /// Where the case is from.
    public var sources: [String] = []
    /// The levels at which it runs, from the least to the most that is promised; never empty.
    public var levels: [Level] = Level.allCases
    /// How many of the newest commits stay readable: the store's retention.
    public var retainedCommits: UInt64 = 0
    /// What one transaction commits before anything else, in every run.
    public var setup: [SetupWrite] = []
    /// What is run step by step.
    public var schedules: [Schedule] = []
    /// What is run in every order.
    public var explore: Explore?
    /// Where it begins.
    @NotCompared public var position = SourcePosition()

    /// A write of the setup.
    public struct SetupWrite: Sendable, Equatable {
        /// What is written; without variables.
        public var write: Write
        /// Where it is.
        @NotCompared public var position = SourcePosition()
    }

    /// Steps of several sessions in one order.
    public struct Schedule: Sendable, Equatable {
        /// What it is called; no two of a spec are called the same.
        public var name: String
        /// What happens, in order.
        public var items: [Item] = []
        /// Where it begins.
        @NotCompared public var position = SourcePosition()
    }

    /// A line of a schedule.
    public enum Item: Sendable, Equatable {
        /// A session or the database does something.
        case step(Step)
        /// What is committed at this point, all of it.
        case final(Final)
        /// What anomaly has happened up to here.
        case verdict(Verdict)

        /// Where the line begins.
        public var position: SourcePosition {
            switch self {
            case .step(let step): step.position
            case .final(let final): final.position
            case .verdict(let verdict): verdict.position
            }
        }
    }

    /// One thing that a session, or the database itself, does.
    public struct Step: Sendable, Equatable {
        /// Who does it; ``databaseSession`` for the database.
        public var session: String
        /// What is done.
        public var action: Action
        /// The variable that keeps the result.
        public var binding: String?
        /// What the result must be; nothing is judged where there is none.
        public var expectation: PerLevel<Expectation>?
        /// Where it is.
        @NotCompared public var position = SourcePosition()

        /// What the result must be at a level. `nil` where the spec does not say; the step runs all the same.
        public func expectation(at level: Level) -> Expectation? { expectation?[level] }
    }

    /// The session that stands for the database in steps.
    public static let databaseSession = "db"

    /// The committed contents that are expected.
    public struct Final: Sendable, Equatable {
        /// All entries, in the order of their keys.
        public var contents: PerLevel<Expectation>
        /// Where it is.
        @NotCompared public var position = SourcePosition()

        /// What is committed at a level. A spec that names levels names all at which it runs.
        public func expectation(at level: Level) -> Expectation? { contents[level] }
    }

    /// The anomaly that is expected.
    public struct Verdict: Sendable, Equatable {
        /// The anomaly's name, `none` for none, `any` for any of them or none.
        public var anomaly: PerLevel<String>
        /// Where it is.
        @NotCompared public var position = SourcePosition()

        /// What happens at a level. A spec that names levels names all at which it runs.
        public func anomaly(at level: Level) -> String? { anomaly[level] }
    }
}

/// What holds at each level: one value for all, or one for each of some.
public struct PerLevel<Value: Sendable & Equatable>: Sendable, Equatable {
    /// A value, and where it holds.
    public struct Case: Sendable, Equatable {
        /// The levels, from the least to the most that is promised; empty for all.
        public var levels: [Level]
        /// What holds there.
        public var value: Value
        /// Where it is.
        @NotCompared public var position = SourcePosition()
    }

    /// The values. No two are for the same level; one for all levels stands alone.
    public var cases: [Case]

    /// What holds at a level. `nil` where nothing is said.
    public subscript(level: Level) -> Value? {
        cases.first { $0.levels.isEmpty || $0.levels.contains(level) }?.value
    }

    /// The levels that are named; empty when one value is for all.
    public var levels: [Level] { cases.flatMap(\.levels) }
}
