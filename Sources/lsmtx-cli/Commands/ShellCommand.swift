internal import LSMTx

extension Option {
    fileprivate static let write = Option("write", help: "Open for writing; the file is created if there is none.")
    fileprivate static let hexSession = Option(
        "hex", help: "Read keys and values as hexadecimal, and write them as such.")
}

extension Command {
    static let shell = Command(
        "shell",
        abstract: "Type commands against a store that stays open.",
        discussion: """
            The commands are those of the tool without their file, and transactions: 'begin', 'commit', 'rollback' and \
            savepoints. '.help' lists them. Without --write nothing can be changed; others can read the store meanwhile, \
            and write it only when the shell has ended. From a pipe, lines are run without a \
            prompt up to the first error, which names its line and gives the exit status. The Tab key completes, and \
            Ctrl-C ends what is running or clears the line. Lines are kept for the arrow keys in \
            $XDG_STATE_HOME/lsmtx/history, or ~/.local/state/lsmtx/history.
            """,
        arguments: [.file],
        options: [.write, .hexSession]
    ) { invocation in
        let path = try invocation.path()
        let isWritable = invocation.has(.write)
        let isHexadecimal = invocation.has(.hexSession)
        let body = { (database: Database) in
            let session = ShellSession(
                database: database, path: path, isWritable: isWritable, isHexadecimal: isHexadecimal)
            return try Shell(session: session, console: invocation.console).run()
        }
        return isWritable ? try Store.write(path, body) : try Store.read(path, body)
    }
}
