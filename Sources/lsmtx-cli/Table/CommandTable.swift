/// The table that everything about the commands is made from.
package enum CommandTable {
    package static let tool = "lsmtx"
    package static let version = "0.1.0"
    static let abstract = "Read, write and inspect a store in one file."
    static let helpName = "help"
    static let helpAbstract = "Show help for a subcommand."
    static let rootOptions: [Option] = [.version, .help]

    package static let commands: [Command] = [
        .get, .put, .delete, .scan, .count, .history, .snapshot, .retention, .import, .stats, .check, .compact, .demo,
        .torture,
    ]

    static func command(named name: String) throws -> Command {
        if let command = commands.first(where: { $0.name == name }) { return command }
        let suggestion = Suggestion.closest(to: name, among: commands.map(\.name) + [helpName])
        throw UsageError("Unknown subcommand '\(name)'.", didYouMean: suggestion)
    }
}
