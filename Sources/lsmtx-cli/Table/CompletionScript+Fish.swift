extension CompletionScript {
    /// A line for each option and argument, each with a condition on the command and on how many operands there are.
    static func fish(_ tree: Tree) -> String {
        """
        # Completion of lsmtx for fish, made by 'lsmtx completions fish'.

        # Sets command, to the command's name so far, and operands.
        function __lsmtx_parse --no-scope-shadowing
            set command
            set operands
            set -l group
            set -l pending
            set -l over
            set -l valued \(fishValued(tree))
            for word in (commandline -opc)[2..-1]
                if test -n "$pending"
                    set pending
                else if test -z "$over" -a "$word" = --
                    set over 1
                else if test -z "$over"; and string match -q -- '-*' $word
                    contains -- "$command $word" $valued; and set pending 1
                else if test -z "$group$command"
                    if contains -- $word \(tree.groups.map(\.name).joined(separator: " "))
                        set group $word
                    else
                        set command $word
                    end
                else if test -z "$command"
                    set command "$group $word"
                else
                    set -a operands $word
                end
            end
            test -z "$command"; and set command $group
            return 0
        end

        # Whether this is the command, and if a number is given, whether so many operands stand before the cursor.
        function __lsmtx_at
            set -l command
            set -l operands
            __lsmtx_parse
            test "$command" = "$argv[1]"; or return 1
            test (count $argv) -eq 1; or test (count $operands) -eq "$argv[2]"
        end

        # The names of the snapshots of a store, which is the operand of this number.
        function __lsmtx_snapshots
            set -l command
            set -l operands
            __lsmtx_parse
            set -l tool (commandline -opc)[1]
            set -q operands[$argv[1]]; or return
            set -l file (string replace -r '^~/' "$HOME/" -- $operands[$argv[1]])
            $tool snapshot list $file 2>/dev/null </dev/null | string replace -r '\\t.*' ''
        end

        complete -c lsmtx -f
        \(CommandTable.rootOptions.map { fishOption($0, of: nil) }.joined(separator: "\n"))
        \(tree.firstWords.map { fishWord($0.name, $0.abstract, after: "") }.joined(separator: "\n"))
        \(tree.firstWords.map { fishWord($0.name, $0.abstract, after: CommandTable.helpName) }.joined(separator: "\n"))
        \(tree.groups.map { fishGroup($0) }.joined(separator: "\n"))
        \(tree.commands.map { fishCommand($0) }.joined(separator: "\n"))

        """
    }

    private static func fishValued(_ tree: Tree) -> String {
        tree.commands.flatMap { command in
            command.allOptions.filter { $0.value != nil }.flatMap(spellings).map { "'\(command.name) \($0)'" }
        }.joined(separator: " ")
    }

    private static func fishWord(_ word: String, _ abstract: String, after command: String) -> String {
        "complete -c lsmtx -n \(fishQuoted("__lsmtx_at '\(command)' 0")) -a \(word) -d \(fishQuoted(brief(abstract)))"
    }

    private static func fishGroup(_ group: Tree.Group) -> String {
        group.members.map { command in
            fishWord(String(command.name.dropFirst(group.name.count + 1)), command.abstract, after: group.name)
        }.joined(separator: "\n")
    }

    private static func fishCommand(_ command: Command) -> String {
        let arguments = command.arguments.enumerated().map { index, argument in
            let place = argument.isRepeated ? "" : " \(index)"
            let condition = fishQuoted("__lsmtx_at '\(command.name)'\(place)")
            return "complete -c lsmtx -n \(condition) \(fishOffer(argument.completion, in: command) ?? "-f")"
        }
        return (command.allOptions.map { fishOption($0, of: command) } + arguments).joined(separator: "\n")
    }

    private static func fishOption(_ option: Option, of command: Command?) -> String {
        let condition = fishQuoted(command.map { "__lsmtx_at '\($0.name)'" } ?? "__lsmtx_at '' 0")
        let short = option.short.map { " -s \($0)" } ?? ""
        let offer = command.flatMap { fishOffer(option.completion, in: $0) }
        let value = option.value == nil ? "" : " -r \(offer ?? "-f")"
        let help = fishQuoted(brief(option.help))
        return "complete -c lsmtx -n \(condition)\(short) -l \(option.name)\(value) -d \(help)"
    }

    private static func fishOffer(_ completion: Completion, in command: Command) -> String? {
        switch completion {
        case .none, .key, .command: nil
        case .file: "-F"
        case .directory: "-f -a '(__fish_complete_directories (commandline -ct))'"
        case .values(let values): "-f -a \(fishQuoted(values.joined(separator: " ")))"
        case .snapshotName: fileIndex(command).map { "-f -a '(__lsmtx_snapshots \($0 + 1))'" }
        }
    }

    private static func fishQuoted(_ text: String) -> String {
        "'"
            + text.reduce(into: "") { result, character in
                if character == "'" || character == "\\" { result.append("\\") }
                result.append(character)
            } + "'"
    }
}
