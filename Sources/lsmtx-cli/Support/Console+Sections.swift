internal import LSMTxSpecs

extension Console {
    /// Writes rows of labels, numbers and bars under headings.
    func write(_ sections: [StatisticsReport.Section]) {
        for (index, section) in sections.enumerated() {
            output.write((index == 0 ? "" : "\n") + heading(section.title) + "\n")
            let labels = section.rows.map { TextColumns.width(of: $0.label) }.max() ?? 0
            for row in section.rows { output.write(Self.line(row, labelWidth: max(12, labels))) }
        }
    }

    private static func line(_ row: StatisticsReport.Row, labelWidth: Int) -> String {
        let barWidth = 24
        let label = TextColumns.padded(row.label, to: labelWidth)
        var line = "  \(label)" + String(repeating: " ", count: max(0, 14 - row.text.count)) + row.text
        if let part = row.part {
            let bar = Rendering.bar(part, of: row.whole, width: barWidth)
            line += "  " + bar + String(repeating: " ", count: barWidth - bar.count)
        }
        if !row.detail.isEmpty { line += "  " + row.detail }
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }
}
