/// Scripts that make command shells complete the tool's words, made from the table.
package enum CompletionScript {
    package enum Shell: String, CaseIterable, Sendable {
        case bash
        case zsh
        case fish
    }

    package static func text(for shell: Shell, commands: [Command]) -> String {
        let tree = Tree(commands)
        return switch shell {
        case .bash: bash(tree)
        case .zsh: zsh(tree)
        case .fish: fish(tree)
        }
    }

    /// The commands by their first words.
    struct Tree {
        struct Group {
            var name: String
            var members: [Command]
        }

        var commands: [Command]
        var groups: [Group] = []
        /// What can stand first, and what it is about.
        var firstWords: [(name: String, abstract: String)] = []

        init(_ commands: [Command]) {
            self.commands = commands
            for command in commands {
                let words = command.name.split(separator: " ").map(String.init)
                guard words.count > 1 else {
                    firstWords.append((command.name, command.abstract))
                    continue
                }
                if let index = groups.firstIndex(where: { $0.name == words[0] }) {
                    groups[index].members.append(command)
                } else {
                    groups.append(Group(name: words[0], members: [command]))
                    firstWords.append((words[0], ""))
                }
            }
            for group in groups {
                guard let index = firstWords.firstIndex(where: { $0.name == group.name }) else { continue }
                let members = group.members.map { String($0.name.dropFirst(group.name.count + 1)) }
                firstWords[index].abstract = "Subcommands: \(members.joined(separator: ", "))."
            }
            firstWords.append((CommandTable.helpName, CommandTable.helpAbstract))
        }
    }

    /// One line for a list: the first sentence, without its full stop.
    static func brief(_ help: String) -> String {
        let line = help.split(separator: "\n").first.map(String.init) ?? ""
        let sentence = line.firstRange(of: ". ").map { String(line[..<$0.lowerBound]) } ?? line
        return sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    }

    /// `text` in the single quotes of a POSIX shell.
    static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// What one can type for an option: the long name, and the short one if there is one.
    static func spellings(_ option: Option) -> [String] {
        ["--\(option.name)"] + (option.short.map { ["-\($0)"] } ?? [])
    }

    /// Where the store is among a command's arguments.
    static func fileIndex(_ command: Command) -> Int? { command.arguments.firstIndex(of: .file) }
}
