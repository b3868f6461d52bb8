internal import LSMTx

/// How a command reaches its store: it opens the file, or takes what the shell has open.
extension Invocation {
    /// For what concerns the store as a whole. The file is neither created nor changed.
    func read<R>(_ body: (Database) throws -> R) throws -> R {
        guard let session else { return try Store.read(try path(), body) }
        return try body(session.database)
    }

    /// For what changes the store outside of a transaction.
    func write<R>(
        durability: Durability = .sync, createIfMissing: Bool = true, _ body: (Database) throws -> R
    ) throws -> R {
        guard let session else {
            return try Store.write(try path(), durability: durability, createIfMissing: createIfMissing, body)
        }
        try session.checkWritable()
        return try body(session.database)
    }

    /// For what reads keys: at the point that an option names; else in the shell's transaction, or the past that the
    /// shell looks at; else what is committed.
    func readKeys<R>(at option: Option = .asOf, _ body: (any Readable) throws -> R) throws -> R {
        let point = try point(option)
        if !has(option), let state = session?.state { return try body(state) }
        return try read { database in try database.read(at: point) { try body($0) } }
    }

    /// For what writes keys: in the shell's transaction, or in one of its own.
    ///
    /// - Returns: The commit, if it is one.
    func writeKeys(
        durability: Durability, createIfMissing: Bool = true, _ body: (Transaction) throws -> Void
    ) throws -> Timestamp? {
        if let transaction = session?.transaction {
            try body(transaction)
            return nil
        }
        return try write(durability: durability, createIfMissing: createIfMissing) { database in
            let transaction = try database.begin()
            try body(transaction)
            return try transaction.commit(durability: durability)
        }
    }

    /// Throws when a command that was typed in the shell is to end.
    func checkInterrupt() throws {
        if session != nil { try Interruption.check() }
    }

    /// Whether entries are shown as an aligned table rather than as lines.
    var wantsTable: Bool {
        switch session?.mode {
        case .table: true
        case .some: false
        case nil: console.output.isTerminal
        }
    }

    /// Bytes that belong to a line of output, escaped for where it goes.
    func escaped(_ bytes: [UInt8]) -> [UInt8] {
        wantsTable ? Array(Escaping.terminal(bytes).utf8) : Escaping.line(bytes)
    }
}
