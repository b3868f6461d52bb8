/// The help texts, made from the table.
package enum Help {
    private static let column = 26
    private static let width = 80

    /// What `lsmtx --help` shows, and `lsmtx spec --help` for the commands whose names begin with that word.
    package static func overview(of commands: [Command], group: String? = nil) -> String {
        let rows = commands.map { ($0.name, $0.abstract) } + [(CommandTable.helpName, CommandTable.helpAbstract)]
        let options = group == nil ? CommandTable.rootOptions : [.help]
        return """
            OVERVIEW: \(group.map { "The commands whose names begin with '\($0)'." } ?? CommandTable.abstract)

            USAGE: \(CommandTable.tool) \(group.map { "\($0) " } ?? "")<subcommand>

            OPTIONS:
            \(table(optionRows(options)))
            SUBCOMMANDS:
            \(table(rows))
            EXIT STATUS:
            \(table(ExitStatus.allCases.map { (String($0.rawValue), $0.meaning) }))
              See '\(CommandTable.tool) help \(group.map { "\($0) " } ?? "")<subcommand>' for detailed help.

            """
    }

    /// What `lsmtx get --help` shows.
    ///
    /// - Parameters:
    ///   - command: The command's row.
    ///   - tool: What is typed before the command's name.
    package static func of(_ command: Command, tool: String = "\(CommandTable.tool) ") -> String {
        var text = wrap("OVERVIEW: " + command.abstract, indent: 0) + "\n"
        if !command.discussion.isEmpty { text += "\n" + wrap(command.discussion, indent: 0) + "\n" }
        text += "\n\(wrappedUsage(of: command, tool: tool, title: "USAGE: "))\n"
        if !command.arguments.isEmpty {
            text += "\nARGUMENTS:\n" + table(command.arguments.map { ("<\($0.name)>", $0.help) })
        }
        text += "\nOPTIONS:\n" + table(optionRows(command.allOptions)) + "\n"
        return text
    }

    /// The one line that shows how to call `command`.
    package static func usage(of command: Command, tool: String = "\(CommandTable.tool) ") -> String {
        let options = command.options.map { " \($0.usage)" }.joined()
        let arguments = command.arguments.map { " \($0.spelling)" }.joined()
        return "\(tool)\(command.name)\(options)\(arguments)"
    }

    /// The same in lines that fit a terminal; an option stays with its value.
    static func wrappedUsage(of command: Command, tool: String, title: String) -> String {
        let indent = String(repeating: " ", count: title.count)
        let words = command.options.map(\.usage) + command.arguments.map(\.spelling)
        var lines = ["\(title)\(tool)\(command.name)"]
        for word in words {
            let isFull = lines[lines.count - 1].count + 1 + word.count > width
            if isFull { lines.append("\(indent) \(word)") } else { lines[lines.count - 1] += " \(word)" }
        }
        return lines.joined(separator: "\n")
    }

    private static func optionRows(_ options: [Option]) -> [(String, String)] {
        options.map { option in (option.short.map { "-\($0), \(option.spelling)" } ?? option.spelling, option.help) }
    }

    static func table(_ rows: [(String, String)]) -> String {
        rows.map { name, help in
            let left = "  " + name
            let right = wrap(help, indent: column)
            guard left.count < column else { return "\(left)\n\(right)\n" }
            return left + right.dropFirst(left.count) + "\n"
        }.joined()
    }

    /// Breaks each paragraph of `text` into lines, every one indented.
    static func wrap(_ text: String, indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { paragraph in
            var lines: [String] = [margin]
            var isEmpty = true
            for word in paragraph.split(separator: " ") {
                if !isEmpty, lines[lines.count - 1].count + 1 + word.count > width {
                    lines.append(margin)
                    isEmpty = true
                }
                lines[lines.count - 1] += (isEmpty ? "" : " ") + word
                isEmpty = false
            }
            return lines.joined(separator: "\n")
        }.joined(separator: "\n")
    }
}
