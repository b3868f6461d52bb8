/// The manual page, made from the table.
package enum ManPage {
    package static func text(of commands: [Command]) -> String {
        let tool = CommandTable.tool
        var lines = [
            // No date: the page is made anew at any time, and the version says what it is of.
            ".TH \(tool.uppercased()) 1 \"\" \"\(tool) \(CommandTable.version)\" \"User Commands\"",
            ".SH NAME",
            "\(tool) \\- \(escaped(CommandTable.abstract.prefix(1).lowercased() + CommandTable.abstract.dropFirst().dropLast()))",
            ".SH SYNOPSIS",
        ]
        for (index, command) in commands.enumerated() {
            if index > 0 { lines.append(".br") }
            lines.append("\(bold("\(tool) \(command.name)")) \(arguments(of: command))")
        }
        lines += [".SH DESCRIPTION", "Each subcommand is explained below."]
        lines += [escaped("See '\(tool) help <subcommand>' for the same on the terminal.")]
        lines += [".SH OPTIONS"] + CommandTable.rootOptions.flatMap(rows)
        lines += [".SH SUBCOMMANDS"]
        for command in commands { lines += section(command) }
        lines += [".SH EXIT STATUS"]
        for status in ExitStatus.allCases { lines += [".TP", bold("\(status.rawValue)"), escaped(status.meaning)] }
        lines += [".SH ENVIRONMENT"]
        for (name, meaning) in environment { lines += [".TP", bold(name), escaped(meaning)] }
        return lines.map(trimmed).joined(separator: "\n") + "\n"
    }

    private static let environment = [
        ("COLUMNS", "The width of tables on a terminal."),
        ("NO_COLOR", "When it is not empty, nothing is coloured."),
        ("TERM", "When it is 'dumb', nothing is coloured, and lines of the shell are not edited."),
        ("XDG_STATE_HOME", "Where the shell keeps its history; ~/.local/state when it is not set."),
    ]

    /// Without a blank at the end, where a command has no arguments.
    private static func trimmed(_ line: String) -> String { line.hasSuffix(" ") ? String(line.dropLast()) : line }

    private static func section(_ command: Command) -> [String] {
        var lines = [".SS \(escaped(command.name))", "\(bold("\(CommandTable.tool) \(command.name)"))"]
        lines += command.options.map { "[\(spelling($0))]" }
        lines.append(arguments(of: command))
        lines += [".PP", escaped(command.abstract)]
        for paragraph in command.discussion.split(separator: "\n") { lines += [".PP", escaped(paragraph)] }
        for argument in command.arguments {
            lines += [".TP", italic(argument.name), escaped(argument.help)]
        }
        return lines.filter { !$0.isEmpty } + command.allOptions.flatMap(rows)
    }

    private static func rows(_ option: Option) -> [String] {
        [".TP", (option.short.map { "\(bold("-\($0)")), " } ?? "") + spelling(option), escaped(option.help)]
    }

    private static func spelling(_ option: Option) -> String {
        bold("--\(option.name)") + (option.value.map { " \(italic($0))" } ?? "")
    }

    private static func arguments(of command: Command) -> String {
        command.arguments.map { argument in
            let name = italic(argument.name) + (argument.isRepeated ? " ..." : "")
            return argument.isOptional ? "[\(name)]" : name
        }.joined(separator: " ")
    }

    private static func bold(_ text: String) -> String { "\\fB\(escaped(text))\\fR" }

    private static func italic(_ text: String) -> String { "\\fI\(escaped(text))\\fR" }

    /// What roff takes for its own, as text.
    private static func escaped(_ text: some StringProtocol) -> String {
        var result = text.first == "." || text.first == "'" ? "\\&" : ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "'": result += "\\(aq"
            case "~": result += "\\(ti"
            case "\n": result += " "
            default: result.append(character)
            }
        }
        return result
    }
}
