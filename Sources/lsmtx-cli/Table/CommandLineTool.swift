internal import LSMTx

/// Finds the command, parses its arguments by its row of the table, runs it, and turns errors into text and a status.
package enum CommandLineTool {
    /// - Parameter words: What was typed, the program's name first.
    package static func run(_ words: [[UInt8]], console: Console) -> ExitStatus {
        var command: Command?
        do {
            let root = try Tokeniser.split(words, options: CommandTable.rootOptions, stopAtOperand: true)
            if root.options[.version] != nil {
                console.output.write("\(CommandTable.tool) \(CommandTable.version)\n")
                return .success
            }
            if root.options[.dumpHelp] != nil {
                console.output.write(try HelpDump.json(of: CommandTable.commands))
                return .success
            }
            guard root.options[.help] == nil, let name = root.operands.first else {
                console.output.write(Help.overview(of: CommandTable.commands))
                return .success
            }
            if name == Array(CommandTable.helpName.utf8) {
                return try help(Array(root.operands.dropFirst()), console)
            }
            // 'spec help run' is 'help spec run': the overview of a group lists it.
            if root.operands.dropFirst().first == Array(CommandTable.helpName.utf8), CommandTable.isGroup(name) {
                return try help([name] + root.operands.dropFirst(2), console)
            }
            switch try CommandTable.target(of: root.operands) {
            case .group(let word, let members):
                console.output.write(Help.overview(of: members, group: word))
                return .success
            case .command(let found, let words):
                command = found
                guard let invocation = try parse(words, for: found, console) else {
                    console.output.write(Help.of(found))
                    return .success
                }
                return try found.run(invocation)
            }
        } catch {
            // What was found before the failure comes first.
            console.output.flush()
            return report(error, of: command, console)
        }
    }

    private static func help(_ words: [[UInt8]], _ console: Console) throws -> ExitStatus {
        let names = words.filter { !$0.starts(with: Array("-".utf8)) }
        guard !names.isEmpty else {
            console.output.write(Help.overview(of: CommandTable.commands))
            return .success
        }
        switch try CommandTable.target(of: names) {
        case .group(let word, let members): console.output.write(Help.overview(of: members, group: word))
        case .command(let command, _): console.output.write(Help.of(command))
        }
        return .success
    }

    /// - Parameters:
    ///   - words: What was typed, the last word of the command's name first.
    ///   - command: The command's row.
    ///   - console: Where it writes.
    ///   - session: The shell that it was typed in.
    /// - Returns: `nil` when help was asked for.
    static func parse(
        _ words: [[UInt8]], for command: Command, _ console: Console, session: ShellSession? = nil
    ) throws -> Invocation? {
        let parsed = try Tokeniser.split(words, options: command.allOptions, stopAtOperand: false)
        guard parsed.options[.help] == nil else { return nil }
        if parsed.options[.noColor] != nil { console.forbidColor() }
        var operands: [Argument: [UInt8]] = [:]
        for (argument, bytes) in zip(command.arguments, parsed.operands) { operands[argument] = bytes }
        if let missing = command.arguments.first(where: { !$0.isOptional && operands[$0] == nil }) {
            throw UsageError("Missing argument '<\(missing.name)>'.")
        }
        let isRepeated = command.arguments.last?.isRepeated ?? false
        if parsed.operands.count > command.arguments.count, !isRepeated {
            let word = Escaping.terminal(parsed.operands[command.arguments.count])
            throw UsageError("Unexpected argument '\(word)'.")
        }
        for (argument, bytes) in operands { try argument.completion.check(bytes, noun: argument.name) }
        for option in command.allOptions {
            if let bytes = parsed.options[option] { try option.completion.check(bytes, noun: option.name) }
        }
        let repeated = isRepeated ? Array(parsed.operands.dropFirst(command.arguments.count - 1)) : []
        return Invocation(
            command: command, console: console, session: session, operands: operands, repeated: repeated,
            options: parsed.options)
    }

    private static func report(_ error: any Error, of command: Command?, _ console: Console) -> ExitStatus {
        let (text, status) = describe(error)
        guard let error = error as? UsageError else {
            console.error(text)
            return status
        }
        let name = (command?.name ?? error.group).map { " \($0)" } ?? ""
        let usage =
            command.map { Help.wrappedUsage(of: $0, tool: "\(CommandTable.tool) ", title: "Usage: ") }
            ?? "Usage: \(CommandTable.tool)\(name) <subcommand>"
        let hint = "See '\(CommandTable.tool)\(name) --help' for more information."
        console.error("\(text)\n\(usage)\n  \(hint)")
        return status
    }

    /// What an error says, and how the process ends with it.
    static func describe(_ error: any Error) -> (text: String, status: ExitStatus) {
        switch error {
        case let error as UsageError: (error.text, .usage)
        case let error as Interruption: ("Interrupted.\(error.remark.isEmpty ? "" : " \(error.remark)")", .interrupted)
        case let error as Failure: (error.text, error.status)
        case let error as StoreError: (Failure.text(of: error), ExitStatus(error.code))
        default: (String(describing: error), .failure)
        }
    }
}
