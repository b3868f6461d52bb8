/// A spec's runs as text: who did what when, a column for each session, and below it which step read or wrote what
/// another one changed.
package struct ScheduleExplanation {
    package var width: Int?
    package var style = TextStyle()

    package init(width: Int? = nil, style: TextStyle = TextStyle()) {
        self.width = width
        self.style = style
    }

    package func text(of report: SpecReport) -> String {
        var blocks: [[String]] = [heading(of: report)]
        for run in report.schedules {
            let title =
                "schedule \"\(TextColumns.printable(run.schedule))\" at \(run.level.rawValue), seed \(run.seed): "
            let lines = [style.heading(title + (run.hasPassed ? "as expected" : "NOT as expected"))]
            blocks.append(lines + self.lines(of: RunPicture(of: run, in: report.spec)) + conflicts(run.lines))
        }
        for exploration in report.explorations { blocks += self.blocks(of: exploration, in: report) }
        return blocks.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "\n")
    }

    private func heading(of report: SpecReport) -> [String] {
        let spec = report.spec
        let anomaly = spec.anomaly.map { "  (\($0))" } ?? ""
        var lines = [style.heading(TextColumns.printable("\(report.file): \(spec.name)\(anomaly)"))]
        lines += spec.sources.map { style.dimmed(TextColumns.printable("see \($0)")) }
        if !spec.setup.isEmpty {
            lines.append(
                "setup: " + spec.setup.map { TextColumns.printable(SpecPrinter.text($0.write)) }.joined(separator: "; ")
            )
        }
        return lines
    }

    private func lines(of picture: RunPicture) -> [String] {
        var lines = picture.columnsOfText(width: width.map { max(40, $0 - 2) }).map { "  " + $0 }
        if let failure = picture.failure {
            lines.append("  expected: " + TextColumns.printable(failure.expected ?? "nothing that failed"))
            lines.append("  actual:   " + TextColumns.printable(failure.actual))
        }
        lines += picture.anomalyLines.map { "  anomaly " + $0 }
        let dependencies = picture.dependencyLines
        if !dependencies.isEmpty { lines += ["  conflicts"] + dependencies.map { "    " + $0 } }
        return lines
    }

    /// What the store said of its conflicts.
    private func conflicts(_ lines: [LineRun]) -> [String] {
        lines.compactMap { line in
            guard case .conflict(let text) = line.outcome, !text.isEmpty else { return nil }
            return "  " + TextColumns.printable("\(line.session ?? "") line \(line.position.line): \(text)")
        }
    }

    private func blocks(of exploration: Exploration, in report: SpecReport) -> [[String]] {
        let counts = Spec.Count.Kind.allCases.compactMap { kind in
            exploration.counts[kind].map { "\(kind.rawValue) \($0)" }
        }
        let state = exploration.hasPassed ? "as expected" : "NOT as expected"
        let title = "exploration at \(exploration.level.rawValue), seed \(exploration.seed): \(state)"
        var blocks = [[style.heading(title), "  " + counts.joined(separator: ", ")]]
        // One of each kind is enough to see what was counted.
        for kind in Spec.Count.Kind.allCases {
            let witnesses = exploration.witnesses.filter { $0.kind == kind }
            guard let witness = witnesses.first(where: \.isForbidden) ?? witnesses.first else { continue }
            let order = witness.order.map(TextColumns.printable).joined(separator: " ")
            let reason = witness.forbidden.map { ["  forbidden: " + TextColumns.printable($0)] } ?? []
            blocks.append(
                ["  \(kind.rawValue), in the order \(order)"] + reason
                    + lines(of: RunPicture(of: witness, in: report.spec)))
        }
        return blocks
    }
}
