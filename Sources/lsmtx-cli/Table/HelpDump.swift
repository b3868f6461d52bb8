/// The table as JSON, for programs that make something of it.
enum HelpDump {
    private struct Table: Encodable {
        var tool: String
        var version: String
        var abstract: String
        var options: [Option]
        var commands: [Row]
        var exitStatuses: [Status]
    }

    private struct Row: Encodable {
        var name: String
        var abstract: String
        var discussion: String
        var usage: String
        var isInShell: Bool
        var arguments: [Argument]
        var options: [Option]

        init(_ command: Command) {
            name = command.name
            abstract = command.abstract
            discussion = command.discussion
            usage = Help.usage(of: command)
            isInShell = command.isInShell
            arguments = command.arguments.map(Argument.init)
            options = command.allOptions.map(Option.init)
        }
    }

    private struct Argument: Encodable {
        var name: String
        var isOptional: Bool
        var isRepeated: Bool
        var kind: String
        var values: [String]?
        var help: String

        init(_ argument: LSMTxCLI.Argument) {
            name = argument.name
            isOptional = argument.isOptional
            isRepeated = argument.isRepeated
            kind = argument.completion.kind
            values = argument.completion.values
            help = argument.help
        }
    }

    private struct Option: Encodable {
        var name: String
        var short: String?
        /// What the value is called; a flag has none.
        var value: String?
        var kind: String?
        var values: [String]?
        var help: String

        init(_ option: LSMTxCLI.Option) {
            name = option.name
            short = option.short.map { String($0) }
            value = option.value
            kind = option.value.map { _ in option.completion.kind }
            values = option.completion.values
            help = option.help
        }
    }

    private struct Status: Encodable {
        var status: Int32
        var meaning: String
    }

    static func json(of commands: [Command]) throws -> [UInt8] {
        try JSONText.document(
            Table(
                tool: CommandTable.tool, version: CommandTable.version, abstract: CommandTable.abstract,
                options: CommandTable.rootOptions.map(Option.init), commands: commands.map(Row.init),
                exitStatuses: ExitStatus.allCases.map { Status(status: $0.rawValue, meaning: $0.meaning) }))
    }
}

extension Completion {
    fileprivate var kind: String {
        switch self {
        case .none: "text"
        case .file: "file"
        case .directory: "directory"
        case .values: "values"
        case .snapshotName: "snapshotName"
        case .key: "key"
        case .command: "command"
        }
    }
}
