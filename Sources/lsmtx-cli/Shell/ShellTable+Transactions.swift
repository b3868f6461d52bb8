internal import LSMTx

extension Argument {
    fileprivate static let isolation = Argument(
        "level", isOptional: true, completion: .values(ShellSession.levels),
        help: "'ser', serializable, unless told; 'si', snapshot isolation; 'rc', read committed.")
    fileprivate static let savepoint = Argument("name", help: "The savepoint's name.")
    fileprivate static let toWord = Argument(
        "to", isOptional: true, completion: .values(["to"]), help: "The word 'to', with a savepoint.")
    fileprivate static let savepointToKeep = Argument(
        "savepoint", isOptional: true, help: "The savepoint; what was written before it stays.")
}

extension ShellTable {
    static let transactionCommands: [Command] = [
        Command(
            "begin", abstract: "Begin a transaction, which reads and writes go through until it ends.",
            discussion: "The prompt shows its level.", arguments: [.isolation]
        ) { invocation in
            let isolation: Isolation =
                switch try invocation.text(.isolation) {
                case "rc": .readCommitted
                case "si": .snapshot
                default: .serializable
                }
            try invocation.shell.begin(isolation)
            return .success
        },
        Command(
            "commit", abstract: "Commit the transaction, and print the commit's timestamp.",
            discussion: """
                When another has changed what this one rests on, that is said, with what was changed and when; nothing is \
                committed, and the transaction has ended all the same.
                """,
            arguments: [], options: [.buffered]
        ) { invocation in
            let timestamp = try invocation.shell.commit(durability: invocation.has(.buffered) ? .buffered : .sync)
            invocation.console.output.write("\(timestamp)\n")
            return .success
        },
        Command(
            "rollback", abstract: "Undo the transaction and end it, or undo a part of it: 'rollback to <savepoint>'.",
            arguments: [.toWord, .savepointToKeep]
        ) { invocation in
            guard invocation.bytes(.toWord) != nil else {
                try invocation.shell.rollback()
                return .success
            }
            guard let name = try invocation.text(.savepointToKeep) else {
                throw UsageError("Missing argument '<savepoint>' after 'to'.")
            }
            try invocation.shell.rollback(to: name)
            return .success
        },
        Command(
            "savepoint", abstract: "Mark the transaction's state, to be able to come back to it.",
            arguments: [.savepoint]
        ) { invocation in
            try invocation.shell.savepoint(try invocation.text(.savepoint) ?? "")
            return .success
        },
        Command(
            "release", abstract: "Forget a savepoint, and those after it. What was written stays.",
            arguments: [.savepoint]
        ) { invocation in
            try invocation.shell.release(try invocation.text(.savepoint) ?? "")
            return .success
        },
    ]
}
