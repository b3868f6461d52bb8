internal import LSMTx

/// The commands of the shell: those of the tool that are marked for it, and its own.
enum ShellTable {
    static let commands: [Command] =
        CommandTable.commands.filter(\.isInShell).map(\.withoutFile) + transactionCommands

    static let all = commands + dotCommands

    static func command(named word: [UInt8]) throws -> Command {
        let name = Escaping.terminal(word)
        if let command = all.first(where: { $0.name == name }) { return command }
        let tool = CommandTable.tool
        if CommandTable.commands.contains(where: { $0.name.split(separator: " ").first.map(String.init) == name }) {
            throw UsageError("'\(name)' is not a command of the shell. Leave it, and run '\(tool) \(name)'.")
        }
        let suggestion = Suggestion.closest(to: name, among: all.map(\.name))
        throw UsageError("Unknown command '\(name)'.", didYouMean: suggestion ?? (name.isEmpty ? nil : alias(of: name)))
    }

    private static func alias(of name: String) -> String? { all.first { $0.name == ".\(name)" }?.name }

    /// What `.help` shows.
    static var overview: String {
        """
        COMMANDS:
        \(Help.table(commands.map { ($0.name, $0.abstract) }))
        OF THE SHELL:
        \(Help.table(dotCommands.map { (Help.usage(of: $0, tool: ""), $0.abstract) }))
          Blanks separate words. In 'single quotes' everything stands for itself; in
          "double quotes" and outside, \\xNN is a byte, and \\n, \\t and \\\\ are as usual.
          A line that begins with '#' is a comment. '.help <command>' tells more.

        """
    }
}

extension Command {
    /// The row as the shell has it, where the store is open already.
    fileprivate var withoutFile: Command {
        Command(
            name, abstract: abstract, discussion: discussion, arguments: arguments.filter { $0 != .file },
            options: options, isInShell: isInShell, run: run)
    }
}

extension Invocation {
    /// The shell, for its own commands.
    var shell: ShellSession {
        guard let session else { preconditionFailure("\(command.name) is a command of the shell") }
        return session
    }
}
