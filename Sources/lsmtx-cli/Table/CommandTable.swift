/// The table that everything about the commands is made from.
package enum CommandTable {
    package static let tool = "lsmtx"
    package static let version = "0.1.0"
    static let abstract = "Read, write and inspect a store in one file."
    static let helpName = "help"
    static let helpAbstract = "Show help for a subcommand."
    static let rootOptions: [Option] = [.version, .dumpHelp, .help]

    package static let commands: [Command] = [
        .get, .put, .delete, .scan, .count, .history, .snapshot, .retention, .import, .export, .dump, .restore, .stats,
        .analyze, .check, .compact, .shell, .demo, .torture, .specRun, .specList, .specExplain, .specRecord, .specCheck,
        .completions, .manPage,
    ]

    /// What the first words of a command line name.
    enum Target {
        /// A command, and the words from the last one of its name on.
        case command(Command, [[UInt8]])
        /// A word, and all commands whose names begin with it.
        case group(String, [Command])
    }

    /// A command's name is one word, or two of which the first is that of several commands.
    static func target(of words: [[UInt8]]) throws -> Target {
        let name = Escaping.terminal(words.first ?? [])
        if let command = commands.first(where: { $0.name == name }) { return .command(command, words) }
        let members = commands.filter { $0.name.hasPrefix("\(name) ") }
        guard !members.isEmpty else {
            throw UsageError("Unknown subcommand '\(name)'.", didYouMean: suggestion(for: name))
        }
        guard let second = words.dropFirst().first, !["--help", "-h"].contains(where: { Array($0.utf8) == second })
        else { return .group(name, members) }
        let full = "\(name) \(Escaping.terminal(second))"
        if let command = members.first(where: { $0.name == full }) {
            return .command(command, Array(words.dropFirst()))
        }
        let suggestion = Suggestion.closest(to: full, among: members.map(\.name))
        throw UsageError("Unknown subcommand '\(full)'.", didYouMean: suggestion, group: name)
    }

    /// Whether a word is the first of several commands' names, and no command.
    static func isGroup(_ word: [UInt8]) -> Bool {
        commands.contains { $0.name.utf8.starts(with: word + Array(" ".utf8)) }
    }

    /// The command or group that a word was meant for: a member of a group may have been named without it.
    private static func suggestion(for word: String) -> String? {
        let names = commands.map { $0.name.split(separator: " ").map(String.init) }
        let members = names.filter { $0.count > 1 }
        if let exact = members.first(where: { $0[1] == word }) { return exact.joined(separator: " ") }
        if let first = Suggestion.closest(to: word, among: names.map { $0[0] } + [helpName]) { return first }
        let second = Suggestion.closest(to: word, among: members.map { $0[1] })
        return members.first { $0[1] == second }?.joined(separator: " ")
    }
}
