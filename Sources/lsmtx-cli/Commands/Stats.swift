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
        console.write(report.sections)
        return .success
    }
}
