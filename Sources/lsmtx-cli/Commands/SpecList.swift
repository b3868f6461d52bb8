internal import LSMTxSpecs

extension Command {
    static let specList = Command(
        "spec list",
        abstract: "List specs with what they are about.",
        discussion: """
            A line for each spec, with tabs between: file, name, anomaly, levels, how many schedules it has, how many \
            orders of its programs are explored, and where the case is from.
            """,
        arguments: [.specs],
        options: [.json]
    ) { invocation in
        let output = invocation.console.output
        for source in try SpecSources.load(try invocation.texts(.specs), console: invocation.console) {
            let row = SpecRow(source)
            output.write(invocation.has(.json) ? try JSONText.line(row) : Array((row.line + "\n").utf8))
        }
        return .success
    }
}

private struct SpecRow: Encodable {
    private var file: String
    private var name: String
    private var anomaly: String?
    private var levels: [String]
    private var schedules: [String]
    private var orders: Int
    private var sources: [String]

    init(_ source: SpecSources.Source) {
        let spec = source.spec
        file = source.file
        name = spec.name
        anomaly = spec.anomaly
        levels = spec.levels.map(\.rawValue)
        schedules = spec.schedules.map(\.name)
        sources = spec.sources
        switch spec.explore?.coverage {
        case nil: orders = 0
        case .all: orders = spec.explore?.orders ?? 0
        case .sample(let count, _): orders = count
        }
    }

    var line: String {
        [
            file, name, anomaly ?? "-", levels.joined(separator: " "), "\(schedules.count)", "\(orders)",
            sources.joined(separator: "; "),
        ].map { TextColumns.printable($0) }.joined(separator: "\t")
    }
}
