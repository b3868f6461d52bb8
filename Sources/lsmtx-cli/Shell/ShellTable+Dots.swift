internal import LSMTx

extension Argument {
    fileprivate static let command = Argument(
        "command", isOptional: true, isRepeated: true, completion: .command, help: "The command to explain.")
    fileprivate static let mode = Argument(
        "mode", isOptional: true, completion: .values(ShellSession.Mode.allCases.map(\.rawValue)),
        help: "'table', 'tabs', 'json', 'hex' or 'raw'; without it, the present one is written.")
    fileprivate static let onOrOff = Argument(
        "state", completion: .values(["on", "off"]), help: "'on' or 'off'.")
    fileprivate static let target = Argument("file", completion: .file, help: "The file to write.")
    fileprivate static let source = Argument("file", completion: .file, help: "The file to read.")
    fileprivate static let point = Argument(
        "point", isOptional: true, completion: .snapshotName,
        help: "A timestamp, an ISO 8601 time or a snapshot's name; 'now' for what is committed.")
}

extension ShellTable {
    static let dotCommands: [Command] = [
        Command(".help", abstract: "Show the commands, or how one of them is used.", arguments: [.command]) {
            invocation in
            guard let word = try invocation.texts(.command).first else {
                invocation.console.output.write(overview)
                return .success
            }
            invocation.console.output.write(Help.of(try command(named: Array(word.utf8)), tool: ""))
            return .success
        },
        Command(
            ".mode", abstract: "Choose how keys and values are written.",
            discussion: """
                'table' aligns and escapes; it is what a terminal gets. 'tabs' writes a line for each entry, escaped; it is \
                what anything else gets. 'json', 'hex' and 'raw' are as the options of 'scan'.
                """,
            arguments: [.mode]
        ) { invocation in
            if let word = try invocation.text(.mode) {
                invocation.shell.mode = ShellSession.Mode(rawValue: word)
            } else {
                let automatic = invocation.console.output.isTerminal ? ShellSession.Mode.table : .tabs
                invocation.console.output.write("\((invocation.shell.mode ?? automatic).rawValue)\n")
            }
            return .success
        },
        Command(".timer", abstract: "Tell how long each command takes.", arguments: [.onOrOff]) { invocation in
            invocation.shell.hasTimer = try invocation.text(.onOrOff) == "on"
            return .success
        },
        Command(
            ".once", abstract: "Write the output of the next command to a file.",
            discussion: "A file that is there is replaced.", arguments: [.target]
        ) { invocation in
            let path = try invocation.text(.target) ?? ""
            invocation.shell.nextOutput = Output(ownedDescriptor: try System.openReplacing(path), name: path)
            return .success
        },
        Command(
            ".read", abstract: "Run the commands in a file.",
            discussion: "Stops at the first error, and names its line.", arguments: [.source]
        ) { invocation in
            try ShellScript(session: invocation.shell, console: invocation.console)
                .run(file: try invocation.text(.source) ?? "")
        },
        Command(
            ".as-of", abstract: "Look at the past until told otherwise.",
            discussion: """
                What is read then is the state at that point, unless a command has '--as-of' itself. Nothing can be \
                written meanwhile. '.as-of now' comes back; '.as-of' alone tells the timestamp that is looked at.
                """,
            arguments: [.point]
        ) { invocation in
            let session = invocation.shell
            switch try invocation.text(.point) {
            case nil:
                let timestamp = session.state?.timestamp ?? session.database.timestamp
                invocation.console.output.write("\(timestamp)\n")
            case "now"?: session.lookAtNow()
            case let text?: try session.look(at: try PointText.parse(text), name: text)
            }
            return .success
        },
        leaving(".quit"),
        leaving(".exit"),
    ]

    private static func leaving(_ name: String) -> Command {
        Command(
            name, abstract: "Leave the shell. An open transaction is rolled back.", arguments: []
        ) { invocation in
            invocation.shell.isEnding = true
            return .success
        }
    }
}
