package import LSMTx

/// Runs a spec on the store and says what came.
///
/// Every schedule is run at every level, and every order of an exploration, each on a new store without background
/// threads, one step after the other on the caller's thread. So the same spec and the same seed give the same report.
///
/// ```swift
/// let spec = try Spec(parsing: text, file: "Specs/lost-update.spec")
/// let report = try SpecRunner(spec, file: "Specs/lost-update.spec").run()
/// print("\(report.passed) passed, \(report.failed) failed")
/// ```
public struct SpecRunner: Sendable {
    /// What stores are in.
    public enum Device: String, Sendable, CaseIterable {
        /// Memory.
        case memory
        /// A file in a temporary folder: everything is written to it through the system, and it is opened again after
        /// each crash, which leaves in it what a loss of power could have left.
        case file
    }

    /// How a spec is run.
    public struct Options: Sendable {
        /// The levels, of those that the spec is for; `nil` for all of them.
        public var levels: [Level]?
        /// What everything that is drawn at random comes from: what crashes leave.
        public var seed: UInt64
        /// What the stores are in.
        public var device: Device
        /// What is wrong with the store, to see whether the spec finds it.
        package var seededFaults: SeededFaults = []

        /// Options; those that are not given are the usual ones.
        ///
        /// - Parameters:
        ///   - levels: The levels, of those that the spec is for; `nil` for all of them.
        ///   - seed: What everything that is drawn at random comes from.
        ///   - device: What the stores are in.
        public init(levels: [Level]? = nil, seed: UInt64 = 1, device: Device = .memory) {
            self.levels = levels
            self.seed = seed
            self.device = device
        }
    }

    let spec: Spec
    let file: String
    let options: Options

    /// Takes a spec.
    ///
    /// - Parameters:
    ///   - spec: The spec.
    ///   - file: What its file is called in the report and in errors.
    ///   - options: How it is run.
    public init(_ spec: Spec, file: String = "spec", options: Options = Options()) {
        self.spec = spec
        self.file = file
        self.options = options
    }

    /// Runs everything.
    ///
    /// - Returns: What came.
    /// - Throws: ``SpecErrors`` when the spec asks for something that cannot be, which shows only when it is run, as a
    ///   step while the database is closed; the store's error when a new store cannot be made.
    /// - Complexity: Linear in the number of steps in all runs. In an exploration, a run of *k* transactions costs up to
    ///   (2*k*)!/2^*k* replays of them on top, though hardly ever more than a few.
    public func run() throws -> SpecReport {
        var report = SpecReport(spec: spec, file: file)
        let image = try SpecStore.Image(
            retainedCommits: spec.retainedCommits, seededFaults: options.seededFaults)
        let levels = spec.levels.filter { options.levels?.contains($0) ?? true }
        for schedule in spec.schedules {
            for level in levels { report.schedules.append(try run(schedule, at: level, image)) }
        }
        if let explore = spec.explore {
            for level in levels {
                report.explorations.append(try Explorer(self, explore, level: level, image: image).run())
            }
        }
        return report
    }

    func machine(
        at level: Level, _ image: SpecStore.Image, sharesVariables: Bool
    ) throws -> SpecMachine {
        let file: SpecStoreFile? = options.device == .file ? try SpecStoreFile() : nil
        return try SpecMachine(
            spec, level: level, image: image, file: file, seed: options.seed, sharesVariables: sharesVariables)
    }

    // MARK: Schedules

    private func run(_ schedule: Spec.Schedule, at level: Level, _ image: SpecStore.Image) throws -> ScheduleRun {
        let machine = try machine(at: level, image, sharesVariables: true)
        var lines: [LineRun] = []
        for item in schedule.items {
            let line = try located(item) { try run(item, machine) }
            lines.append(line)
            if !line.hasPassed { break }
        }
        machine.rollBackAll()
        let history = RunHistory(machine.transactions, level: level).history
        return ScheduleRun(
            schedule: schedule.name, level: level, seed: options.seed, lines: lines, history: history,
            verdict: DependencyGraph.check(history))
    }

    private func run(_ item: Spec.Item, _ machine: SpecMachine) throws -> LineRun {
        let level = machine.level
        switch item {
        case .step(let step):
            let expectation = step.expectation(at: level)
            let outcome = expectation == .skip ? .skipped : try machine.run(step)
            let actual = outcome.text + (machine.remark.map { ", " + $0 } ?? "")
            return LineRun(
                position: step.position, session: step.session,
                transaction: expectation == .skip ? nil : machine.lastTransaction, text: SpecPrinter.action(step),
                expected: expectation.map(SpecPrinter.text), actual: actual, outcome: outcome,
                hasPassed: try machine.meets(expectation, outcome))
        case .final(let final):
            let expectation = final.expectation(at: level)
            let outcome = expectation == .skip ? .skipped : try machine.contents()
            return LineRun(
                position: final.position, text: "final", expected: expectation.map(SpecPrinter.text),
                actual: outcome.text, outcome: outcome, hasPassed: try machine.meets(expectation, outcome))
        case .verdict(let verdict):
            let expected = verdict.anomaly(at: level)
            let actual = DependencyGraph.check(RunHistory(machine.transactions, level: level).history).worstName
            return LineRun(
                position: verdict.position, text: "verdict", expected: expected, actual: actual,
                hasPassed: expected == nil || expected == "any" || expected == actual)
        }
    }

    // MARK: Errors

    /// Runs `body`, and says of its mistakes where they are.
    func located<R>(_ item: Spec.Item, _ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let misuse as Misuse {
            let text =
                switch item {
                case .step(let step): "\(step.session) " + SpecPrinter.action(step)
                case .final: "final"
                case .verdict: "verdict"
                }
            let indent = String(repeating: " ", count: item.position.column - 1)
            throw SpecErrors(errors: [
                SpecError(
                    file: file, position: item.position, length: max(1, text.unicodeScalars.count),
                    found: misuse.found, expected: misuse.expected, sourceLine: indent + text)
            ])
        }
    }
}

extension SpecMachine {
    /// Whether an outcome is as expected.
    func meets(_ expectation: Spec.Expectation?, _ outcome: Outcome) throws -> Bool {
        switch expectation {
        case nil: if case .failed = outcome { false } else { true }
        case .any, .skip: true
        case .value(let operand): try value(of: operand, of: "").isSame(as: outcome)
        case .none?: outcome == .none
        case .list(let entries):
            try outcome
                == .list(
                    entries.map { entry in
                        guard case .value(let value) = try value(of: entry.value, of: "") else {
                            throw Misuse(found: "a variable that holds no value", expected: "one that does")
                        }
                        return FoundEntry(key: entry.key, value: value)
                    })
        case .ok: outcome == .ok
        case .conflict: if case .conflict = outcome { true } else { false }
        case .unknown: outcome == .unknown
        case .gone: outcome == .gone
        case .oneOf(let choices): try choices.contains { try meets($0, outcome) }
        }
    }
}

extension Verdict {
    /// The name of the worst anomaly: one that even the weakest model forbids, rather than one that takes real time to
    /// be seen. `none` for none.
    var worstName: String {
        let worst = anomalies.min { left, right in left.severity.lexicographicallyPrecedes(right.severity) }
        return worst?.name ?? "none"
    }
}

extension Anomaly {
    /// Smaller for what is worse.
    fileprivate var severity: [Int] {
        [
            Order.allCases.firstIndex(of: order) ?? 0,
            IsolationModel.allCases.firstIndex(of: kind.weakestViolated) ?? 0,
            AnomalyClass.allCases.firstIndex(of: kind) ?? 0,
        ]
    }
}
