/// A run as a line of JSON says it. Every member is in every line; what there is none of is null.
struct RunRecord: Encodable {
    struct Step: Encodable {
        var line: Int
        var column: Int
        var session: String?
        var step: String
        var expected: String?
        var actual: String
        var passed: Bool

        init(_ line: LineRun) {
            (self.line, column) = (line.position.line, line.position.column)
            (session, step, expected, actual) = (line.session, line.text, line.expected, line.actual)
            passed = line.hasPassed
        }
    }

    struct AnomalyRecord: Encodable {
        var name: String
        var transactions: [Int]
        var witness: [String]

        init(_ anomaly: Anomaly) {
            (name, transactions, witness) = (anomaly.name, anomaly.transactions, anomaly.witness)
        }
    }

    struct Unmet: Encodable {
        var count: String
        var expected: String
        var actual: Int
    }

    struct WitnessRecord: Encodable {
        var kind: String
        var order: [String]
        var forbidden: String?
        var verdict: String
        var anomalies: [AnomalyRecord]
        var steps: [Step]
    }

    var file: String
    var spec: String
    var anomaly: String?
    /// `nil` for an exploration.
    var schedule: String?
    var level: String
    var seed: UInt64
    /// `pass` or `fail`.
    var result: String
    /// The sessions, step by step.
    var order: [String]?
    /// Where what went wrong is, as file, line and column.
    var place: String?
    var step: String?
    var expected: String?
    var actual: String?
    /// The anomaly that the history checker names first, or `none`.
    var verdict: String?
    /// What proves it.
    var witness: [String]
    var anomalies: [AnomalyRecord]
    var steps: [Step]
    var counts: [String: Int]?
    var unmet: [Unmet]
    var witnesses: [WitnessRecord]

    private enum CodingKeys: String, CodingKey {
        case file, spec, anomaly, schedule, level, seed, result, order, place, step, expected, actual, verdict, witness
        case anomalies, steps, counts, unmet, witnesses
    }

    /// Written out, because what the compiler makes leaves out what is `nil`.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(file, forKey: .file)
        try container.encode(spec, forKey: .spec)
        try container.encode(anomaly, forKey: .anomaly)
        try container.encode(schedule, forKey: .schedule)
        try container.encode(level, forKey: .level)
        try container.encode(seed, forKey: .seed)
        try container.encode(result, forKey: .result)
        try container.encode(order, forKey: .order)
        try container.encode(place, forKey: .place)
        try container.encode(step, forKey: .step)
        try container.encode(expected, forKey: .expected)
        try container.encode(actual, forKey: .actual)
        try container.encode(verdict, forKey: .verdict)
        try container.encode(witness, forKey: .witness)
        try container.encode(anomalies, forKey: .anomalies)
        try container.encode(steps, forKey: .steps)
        try container.encode(counts, forKey: .counts)
        try container.encode(unmet, forKey: .unmet)
        try container.encode(witnesses, forKey: .witnesses)
    }
}

extension RunRecord {
    init(_ run: ScheduleRun, in report: SpecReport) {
        let failure = run.failure
        file = report.file
        spec = report.spec.name
        anomaly = report.spec.anomaly
        schedule = run.schedule
        level = run.level.rawValue
        seed = run.seed
        result = run.hasPassed ? "pass" : "fail"
        order = run.lines.compactMap(\.session)
        place = failure.map { "\(report.file):\($0.position)" }
        step = failure.map { $0.session.map { "\($0) " } ?? "" }.map { $0 + (failure?.text ?? "") }
        expected = failure?.expected
        actual = failure?.actual
        verdict = run.verdict.shortName
        witness = run.verdict.anomalies.first?.witness ?? []
        anomalies = run.verdict.anomalies.map(AnomalyRecord.init)
        steps = run.lines.map(Step.init)
        counts = nil
        unmet = []
        witnesses = []
    }

    init(_ exploration: Exploration, in report: SpecReport) {
        let first = exploration.unmet.first
        let forbidden = exploration.witnesses.first { $0.isForbidden }
        file = report.file
        spec = report.spec.name
        anomaly = report.spec.anomaly
        schedule = nil
        level = exploration.level.rawValue
        seed = exploration.seed
        result = exploration.hasPassed ? "pass" : "fail"
        order = forbidden?.order
        place = first.map { "\(report.file):\($0.position)" }
        step = first.map(\.kind.rawValue)
        expected = first?.expected.text
        actual = first.map { "\($0.actual)" } ?? forbidden?.forbidden
        verdict = forbidden?.verdict.shortName
        witness = forbidden?.verdict.anomalies.first?.witness ?? []
        anomalies = []
        steps = []
        counts = Dictionary(uniqueKeysWithValues: exploration.counts.map { ($0.rawValue, $1) })
        unmet = exploration.unmet.map {
            Unmet(count: $0.kind.rawValue, expected: $0.expected.text, actual: $0.actual)
        }
        witnesses = exploration.witnesses.map { witness in
            WitnessRecord(
                kind: witness.kind.rawValue, order: witness.order, forbidden: witness.forbidden,
                verdict: witness.verdict.shortName, anomalies: witness.verdict.anomalies.map(AnomalyRecord.init),
                steps: witness.lines.map(Step.init))
        }
    }
}

extension Verdict {
    /// The anomaly that is named first, or `none`.
    var shortName: String { anomalies.first?.name ?? "none" }
}

extension Spec.Bound {
    /// The bound as the language says it.
    var text: String { (isUpperLimit ? "<= " : "") + "\(count)" }
}
