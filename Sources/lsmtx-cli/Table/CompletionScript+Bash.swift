extension CompletionScript {
    /// The tables are `case` statements; the walk over the words is the same for all.
    static func bash(_ tree: Tree) -> String {
        """
        # Completion of lsmtx for bash, made by 'lsmtx completions bash'.

        _lsmtx() {
            local current=${COMP_WORDS[COMP_CWORD]} command= group= option= over= word kind= file= candidate
            local -a operands=() candidates=()
            local -i i
            COMPREPLY=()

            # What the words before the cursor are. An equals sign is a word of its own.
            for ((i = 1; i < COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                if [[ -n $option ]]; then
                    if [[ $word != = ]]; then option=; fi
                elif [[ -z $over && $word == -- ]]; then
                    over=1
                elif [[ -z $over && $word == -* ]]; then
                    _lsmtx_option "$command" "$word"
                    if [[ -n $kind ]]; then option=$word; fi
                elif [[ -z $command && -z $group ]]; then
                    case $word in
        \(bashGroupPattern(tree))
                    *) command=$word ;;
                    esac
                elif [[ -z $command ]]; then
                    command="$group $word"
                else
                    operands+=("$word")
                fi
            done

            if [[ -n $option ]]; then
                _lsmtx_option "$command" "$option"
                if [[ $current == = ]]; then current=; fi
            elif [[ -z $over && $current == -* ]]; then
                kind=options
            elif [[ -z $command && -n $group ]]; then
                kind=members
            elif [[ -z $command || $command == help ]]; then
                kind=commands
            else
                _lsmtx_argument "$command" "${#operands[@]}"
            fi

            case $kind in
            commands) candidates=(\(tree.firstWords.map(\.name).joined(separator: " "))) ;;
            members) _lsmtx_members "$group" ;;
            options) _lsmtx_options "$command" ;;
            values:*) read -ra candidates <<<"${kind#values:}" ;;
            file | directory)
                compopt -o filenames 2>/dev/null
                if [[ $kind == file ]]; then kind=-f; else kind=-d; fi
                while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done \\
                    < <(compgen "$kind" -- "$current")
                return
                ;;
            snapshot)
                _lsmtx_store "$command"
                if [[ -n $file ]]; then
                    while IFS= read -r candidate; do candidates+=("$candidate"); done \\
                        < <("${COMP_WORDS[0]/#\\~/$HOME}" snapshot list "$file" 2>/dev/null </dev/null | cut -f 1)
                fi
                ;;
            esac
            for candidate in "${candidates[@]}"; do
                if [[ $candidate == "$current"* ]]; then COMPREPLY+=("$(printf %q "$candidate")"); fi
            done
        }

        # What the value of an option is, in $kind; nothing for one that takes none.
        _lsmtx_option() {
            kind=
            case "$1 $2" in
        \(bashOptionKinds(tree))
            esac
        }

        # What the argument of this number is, in $kind.
        _lsmtx_argument() {
            kind=
            case "$1 $2" in
        \(bashArgumentKinds(tree))
            esac
        }

        # The options of a command, in $candidates.
        _lsmtx_options() {
            case $1 in
            '') candidates=(\(CommandTable.rootOptions.map { "--\($0.name)" }.joined(separator: " "))) ;;
        \(tree.commands.map { bashOptions($0) }.joined(separator: "\n"))
            esac
        }

        _lsmtx_members() {
            case $1 in
        \(tree.groups.map { bashMembers($0) }.joined(separator: "\n"))
            esac
        }

        # The store among the operands, in $file, without its quotes.
        _lsmtx_store() {
            case $1 in
        \(bashFileIndices(tree))
            esac
            file=${file//\\\\/}
            file=${file#[\\'\\"]}
            file=${file%[\\'\\"]}
            file=${file/#\\~\\//$HOME/}
        }

        complete -F _lsmtx lsmtx

        """
    }

    private static func bashGroupPattern(_ tree: Tree) -> String {
        "            \(tree.groups.map(\.name).joined(separator: " | "))) group=$word ;;"
    }

    private static func bashKind(_ completion: Completion) -> String {
        switch completion {
        case .none, .key: "none"
        case .file: "file"
        case .directory: "directory"
        case .values(let values): "'values:\(values.joined(separator: " "))'"
        case .snapshotName: "snapshot"
        case .command: "commands"
        }
    }

    private static func bashOptionKinds(_ tree: Tree) -> String {
        tree.commands.flatMap { command in
            command.allOptions.filter { $0.value != nil }.map { option in
                let patterns = spellings(option).map { "'\(command.name) \($0)'" }.joined(separator: " | ")
                return "    \(patterns)) kind=\(bashKind(option.completion)) ;;"
            }
        }.joined(separator: "\n")
    }

    private static func bashArgumentKinds(_ tree: Tree) -> String {
        tree.commands.flatMap { command in
            command.arguments.enumerated().map { index, argument in
                let pattern = argument.isRepeated ? "'\(command.name) '[0-9]*" : "'\(command.name) \(index)'"
                return "    \(pattern)) kind=\(bashKind(argument.completion)) ;;"
            }
        }.joined(separator: "\n")
    }

    private static func bashOptions(_ command: Command) -> String {
        let names = command.allOptions.map { "--\($0.name)" }.joined(separator: " ")
        return "    '\(command.name)') candidates=(\(names)) ;;"
    }

    private static func bashMembers(_ group: Tree.Group) -> String {
        let names = group.members.map { String($0.name.dropFirst(group.name.count + 1)) }
        return "    \(group.name)) candidates=(\(names.joined(separator: " "))) ;;"
    }

    private static func bashFileIndices(_ tree: Tree) -> String {
        tree.commands.compactMap { command in
            fileIndex(command).map { "    '\(command.name)') file=${operands[\($0)]-} ;;" }
        }.joined(separator: "\n")
    }
}
