internal import LSMTx

extension Argument {
    fileprivate static let action = Argument(
        "action", completion: .values(["list", "create", "drop"]), help: "'list', 'create' or 'drop'.")
    fileprivate static let snapshotName = Argument(
        "name", isOptional: true, completion: .snapshotName, help: "The snapshot's name.")
}

extension Option {
    fileprivate static let at = Option(
        "at", value: "point", completion: .snapshotName,
        help: "With 'create': the timestamp, ISO 8601 time or snapshot to name.")
}

extension Command {
    static let snapshot = Command(
        "snapshot",
        abstract: "List, create or drop named snapshots.",
        discussion: """
            A state that has a name stays readable until the name is dropped: see '--as-of' of 'get', 'scan' and \
            'count'. 'list' writes a line for each: name, timestamp and when it was created, with tabs between them; \
            to a terminal it is an aligned table. 'create' prints the timestamp.
            """,
        arguments: [.action, .file, .snapshotName],
        options: [.at, .json], isInShell: true
    ) { invocation in
        let action = try invocation.text(.action) ?? ""
        guard action == "create" || !invocation.has(.at) else {
            throw UsageError("'--at' goes with 'create' alone.")
        }
        guard action == "list" || !invocation.has(.json) else {
            throw UsageError("'--json' goes with 'list' alone.")
        }
        switch action {
        case "list": return try listSnapshots(invocation)
        case "create": return try createSnapshot(invocation)
        case "drop": return try dropSnapshot(invocation)
        default:
            throw UsageError(
                "Unknown action '\(Escaping.terminal(Array(action.utf8)))'.",
                didYouMean: Suggestion.closest(to: action, among: ["list", "create", "drop"]))
        }
    }

    private static func name(_ invocation: Invocation) throws -> String {
        guard let name = try invocation.text(.snapshotName) else { throw UsageError("Missing argument '<name>'.") }
        return name
    }

    private static func listSnapshots(_ invocation: Invocation) throws -> ExitStatus {
        guard invocation.bytes(.snapshotName) == nil else { throw UsageError("'list' takes no name.") }
        let snapshots = try invocation.read { try $0.snapshots() }
        let output = invocation.console.output
        var table = TextTable(
            [.init("NAME"), .init("TIMESTAMP", isNumber: true), .init("CREATED")], console: invocation.console)
        for snapshot in snapshots {
            if invocation.wantsTable, !invocation.has(.json) {
                let name = TextTable.cell(Array(snapshot.name.utf8), hex: false, width: output.width)
                table.add([name, "\(snapshot.timestamp)", UnixTime.iso8601(snapshot.createdAt)])
            } else if invocation.has(.json) {
                output.write(try JSONText.line(JSONSnapshot(snapshot)))
            } else {
                let name = String(decoding: Escaping.line(Array(snapshot.name.utf8)), as: UTF8.self)
                output.write("\(name)\t\(snapshot.timestamp)\t\(UnixTime.iso8601(snapshot.createdAt))\n")
            }
        }
        table.finish()
        return .success
    }

    private static func createSnapshot(_ invocation: Invocation) throws -> ExitStatus {
        let name = try name(invocation)
        let point = try invocation.point(.at)
        let timestamp = try invocation.write(createIfMissing: false) { database in
            try database.createSnapshot(named: name, at: point)
        }
        invocation.console.output.write("\(timestamp)\n")
        return .success
    }

    private static func dropSnapshot(_ invocation: Invocation) throws -> ExitStatus {
        let name = try name(invocation)
        try invocation.write(createIfMissing: false) { try $0.dropSnapshot(named: name) }
        return .success
    }
}

private struct JSONSnapshot: Encodable {
    private var name: String
    private var timestamp: UInt64
    private var created: String

    init(_ snapshot: NamedSnapshot) {
        name = snapshot.name
        timestamp = snapshot.timestamp.rawValue
        created = UnixTime.iso8601(snapshot.createdAt)
    }
}
