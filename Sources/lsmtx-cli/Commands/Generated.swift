extension Argument {
    fileprivate static let commandShell = Argument(
        "shell", completion: .values(CompletionScript.Shell.allCases.map(\.rawValue)),
        help: "'bash', 'zsh' or 'fish'.")
}

extension Command {
    static let completions = Command(
        "completions",
        abstract: "Write a script that makes a command shell complete 'lsmtx'.",
        discussion: """
            bash: source <(lsmtx completions bash)
            zsh: source <(lsmtx completions zsh), or keep it as '_lsmtx' in a folder of $fpath.
            fish: lsmtx completions fish | source
            """,
        arguments: [.commandShell]
    ) { invocation in
        guard let shell = CompletionScript.Shell(rawValue: try invocation.text(.commandShell) ?? "") else {
            return .usage
        }
        invocation.console.output.write(CompletionScript.text(for: shell, commands: CommandTable.commands))
        return .success
    }

    static let manPage = Command(
        "man-page",
        abstract: "Write the manual page of all commands.",
        discussion: "Show it by: lsmtx man-page | man -l -",
        arguments: []
    ) { invocation in
        invocation.console.output.write(ManPage.text(of: CommandTable.commands))
        return .success
    }
}
