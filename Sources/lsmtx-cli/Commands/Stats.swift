internal import LSMTx

extension Command {
    static let stats = Command(
        "stats",
        abstract: "Show what the file holds and where its space goes.",
        arguments: [.file],
        options: [.json], isInShell: true
    ) { invocation in
        let path = try invocation.path()
        let report = try invocation.read { StatisticsReport(try $0.statistics, path: path) }
        let console = invocation.console
        guard !invocation.has(.json) else {
            console.output.write(try JSONText.document(report))
            return .success
        }
        for (index, section) in report.sections.enumerated() {
            console.output.write((index == 0 ? "" : "\n") + console.heading(section.title) + "\n")
            for row in section.rows { console.output.write(line(row) + "\n") }
        }
        return .success
    }

    private static func line(_ row: StatisticsReport.Row) -> String {
        let barWidth = 24
        let label = row.label + String(repeating: " ", count: max(0, 12 - row.label.count))
        var line = "  \(label)" + String(repeating: " ", count: max(0, 14 - row.text.count)) + row.text
        if let part = row.part {
            let bar = Rendering.bar(part, of: row.whole, width: barWidth)
            line += "  " + bar + String(repeating: " ", count: barWidth - bar.count)
        }
        if !row.detail.isEmpty { line += "  " + row.detail }
        return line
    }
}
