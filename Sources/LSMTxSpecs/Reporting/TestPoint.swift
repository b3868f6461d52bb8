/// A run as the formats of other tools know it: a test that passed or failed.
struct TestPoint {
    var name: String
    var position: SourcePosition
    var seed: UInt64
    /// What was wrong, on one line; `nil` if nothing was.
    var problem: String?
    var expected: String?
    var actual: String?
    /// The schedule and the anomalies, on several lines.
    var details: [String] = []

    static func all(of report: SpecReport) -> [TestPoint] {
        report.schedules.map { TestPoint($0, in: report) } + report.explorations.map { TestPoint($0, in: report) }
    }

    private init(_ run: ScheduleRun, in report: SpecReport) {
        name = "\(run.schedule) [\(run.level.rawValue)]"
        position = report.spec.schedules.first { $0.name == run.schedule }?.position ?? report.spec.position
        seed = run.seed
        guard let failure = run.failure else { return }
        position = failure.position
        expected = failure.expected
        actual = failure.actual
        let step = failure.session.map { "\($0) \(failure.text)" } ?? failure.text
        problem = "\(step): expected \(failure.expected ?? "nothing that failed"), actual \(failure.actual)"
        details = Self.details(RunPicture(of: run, in: report.spec))
    }

    private init(_ exploration: Exploration, in report: SpecReport) {
        name = "explored [\(exploration.level.rawValue)]"
        position = exploration.unmet.first?.position ?? report.spec.explore?.position ?? report.spec.position
        seed = exploration.seed
        guard !exploration.hasPassed else { return }
        let forbidden = exploration.witnesses.first { $0.isForbidden }
        if let unmet = exploration.unmet.first {
            (expected, actual) = (unmet.expected.text, "\(unmet.actual)")
            problem = "\(unmet.kind.rawValue): expected \(unmet.expected.text), actual \(unmet.actual)"
        } else {
            problem = "a run that the level forbids: \(forbidden?.forbidden ?? "")"
        }
        if let forbidden { details = Self.details(RunPicture(of: forbidden, in: report.spec)) }
    }

    private static func details(_ picture: RunPicture) -> [String] {
        picture.columnsOfText() + picture.anomalyLines + picture.dependencyLines
    }
}
