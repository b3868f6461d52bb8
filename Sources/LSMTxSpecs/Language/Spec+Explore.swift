extension Spec {
    /// Programs of several sessions, run in many orders on a database of its own each.
    public struct Explore: Sendable, Equatable {
        /// Which orders.
        public enum Coverage: Sendable, Equatable {
            /// All.
            case all
            /// So many, drawn at random from a seed.
            case sample(Int, seed: UInt64)
        }

        /// The sessions, in the order in which the spec has them.
        public var sessions: [Program]
        /// Which orders are run.
        public var coverage: Coverage
        /// What is counted, and how much it must be.
        public var counts: [Count] = []
        /// Where `explore` stands.
        @NotCompared public var position = SourcePosition()

        /// The count of a kind at a level. `nil` where nothing is said.
        public func bound(_ kind: Count.Kind, at level: Level) -> Bound? {
            counts.first { $0.kind == kind }?.bounds[level]
        }

        /// How many orders of the programs' steps there are, at most `Int.max`.
        public var orders: Int {
            // The product of the binomials C(placed, length): of the places up to then, those of the next program.
            var orders = 1
            var placed = 0
            for program in sessions {
                for step in 1...max(1, program.steps.count) where !program.steps.isEmpty {
                    placed += 1
                    // `orders` holds a multiple of C(placed - 1, step - 1), so that the division leaves no rest.
                    let (product, overflow) = orders.multipliedReportingOverflow(by: placed)
                    if overflow { return .max }
                    orders = product / step
                }
            }
            return orders
        }
    }

    /// A session's steps in order.
    public struct Program: Sendable, Equatable {
        /// The session; ``Spec/databaseSession`` for the database.
        public var session: String
        /// What it does. Variables are the session's own; there are no expectations.
        public var steps: [Step]
        /// Where it is.
        @NotCompared public var position = SourcePosition()
    }

    /// How often something must have happened in all the runs of an exploration.
    public struct Count: Sendable, Equatable {
        /// What is counted.
        public enum Kind: String, Sendable, CaseIterable {
            /// Runs.
            case runs
            /// Runs whose committed transactions have no serial order.
            case anomalous
            /// Runs in which a commit conflicted.
            case aborted
            /// Runs of those that would have been strictly serializable had all committed.
            case spurious
        }

        /// What is counted.
        public var kind: Kind
        /// How much it must be.
        public var bounds: PerLevel<Bound>
        /// Where it is.
        @NotCompared public var position = SourcePosition()
    }

    /// A number, or an upper limit.
    public struct Bound: Sendable, Equatable {
        /// The number.
        public var count: Int
        /// Whether less is right too.
        public var isUpperLimit = false

        /// Whether a number is as it must be.
        public func allows(_ number: Int) -> Bool { isUpperLimit ? number <= count : number == count }
    }
}
