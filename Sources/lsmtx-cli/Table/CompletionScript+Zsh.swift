extension CompletionScript {
    /// A call of `_arguments` for each command, within `case` statements over the words of its name.
    static func zsh(_ tree: Tree) -> String {
        """
        #compdef lsmtx
        # Completion of lsmtx for zsh, made by 'lsmtx completions zsh'.

        _lsmtx() {
            local curcontext=$curcontext context state state_descr tool=$words[1] ret=1
            local -a line
            local -A opt_args
            _arguments -C -A '-*' \(CommandTable.rootOptions.map { zshOption($0) }.joined(separator: " ")) \\
                '1: :->command' '*:: :->rest' && ret=0
            case $state in
            command)
                _lsmtx_commands && ret=0
                ;;
            rest)
                case $words[1] in
                \(CommandTable.helpName)) _lsmtx_commands && ret=0 ;;
        \(tree.commands.filter { !$0.name.contains(" ") }.map { zshCommand($0, word: $0.name) }.joined(separator: "\n"))
        \(tree.groups.map { zshGroup($0) }.joined(separator: "\n"))
                esac
                ;;
            esac
            return ret
        }

        _lsmtx_commands() {
            local -a commands=(
        \(tree.firstWords.map { zshDescription($0.name, $0.abstract) }.joined(separator: "\n"))
            )
            _describe -t commands command commands
        }

        # The names of the snapshots of a store, which is the operand of this number.
        _lsmtx_snapshots() {
            local file=${(Q)line[$1]}
            [[ -n $file ]] || return 1
            local -a names=(${(f)"$(${(Q)tool} snapshot list ${~file} 2>/dev/null </dev/null | cut -f 1)"})
            compadd -a names
        }

        if [[ $funcstack[1] == _lsmtx ]]; then
            _lsmtx "$@"
        else
            compdef _lsmtx lsmtx
        fi

        """
    }

    private static func zshDescription(_ name: String, _ abstract: String) -> String {
        "        \(quoted("\(name):\(brief(abstract))"))"
    }

    private static func zshCommand(_ command: Command, word: String) -> String {
        var specs = command.allOptions.map { zshOption($0, in: command) }
        for (index, argument) in command.arguments.enumerated() {
            let place = argument.isRepeated ? "*" : "\(index + 1)"
            let optional = argument.isOptional ? "::" : ":"
            specs.append(
                quoted("\(place)\(optional)\(argument.name):\(zshAction(argument.completion, in: command))"))
        }
        return "        \(word)) _arguments -S \(specs.joined(separator: " \\\n                ")) && ret=0 ;;"
    }

    private static func zshGroup(_ group: Tree.Group) -> String {
        let members = group.members.map { ($0, String($0.name.dropFirst(group.name.count + 1))) }
        return """
                    \(group.name))
                        _arguments -C '1: :->member' '*:: :->rest' && ret=0
                        case $state in
                        member)
                            local -a members=(
            \(members.map { zshDescription($0.1, $0.0.abstract) }.joined(separator: "\n"))
                            )
                            _describe -t commands subcommand members && ret=0
                            ;;
                        rest)
                            case $words[1] in
            \(members.map { zshCommand($0.0, word: $0.1) }.joined(separator: "\n"))
                            esac
                            ;;
                        esac
                        ;;
            """
    }

    private static func zshOption(_ option: Option, in command: Command? = nil) -> String {
        let help = "[\(zshEscaped(brief(option.help)))]"
        let value = option.value.map { ":\($0):\(zshAction(option.completion, in: command))" } ?? ""
        let equals = option.value == nil ? "" : "="
        guard let short = option.short else { return quoted("--\(option.name)\(equals)\(help)\(value)") }
        return "\(quoted("(-\(short) --\(option.name))"))"
            + "{-\(short),--\(option.name)\(equals)}\(quoted("\(help)\(value)"))"
    }

    private static func zshAction(_ completion: Completion, in command: Command?) -> String {
        switch completion {
        case .none, .key: " "
        case .file: "_files"
        case .directory: "_files -/"
        case .values(let values): "(\(values.joined(separator: " ")))"
        case .snapshotName: command.flatMap(fileIndex).map { "{_lsmtx_snapshots \($0 + 1)}" } ?? " "
        case .command: "_lsmtx_commands"
        }
    }

    private static func zshEscaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            if "[]:\\".contains(character) { result.append("\\") }
            result.append(character)
        }
    }
}
