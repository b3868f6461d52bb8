/// Which anomalies were seen at which levels.
///
/// There is a row for each anomaly that a spec is about, by the spec's own word for it, and for each one that the
/// history checker named. A word that is also a name of the checker's counts what it named. Another name of the
/// literature's counts the runs of its specs that had an anomaly of whatever name. Any other word is about something that
/// must hold, at levels that allow anomalies too.
package struct AnomalyMatrix: Sendable {
    /// One anomaly at one level.
    package struct Cell: Sendable {
        /// How many runs could have shown it.
        package var runs = 0
        /// How many did.
        package var seen = 0
        /// How many of these were not expected to.
        package var surprises = 0
        /// How many were expected to, and did not.
        package var missing = 0
        /// How many failed for whatever reason.
        package var failed = 0
        /// Whether it is about what must hold, and not about an anomaly.
        var isPromise = false
        /// The run that shows best what the cell says.
        package var witness: RunReference?

        /// What the cell says.
        package var text: String {
            if runs == 0 { return "–" }
            if surprises > 0 { return "SEEN, not expected" }
            if missing > 0 { return "NOT SEEN, expected" }
            if failed > 0 { return seen > 0 ? "seen, FAILED" : "FAILED" }
            if isPromise { return "holds" }
            return seen > 0 ? "seen" : "not seen"
        }

        package var isBad: Bool { surprises + missing + failed > 0 }
    }

    package struct Row: Sendable {
        package var name: String
        package var cells: [Level: Cell] = [:]
    }

    package private(set) var rows: [Row] = []
    package let levels: [Level]

    package init(_ reports: [SpecReport]) {
        let runs = reports.enumerated().flatMap { Self.runs(of: $1, place: $0) }
        levels = Level.allCases.filter { level in runs.contains { $0.level == level } }
        let words = Set(runs.compactMap(\.word)).subtracting(["none"])
        let names = Set(runs.flatMap { $0.seen.union($0.expected) })
        for name in words.union(names).sorted(by: Self.isBefore) {
            rows.append(Self.row(name, of: runs, levels: levels))
        }
    }

    /// What the literature calls anomalies that the checker knows by other names.
    private static let literature: Set<String> = [
        "P0", "P1", "P2", "P3", "P4", "P4C", "A5A", "A5B", "PMP", "G-cursor", "long-fork", "fractured-read",
    ]

    /// From the worst to the mildest; after them what the checker has no name for, by the alphabet.
    private static func isBefore(_ left: String, _ right: String) -> Bool {
        func rank(_ name: String) -> Int {
            AnomalyClass.allCases.firstIndex { name.base == $0.rawValue } ?? .max
        }
        return (rank(left), left) < (rank(right), right)
    }

    private static func row(_ name: String, of runs: [Run], levels: [Level]) -> Row {
        var row = Row(name: name)
        let isChecked = AnomalyClass.allCases.contains { $0.rawValue == name.base }
        let isPromise = !isChecked && !literature.contains(name)
        func shows(_ run: Run) -> Bool {
            isChecked ? run.seen.contains(name) : run.word == name && run.showsItsWord && !isPromise
        }
        // What is no word of any spec's could have been seen in every run.
        let relevant = runs.filter { isChecked || $0.word == name }
        let showing = Set(runs.filter(shows).map(\.title))
        for level in levels {
            var cell = Cell()
            let here = relevant.filter { $0.level == level }
            cell.runs = here.count
            cell.isPromise = isPromise
            for run in here {
                let isSeen = shows(run)
                let isExpected = isChecked ? run.expected.contains(name) : !run.expected.isEmpty && !isPromise
                if isSeen { cell.seen += 1 }
                if isSeen, !isExpected, !run.mayShowAny, !run.hasPassed { cell.surprises += 1 }
                if !isSeen, isExpected, !run.mayShowAny, !run.hasPassed { cell.missing += 1 }
                if run.word == name, !run.hasPassed { cell.failed += 1 }
            }
            cell.witness =
                (here.first { shows($0) && !$0.hasPassed } ?? here.first(where: shows)
                ?? here.first { $0.word == name && !$0.hasPassed }
                ?? here.first { showing.contains($0.title) } ?? here.first { $0.word == name })?.reference
            row.cells[level] = cell
        }
        return row
    }

    // MARK: Runs

    private struct Run {
        var reference: RunReference
        var level: Level
        /// Spec and schedule, the same at all levels.
        var title: [String]
        var word: String?
        var seen: Set<String>
        var expected: Set<String>
        var mayShowAny: Bool
        /// Whether what was seen is what the spec is about.
        var showsItsWord: Bool
        var hasPassed: Bool
    }

    private static func runs(of report: SpecReport, place: Int) -> [Run] {
        let schedules = report.schedules.enumerated().map { index, run in
            var expected: Set<String> = []
            var mayShowAny = true
            for case .verdict(let verdict) in report.spec.schedules.first(where: { $0.name == run.schedule })?.items
                ?? []
            {
                guard let name = verdict.anomaly(at: run.level) else { continue }
                mayShowAny = name == "any"
                if name != "any", name != "none" { expected.insert(name) }
            }
            return Run(
                reference: RunReference(report: place, run: .schedule(index)), level: run.level,
                title: [report.file, run.schedule], word: report.spec.anomaly,
                seen: Set(run.verdict.anomalies.map(\.name)), expected: expected, mayShowAny: mayShowAny,
                showsItsWord: !run.verdict.anomalies.isEmpty, hasPassed: run.hasPassed)
        }
        let explorations = report.explorations.enumerated().map { index, exploration in
            let anomalous = exploration.witnesses.indices.filter {
                !exploration.witnesses[$0].verdict.anomalies.isEmpty
            }
            let best =
                exploration.witnesses.firstIndex { $0.isForbidden } ?? anomalous.first
                ?? exploration.witnesses.indices.first
            return Run(
                reference: RunReference(report: place, run: .exploration(index, witness: best)),
                level: exploration.level, title: [report.file], word: report.spec.anomaly,
                seen: Set(anomalous.flatMap { exploration.witnesses[$0].verdict.anomalies.map(\.name) }),
                expected: [], mayShowAny: exploration.hasPassed,
                showsItsWord: exploration.counts[.anomalous, default: 0] > 0, hasPassed: exploration.hasPassed)
        }
        return schedules + explorations
    }
}

/// A run among the reports.
package struct RunReference: Hashable, Sendable {
    package enum Run: Hashable, Sendable {
        case schedule(Int)
        /// An exploration, and the run of it that is shown, if there is one.
        case exploration(Int, witness: Int?)
    }

    /// The place of its report.
    package var report: Int
    package var run: Run
}

extension String {
    /// The name of an anomaly without the order that it needs.
    fileprivate var base: String {
        for order in Anomaly.Order.allCases where hasSuffix("-\(order.rawValue)") {
            return String(dropLast(order.rawValue.count + 1))
        }
        return self
    }
}
