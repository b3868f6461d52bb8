internal import LSMTx

extension Command {
    static let check = Command(
        "check",
        abstract: "Verify every checksum, every reference, key order and who owns which space.",
        discussion: "Ends with status 0 when nothing is wrong, else 65. The file is never changed.",
        arguments: [.file],
        options: [.json], isInShell: true
    ) { invocation in
        let path = try invocation.path()
        let console = invocation.console
        System.catchInterrupt()
        let report: CheckSummary
        do {
            report = try invocation.read { database in
                let report = try database.check { progress in
                    try Interruption.check()
                    console.progress("checking", progress.doneBytes, of: progress.totalBytes)
                }
                return CheckSummary(report)
            }
        } catch let error as StoreError where error.code == .corrupt {
            // The error's own advice is to run this command.
            throw StoreError(
                .corrupt, "The store cannot be read. \(error.message)", remedy: "Restore the file from a backup.",
                at: error.location)
        }
        console.endProgress()
        if invocation.has(.json) {
            console.output.write(try JSONText.document(report))
        } else {
            for finding in report.findings { console.output.write(finding.line + "\n") }
            console.output.write("\(path): \(report.verdict)\n")
        }
        return report.findings.isEmpty ? .success : .badData
    }
}
