/// Reports for people: a line for each spec, failures in full, which anomalies were seen at which levels, and the sum.
package struct TextReport {
    /// How wide the text may be; `nil` for as wide as it gets.
    package var width: Int?
    package var style = TextStyle()
    /// What follows the file's name in the command that repeats a failure, besides what picks it.
    package var repeatOptions = ""

    package init(width: Int? = nil, style: TextStyle = TextStyle(), repeatOptions: String = "") {
        self.width = width
        self.style = style
        self.repeatOptions = repeatOptions
    }

    package func text(of reports: [SpecReport]) -> String {
        var lines: [String] = []
        let widths = reports.filter { $0.failed == 0 }.map { TextColumns.width(of: TextColumns.printable($0.file)) }
        for report in reports { lines += self.lines(of: report, fileWidth: min(48, widths.max() ?? 0)) }
        let matrix = AnomalyMatrix(reports)
        if lines.last == "" { lines.removeLast() }
        if !matrix.rows.isEmpty { lines += [""] + self.lines(of: matrix) }
        var seeds = Set(reports.flatMap { $0.schedules.map(\.seed) + $0.explorations.map(\.seed) }).sorted()
        if seeds.count > 3 { seeds = [] }
        lines.append("")
        if !seeds.isEmpty { lines.append("seed " + seeds.map(String.init).joined(separator: ", ")) }
        let (passed, failed) = reports.reduce((0, 0)) { ($0.0 + $1.passed, $0.1 + $1.failed) }
        lines.append("\(passed) passed, \(failed) failed")
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: Specs

    private func lines(of report: SpecReport, fileWidth: Int) -> [String] {
        let name = TextColumns.printable(report.spec.name)
        let file = TextColumns.printable(report.file)
        guard report.failed > 0 else {
            return [
                "ok    \(TextColumns.padded(file, to: fileWidth))  \(name)  "
                    + style.dimmed("(\(Self.counted(report)))")
            ]
        }
        let all = report.explorations.isEmpty ? "" : "\(report.schedules.count + report.explorations.count): "
        var lines = [style.heading("FAIL  \(file)  \(name)  (\(report.failed) of \(all)\(Self.counted(report)))")]
        for run in report.schedules {
            if let failure = run.failure { lines += [""] + self.lines(of: run, failure, in: report) }
        }
        for exploration in report.explorations where !exploration.hasPassed {
            lines += [""] + self.lines(of: exploration, in: report)
        }
        return lines + [""]
    }

    private static func counted(_ report: SpecReport) -> String {
        let runs = report.schedules.count
        var text = "\(runs) run\(runs == 1 ? "" : "s")"
        let orders = report.explorations.reduce(0) { $0 + ($1.counts[.runs] ?? 0) }
        if !report.explorations.isEmpty { text += ", \(report.explorations.count) explored, \(orders) orders" }
        return text
    }

    private func lines(of run: ScheduleRun, _ failure: LineRun, in report: SpecReport) -> [String] {
        let place = TextColumns.printable("\(report.file):\(failure.position)")
        let title = TextColumns.printable(run.schedule)
        var lines = [style.heading("  \(place): schedule \"\(title)\" at \(run.level.rawValue), seed \(run.seed)")]
        let picture = RunPicture(of: run, in: report.spec)
        lines += picture.columnsOfText(width: width.map { max(40, $0 - 4) }).map { "    " + $0 }
        lines.append("    step: " + TextColumns.printable([failure.session, failure.text].joined))
        lines += sideBySide(failure.expected ?? "nothing that failed", failure.actual)
        lines += Self.reason(of: failure)
        lines += witness(picture).map { "    " + $0 }
        return lines + ["    repeat: " + command(report, run.schedule, run.level, run.seed)]
    }

    /// What the store said of a conflict.
    private static func reason(of line: LineRun) -> [String] {
        guard case .conflict(let text) = line.outcome, !text.isEmpty else { return [] }
        return ["    because: " + TextColumns.printable(text)]
    }

    private func witness(_ picture: RunPicture) -> [String] {
        let anomalies = picture.anomalyLines.map { "anomaly: " + $0 }
        let dependencies = picture.dependencyLines
        return anomalies + (dependencies.isEmpty ? [] : ["conflicts:"] + dependencies.map { "  " + $0 })
    }

    private func sideBySide(_ expected: String, _ actual: String) -> [String] {
        let (left, right) = (TextColumns.printable(expected), TextColumns.printable(actual))
        let half = width.map { max(20, ($0 - 8) / 2) }
        let column = min(half ?? .max, max(8, TextColumns.width(of: left)))
        let lefts = ["expected"] + TextColumns.wrapped(left, to: column)
        let rights = ["actual"] + TextColumns.wrapped(right, to: half ?? .max)
        return (0..<max(lefts.count, rights.count)).map { row in
            let left = row < lefts.count ? lefts[row] : ""
            return "    " + TextColumns.padded(left, to: column) + "  | " + (row < rights.count ? rights[row] : "")
        }
    }

    /// The command that does the same again.
    private func command(_ report: SpecReport, _ schedule: String?, _ level: Level, _ seed: UInt64) -> String {
        let filter = schedule.map { " --filter \(Self.quoted($0))" } ?? ""
        return "lsmtx spec run \(Self.quoted(report.file))\(filter) --level \(level.rawValue) --seed \(seed)"
            + repeatOptions
    }

    /// A word of a shell's command line.
    private static func quoted(_ word: String) -> String {
        let isPlain = !word.isEmpty && !word.hasPrefix("-") && word.unicodeScalars.allSatisfy(SpecWords.isShellPlain)
        // In single quotes everything stands for itself but a single quote.
        return isPlain
            ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    // MARK: Explorations

    private func lines(of exploration: Exploration, in report: SpecReport) -> [String] {
        let position = exploration.unmet.first?.position ?? report.spec.explore?.position ?? report.spec.position
        let place = TextColumns.printable("\(report.file):\(position)")
        let level = exploration.level.rawValue
        var lines = [style.heading("  \(place): exploration at \(level), seed \(exploration.seed)")]
        for unmet in exploration.unmet {
            lines.append("    count: \(unmet.kind.rawValue)")
            lines += sideBySide(
                (unmet.expected.isUpperLimit ? "<= " : "") + "\(unmet.expected.count)", "\(unmet.actual)")
        }
        // The forbidden runs, or those of the kinds that were counted wrongly.
        let forbidden = exploration.witnesses.filter(\.isForbidden)
        let counted = exploration.witnesses.filter { witness in
            exploration.unmet.contains { $0.kind == witness.kind && $0.actual > $0.expected.count }
        }
        for witness in (forbidden.isEmpty ? counted : forbidden).prefix(3) {
            lines.append("    \(witness.kind.rawValue) run, in the order " + Self.order(witness.order))
            if let reason = witness.forbidden { lines.append("    forbidden: " + TextColumns.printable(reason)) }
            let picture = RunPicture(of: witness, in: report.spec)
            lines += picture.columnsOfText(width: width.map { max(40, $0 - 6) }).map { "      " + $0 }
            lines += self.witness(picture).map { "      " + $0 }
        }
        // A filter by a schedule's name would leave the exploration out.
        return lines + ["    repeat: " + command(report, nil, exploration.level, exploration.seed)]
    }

    private static func order(_ sessions: [String]) -> String {
        sessions.map(TextColumns.printable).joined(separator: " ")
    }

    // MARK: The matrix

    private func lines(of matrix: AnomalyMatrix) -> [String] {
        let title = "anomaly"
        let first = max(title.count, matrix.rows.map { TextColumns.width(of: $0.name) }.max() ?? 0)
        let cells = matrix.rows.map { row in matrix.levels.map { row.cells[$0]?.text ?? "–" } }
        let widths = matrix.levels.indices.map { column in
            max(matrix.levels[column].rawValue.count, cells.map { TextColumns.width(of: $0[column]) }.max() ?? 0)
        }
        func line(_ head: String, _ cells: [String]) -> String {
            var line = TextColumns.padded(head, to: first)
            for (cell, width) in zip(cells.dropLast(), widths) { line += "  " + TextColumns.padded(cell, to: width) }
            return line + "  " + (cells.last ?? "")
        }
        let heading = style.heading(line(title, matrix.levels.map(\.rawValue)))
        return [heading] + zip(matrix.rows, cells).map { row, cells in line(TextColumns.printable(row.name), cells) }
    }
}

extension [String?] {
    /// Those that there are, with a blank between them.
    fileprivate var joined: String { compactMap { $0 }.joined(separator: " ") }
}

extension SpecWords {
    /// Whether a shell takes a character for itself wherever it stands.
    fileprivate static func isShellPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".", "/", "+", "@", "%": true
        default: false
        }
    }
}
