internal import LSMTx

extension Option {
    fileprivate static let html = Option(
        "html", value: "path", completion: .file,
        help: "A new file for a page with pictures of the file, the levels and the distributions.")
}

extension Command {
    static let analyze = Command(
        "analyze",
        abstract: "Show what the file is made of: levels, space, and how keys, values and versions are distributed.",
        discussion: """
            Reads all entries of all tables; 'stats' tells less, and reads none. The file is never changed. Keys are \
            escaped as 'scan' does it. The page needs nothing but a browser: no script and no network.
            """,
        arguments: [.file],
        options: [.json, .html]
    ) { invocation in
        let path = try invocation.path()
        let page = try invocation.text(.html)
        let console = invocation.console
        System.catchInterrupt()
        let report = try Store.read(path) { database in
            let now = Int64(SystemClock.wallMilliseconds)
            let inspection = try database.inspect(
                now: now, ageLimits: AnalysisReport.ageLimits.map(\.milliseconds)
            ) { done, total in
                try Interruption.check()
                console.progress("analyzing", done, of: total, detail: "\(Rendering.grouped(done)) entries")
            }
            return AnalysisReport(inspection, statistics: try database.statistics, path: path)
        }
        console.endProgress()
        if let page {
            try OutputFile.write(page, console) { $0.output.write(AnalysisPage.text(of: report)) }
            guard invocation.has(.json), page != "-" else { return .success }
        }
        if invocation.has(.json) {
            console.output.write(try JSONText.document(report))
        } else {
            console.write(report.sections)
        }
        return .success
    }
}
