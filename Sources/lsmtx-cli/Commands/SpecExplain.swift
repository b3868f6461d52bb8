internal import LSMTxSpecs

extension Argument {
    fileprivate static let spec = Argument("file", completion: .file, help: "The spec.")
}

extension Command {
    static let specExplain = Command(
        "spec explain",
        abstract: "Run a spec and draw its schedules.",
        discussion: """
            A column for each session, time downwards, with the number of each line in front. Below each schedule: \
            the anomaly, if any, and which step read or wrote what another one changed (ww: replaced what the first \
            had written; wr: read it; rw: replaced what the first had read). Status 1 when an expectation does not \
            hold.
            """,
        arguments: [.spec],
        options: Option.specRuns
    ) { invocation in
        guard let path = try invocation.text(.spec) else { preconditionFailure("<file> is not optional") }
        let reports = try SpecRuns(invocation, paths: [path]).run(console: invocation.console)
        let output = invocation.console.output
        let explanation = ScheduleExplanation(
            width: output.isTerminal ? output.width : nil, style: invocation.console.style)
        output.write(reports.map(explanation.text).joined(separator: "\n"))
        return SpecRuns.status(of: reports)
    }
}
