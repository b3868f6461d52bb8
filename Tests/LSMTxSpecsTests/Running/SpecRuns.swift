import LSMTxSpecs
import Testing

/// Runs of specs that tests write down.
enum SpecRuns {
    static func report(_ text: String, _ options: SpecRunner.Options = SpecRunner.Options()) throws -> SpecReport {
        try SpecRunner(try Spec(parsing: text), file: "a.spec", options: options).run()
    }

    /// One schedule's run at one level: `line`s behind a setup.
    static func schedule(
        _ lines: String, setup: String = "put x 1", at level: Level = .serializable,
        options: SpecRunner.Options = SpecRunner.Options()
    ) throws -> ScheduleRun {
        var options = options
        options.levels = [level]
        let text = "spec \"a\"\nsetup\n\(setup)\nschedule \"s\"\n\(lines)\n"
        return try #require(try report(text, options).schedules.first)
    }

    /// Everything that a report says, to compare two.
    static func description(of report: SpecReport) -> String {
        var lines: [String] = []
        func add(_ run: [LineRun]) {
            for line in run {
                let outcome = line.outcome.map { "\($0)" } ?? "-"
                lines.append(
                    "\(line.position) \(line.session ?? "-") \(line.transaction ?? -1) \(line.text) "
                        + "\(line.expected ?? "-") \(line.actual) \(outcome) \(line.hasPassed)")
            }
        }
        for run in report.schedules {
            lines.append("\(run.schedule) \(run.level) \(run.seed) \(run.verdict)")
            lines += run.history.transactions.map(\.description)
            add(run.lines)
        }
        for run in report.explorations {
            let counts = run.counts.map { "\($0.key)=\($0.value)" }.sorted()
            lines.append("\(run.level) \(run.seed) \(counts)")
            for witness in run.witnesses {
                lines.append("\(witness.kind) \(witness.order) \(witness.forbidden ?? "-") \(witness.verdict)")
                add(witness.lines)
            }
        }
        return lines.joined(separator: "\n")
    }
}
