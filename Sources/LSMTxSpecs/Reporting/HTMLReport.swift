/// Reports as one web page that needs nothing else: which anomalies were seen at which levels, each cell a link to the
/// picture of a run that shows it, and all specs with the pictures of their runs.
///
/// Pictures are hidden until they are the target of a link, which needs no script. A reader without styles has them
/// all, one after the other, under headings.
package struct HTMLReport {
    private let reports: [SpecReport]
    private let matrix: AnomalyMatrix
    private var text = ""

    package static func text(of reports: [SpecReport]) -> String {
        var page = HTMLReport(reports)
        page.write()
        return page.text
    }

    private init(_ reports: [SpecReport]) {
        self.reports = reports
        matrix = AnomalyMatrix(reports)
    }

    private mutating func write() {
        let (passed, failed) = reports.reduce((0, 0)) { ($0.0 + $1.passed, $0.1 + $1.failed) }
        let sum = "\(passed) passed, \(failed) failed"
        text += """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Isolation specs: \(sum)</title>
            <style>
            \(Self.style)</style>
            </head>
            <body>
            <main>
            <h1>Isolation specs</h1>
            <p\(failed > 0 ? " class=\"bad-text\"" : "")>\(sum)</p>

            """
        writeMatrix()
        writePictures()
        writeSpecs()
        text += "</main>\n</body>\n</html>\n"
    }

    // MARK: The matrix

    private mutating func writeMatrix() {
        text += "<h2 id=\"matrix\">Anomalies by level</h2>\n"
        guard !matrix.rows.isEmpty else {
            text += "<p>None of the specs is about an anomaly, and none was seen.</p>\n"
            return
        }
        text += "<div class=\"scroll\"><table>\n<caption>What was seen in the runs. A cell opens the picture of one: "
        text += "what shows the anomaly, or how the same schedule goes where it is prevented.</caption>\n"
        text += "<thead><tr><th scope=\"col\">anomaly</th>\(levelHeaders(matrix.levels))</tr></thead>\n<tbody>\n"
        for row in matrix.rows {
            text += "<tr><th scope=\"row\">\(Markup.escaped(row.name))</th>"
            for level in matrix.levels { text += cell(row.cells[level] ?? AnomalyMatrix.Cell()) }
            text += "</tr>\n"
        }
        text += "</tbody>\n</table></div>\n"
    }

    private func levelHeaders(_ levels: [Level]) -> String {
        levels.map { level in
            "<th scope=\"col\">\(level.rawValue) <small>\(Self.name(of: level))</small></th>"
        }.joined()
    }

    private static func name(of level: Level) -> String {
        switch level {
        case .readCommitted: "read committed"
        case .snapshot: "snapshot"
        case .serializable: "serializable"
        }
    }

    private func cell(_ cell: AnomalyMatrix.Cell) -> String {
        let name = cell.isBad ? "bad" : cell.runs == 0 ? "absent" : cell.seen > 0 ? "seen" : "prevented"
        let count = cell.seen > 0 ? " <span class=\"soft\">\(cell.seen) of \(cell.runs)</span>" : ""
        guard let witness = cell.witness, let title = title(of: witness) else {
            return "<td class=\"\(name)\">\(Markup.escaped(cell.text))\(count)</td>"
        }
        return "<td class=\"\(name)\"><a href=\"#\(id(of: witness))\" title=\"\(Markup.escaped(title))\">"
            + "\(Markup.escaped(cell.text))</a>\(count)</td>"
    }

    // MARK: Pictures

    private func id(of run: RunReference) -> String {
        switch run.run {
        case .schedule(let place): "s\(run.report)-r\(place)"
        case .exploration(let place, let witness): "s\(run.report)-x\(place)" + (witness.map { "-w\($0)" } ?? "")
        }
    }

    /// What a picture is called; `nil` if there is none.
    private func title(of run: RunReference) -> String? {
        let report = reports[run.report]
        switch run.run {
        case .schedule(let place):
            let run = report.schedules[place]
            return "\(report.spec.name): \(run.schedule), at \(run.level.rawValue)"
        case .exploration(let place, let witness):
            guard let witness else { return nil }
            let exploration = report.explorations[place]
            let kind = exploration.witnesses[witness].kind.rawValue
            return "\(report.spec.name): explored, \(kind), at \(exploration.level.rawValue)"
        }
    }

    private mutating func writePictures() {
        for (place, report) in reports.enumerated() {
            for index in report.schedules.indices { writePicture(RunReference(report: place, run: .schedule(index))) }
            for (index, exploration) in report.explorations.enumerated() {
                for witness in exploration.witnesses.indices {
                    writePicture(RunReference(report: place, run: .exploration(index, witness: witness)))
                }
            }
        }
    }

    private mutating func writePicture(_ run: RunReference) {
        guard let title = title(of: run) else { return }
        let report = reports[run.report]
        let id = id(of: run)
        let picture: RunPicture
        var remarks: [String] = []
        switch run.run {
        case .schedule(let place):
            let run = report.schedules[place]
            picture = RunPicture(of: run, in: report.spec)
            remarks.append("\(run.hasPassed ? "As expected" : "NOT as expected"), seed \(run.seed).")
        case .exploration(let place, let witness):
            let exploration = report.explorations[place]
            let shown = exploration.witnesses[witness ?? 0]
            picture = RunPicture(of: shown, in: report.spec)
            remarks.append("In the order \(shown.order.joined(separator: " ")), seed \(exploration.seed).")
            if let reason = shown.forbidden { remarks.append("Forbidden at this level: \(reason)") }
        }
        if let failure = picture.failure {
            remarks.append("\(report.file):\(failure.position): \(failure.text)")
            remarks.append("Expected: \(failure.expected ?? "nothing that failed"). Actual: \(failure.actual).")
        }
        remarks += picture.anomalyLines.map { "Anomaly \($0)" }
        if picture.verdict.anomalies.isEmpty { remarks.append("No anomaly.") }
        text += "<section class=\"picture\" id=\"\(id)\" aria-labelledby=\"\(id)-heading\">\n"
        text += "<h3 id=\"\(id)-heading\">\(Markup.escaped(title))</h3>\n"
        for remark in remarks { text += "<p>\(Markup.escaped(TextColumns.printable(remark)))</p>\n" }
        text += "<div class=\"scroll\">\n\(ScheduleSVG(picture, id: id, title: title).text)</div>\n"
        text += "<details><summary>As text</summary>\n<pre>"
        text += Markup.escaped((picture.columnsOfText() + picture.dependencyLines).joined(separator: "\n"))
        text += "</pre></details>\n<p><a href=\"#matrix\">Back to the matrix</a></p>\n</section>\n"
    }

    // MARK: Specs

    private mutating func writeSpecs() {
        text += "<h2>Specs</h2>\n"
        for (place, report) in reports.enumerated() {
            let spec = report.spec
            let state = report.failed == 0 ? "passed" : "<span class=\"bad-text\">\(report.failed) FAILED</span>"
            text += "<details class=\"spec\"\(report.failed > 0 ? " open" : "")><summary>\(Markup.escaped(spec.name)) "
            text += "<span class=\"soft\">\(Markup.escaped(report.file))</span> \(state)</summary>\n"
            if !spec.sources.isEmpty || spec.anomaly != nil {
                let words = [spec.anomaly.map { "About \($0)." }].compactMap { $0 } + spec.sources.map { "See \($0)." }
                text += "<p>\(Markup.escaped(words.joined(separator: " ")))</p>\n"
            }
            let levels = Level.allCases.filter { level in
                report.schedules.contains { $0.level == level } || report.explorations.contains { $0.level == level }
            }
            text += "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">schedule</th>\(levelHeaders(levels))"
            text += "</tr></thead>\n<tbody>\n"
            for schedule in spec.schedules {
                text += "<tr><th scope=\"row\">\(Markup.escaped(schedule.name))</th>"
                for level in levels {
                    let index = report.schedules.firstIndex { $0.schedule == schedule.name && $0.level == level }
                    text += scheduleCell(index, place)
                }
                text += "</tr>\n"
            }
            writeExplorations(report, place, levels)
            text += "</tbody>\n</table></div>\n</details>\n"
        }
    }

    private func scheduleCell(_ index: Int?, _ place: Int) -> String {
        guard let index else { return "<td class=\"absent\">–</td>" }
        let run = reports[place].schedules[index]
        let names = run.verdict.anomalies.isEmpty ? "" : ", " + run.verdict.shortName
        return "<td\(run.hasPassed ? "" : " class=\"bad\"")>"
            + "<a href=\"#\(id(of: RunReference(report: place, run: .schedule(index))))\">"
            + "\(run.hasPassed ? "passed" : "FAILED")\(Markup.escaped(names))</a></td>"
    }

    private mutating func writeExplorations(_ report: SpecReport, _ place: Int, _ levels: [Level]) {
        guard !report.explorations.isEmpty else { return }
        text += "<tr><th scope=\"row\">explored</th>"
        for level in levels {
            guard let index = report.explorations.firstIndex(where: { $0.level == level }) else {
                text += "<td class=\"absent\">–</td>"
                continue
            }
            let exploration = report.explorations[index]
            let counts = Spec.Count.Kind.allCases.compactMap { kind in
                exploration.counts[kind].map { "\(kind.rawValue) \($0)" }
            }
            text +=
                "<td\(exploration.hasPassed ? "" : " class=\"bad\"")>\(exploration.hasPassed ? "passed" : "FAILED"): "
            text += counts.joined(separator: ", ")
            for (number, witness) in exploration.witnesses.enumerated() {
                let run = RunReference(report: place, run: .exploration(index, witness: number))
                text +=
                    "\(number == 0 ? "; " : ", ")<a href=\"#\(id(of: run))\">\(witness.kind.rawValue) \(number + 1)</a>"
            }
            text += "</td>"
        }
        text += "</tr>\n"
    }
}
