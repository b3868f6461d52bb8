internal import LSMTx

/// Reads lines from a terminal, or from what the standard input is, and runs them.
struct Shell {
    private let session: ShellSession
    private let console: Console
    private let script: ShellScript

    init(session: ShellSession, console: Console) {
        self.session = session
        self.console = console
        script = ShellScript(session: session, console: console)
    }

    /// Until the end of the input, `.quit`, or an error where nobody types.
    func run() throws -> ExitStatus {
        // Not final: no number of interrupts may cost an open transaction.
        System.catchInterrupt(isFinal: false)
        defer {
            console.output.flush()
            if session.end() { console.note("The open transaction was rolled back.") }
        }
        guard System.isTerminal(System.standardInput), console.output.isTerminal else {
            return try script.runStandardInput()
        }
        console.output.write(
            "\(CommandTable.tool) \(CommandTable.version), \(Escaping.terminal(session.path.utf8)), "
                + "\(session.isWritable ? "for reading and writing" : "for reading"). '.help' lists the commands.\n")
        console.output.flush()
        if let editor = LineEditor.make(complete: ShellCompletion(session: session).complete) {
            try edit(with: editor)
        } else {
            try prompt()
        }
        return .success
    }

    private func edit(with editor: LineEditor) throws {
        let history = ShellHistory()
        var last: [UInt8] = []
        for line in history.load() {
            editor.remember(line)
            last = line
        }
        defer { history.trim() }
        while !session.isEnding, console.output.failure == nil {
            switch try editor.read(prompt: session.prompt) {
            case .line(let line):
                if line.contains(where: { $0 > 0x20 }) {
                    editor.remember(line)
                    if line != last { history.append(line) }
                    last = line
                }
                execute(line)
            case .interrupted: showInterrupt()
            case .end:
                console.output.write("\n")
                return
            }
        }
    }

    /// For a terminal that cannot move its cursor.
    private func prompt() throws {
        var lines = LineReader(descriptor: System.standardInput)
        while !session.isEnding, console.output.failure == nil {
            console.output.write(session.prompt)
            console.output.flush()
            if let line = try lines.next() {
                execute(line)
            } else if System.isInterrupted {
                showInterrupt()
                // The one that was interrupted takes it for the end.
                lines = LineReader(descriptor: System.standardInput)
            } else {
                console.output.write("\n")
                return
            }
        }
    }

    private func execute(_ line: [UInt8]) {
        // One that came while the line was entered was not for the command.
        System.takeInterrupt()
        _ = script.run(line, place: "")
        System.takeInterrupt()
    }

    private func showInterrupt() {
        System.takeInterrupt()
        console.output.write("\n")
        console.output.flush()
    }
}
