internal import LSMTxSpecs

extension Option {
    fileprivate static let specFormat = Option(
        "format", value: "format", completion: .values(["text", "jsonl", "tap", "junit"]),
        help: "'text', the default, 'jsonl', 'tap' or 'junit'.")
    fileprivate static let html = Option(
        "html", value: "file", completion: .file,
        help: "Also write a web page with the anomalies by level and pictures of the runs.")
}

extension Command {
    static let specRun = Command(
        "spec run",
        abstract: "Run specs of what each isolation level must answer.",
        discussion: """
            Every schedule runs at every level of its spec, on a new database each time. A line for each spec, \
            failures in full with the command that repeats them, which anomalies were seen at which levels, and the \
            sum. Ends with status 0 when every expectation holds, else 1; a spec that cannot be read is status 65.
            """,
        arguments: [.specs],
        options: Option.specRuns + [.specFormat, .html]
    ) { invocation in
        let format = try format(invocation)
        let html = try invocation.text(.html)
        let runs = try SpecRuns(invocation, paths: try invocation.texts(.specs))
        let reports = try runs.run(console: invocation.console)
        let output = invocation.console.output
        switch format {
        case .text:
            let report = TextReport(
                width: output.isTerminal ? output.width : nil, style: invocation.console.style,
                repeatOptions: try invocation.text(.device).map { " --device \($0)" } ?? "")
            output.write(report.text(of: reports))
        case .jsonl: output.write(try JSONLinesReport.text(of: reports))
        case .tap: output.write(try TAPReport.text(of: reports))
        case .junit: output.write(JUnitReport.text(of: reports))
        }
        if let html { try System.write(Array(HTMLReport.text(of: reports).utf8), toFile: html) }
        return SpecRuns.status(of: reports)
    }

    private enum SpecFormat: String, CaseIterable { case text, jsonl, tap, junit }

    private static func format(_ invocation: Invocation) throws -> SpecFormat {
        guard let name = try invocation.text(.specFormat) else { return .text }
        guard let format = SpecFormat(rawValue: name) else {
            throw UsageError(
                "Unknown format '\(Escaping.terminal(Array(name.utf8)))'.",
                didYouMean: Suggestion.closest(to: name, among: SpecFormat.allCases.map(\.rawValue)))
        }
        return format
    }
}
