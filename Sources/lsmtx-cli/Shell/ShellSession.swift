package import LSMTx

/// The one open store of a shell, and what has been set in it.
package final class ShellSession {
    /// How entries are written.
    enum Mode: String, CaseIterable {
        case table
        case tabs
        case json
        case hex
        case raw

        var format: EntryFormat {
            switch self {
            case .table, .tabs: .escaped
            case .json: .json
            case .hex: .hex
            case .raw: .raw
            }
        }
    }

    package let database: Database
    let path: String
    let isWritable: Bool
    /// Whether keys and values are typed as hexadecimal digits.
    let isHexadecimal: Bool
    /// `nil`: a table to a terminal, else lines.
    var mode: Mode?
    var hasTimer = false
    /// Where the next command's output goes.
    var nextOutput: Output?
    var isEnding = false
    /// How deep `.read` is in files that it reads.
    var depth = 0

    package private(set) var transaction: Transaction?
    private var isolation = Isolation.serializable
    private var savepoints: [(name: String, savepoint: Savepoint)] = []
    private(set) var past: (snapshot: Snapshot, name: String)?

    package init(database: Database, path: String, isWritable: Bool, isHexadecimal: Bool) {
        self.database = database
        self.path = path
        self.isWritable = isWritable
        self.isHexadecimal = isHexadecimal
        mode = isHexadecimal ? .hex : nil
    }

    package var prompt: String {
        if transaction != nil { return "lsmtx(\(Self.level(of: isolation)))> " }
        return past.map { "lsmtx(as of \(Escaping.terminal($0.name.utf8)))> " } ?? "lsmtx> "
    }

    static let levels = ["rc", "si", "ser"]

    static func level(of isolation: Isolation) -> String {
        switch isolation {
        case .readCommitted: "rc"
        case .snapshot: "si"
        case .serializable: "ser"
        }
    }

    /// What is read without being told a point in time; `nil` for what is committed.
    var state: (any Readable)? { transaction ?? past?.snapshot }

    func checkWritable() throws {
        guard isWritable else {
            throw Failure(
                .inputOutput,
                "The shell is only reading. Leave it, and start it as 'lsmtx shell --write \(path)' to change the store."
            )
        }
        guard past == nil else {
            throw Failure(.failure, "The shell looks at the past, which cannot be changed. '.as-of now' comes back.")
        }
    }

    // MARK: Transactions

    package func begin(_ isolation: Isolation) throws {
        try checkWritable()
        guard transaction == nil else {
            throw Failure(.failure, "A transaction is open already. 'commit' or 'rollback' ends it.")
        }
        transaction = try database.begin(isolation)
        self.isolation = isolation
    }

    package func commit(durability: Durability) throws -> Timestamp {
        let transaction = try openTransaction()
        // Whatever the commit answers, the transaction has ended.
        defer { forgetTransaction() }
        do {
            return try transaction.commit(durability: durability)
        } catch {
            transaction.rollback()
            guard error.code == .conflict else { throw error }
            throw Failure(ExitStatus(error.code), Self.text(ofConflict: error))
        }
    }

    func rollback() throws {
        try openTransaction().rollback()
        forgetTransaction()
    }

    /// - Returns: Whether there was a transaction to be rolled back.
    func end() -> Bool {
        past?.snapshot.close()
        past = nil
        guard let transaction else { return false }
        transaction.rollback()
        forgetTransaction()
        return true
    }

    private func openTransaction() throws -> Transaction {
        guard let transaction else { throw Failure(.failure, "No transaction is open. 'begin' opens one.") }
        return transaction
    }

    private func forgetTransaction() {
        transaction = nil
        savepoints = []
    }

    private static func text(ofConflict error: StoreError) -> String {
        guard let conflict = error.conflict else { return error.description }
        let what =
            if let key = conflict.key {
                "the key \(String(decoding: ShellLine.word(key), as: UTF8.self))"
            } else {
                "the keys \(conflict.keys)"
            }
        let access = conflict.access == .read ? "read" : "wrote"
        let other = conflict.otherLabel.map { " by '\(Escaping.terminal($0.utf8))'" } ?? ""
        return """
            Conflict: \(what), which the transaction \(access), has been changed\(other) at timestamp \
            \(conflict.committedAt); it began at \(conflict.began). It has ended, and nothing of it was committed. \
            Begin again.
            """
    }

    // MARK: Savepoints

    var savepointNames: [String] { savepoints.map(\.name) }

    func savepoint(_ name: String) throws {
        savepoints.append((name, try openTransaction().savepoint()))
    }

    func rollback(to name: String) throws {
        let index = try index(ofSavepoint: name)
        try openTransaction().rollback(to: savepoints[index].savepoint)
        savepoints.removeSubrange((index + 1)...)
    }

    func release(_ name: String) throws {
        let index = try index(ofSavepoint: name)
        try openTransaction().release(savepoints[index].savepoint)
        savepoints.removeSubrange(index...)
    }

    /// Of several with one name, the last one counts, as in SQL.
    private func index(ofSavepoint name: String) throws -> Int {
        _ = try openTransaction()
        guard let index = savepoints.lastIndex(where: { $0.name == name }) else {
            let suggestion = Suggestion.closest(to: name, among: savepointNames)
            let hint = suggestion.map { " Did you mean '\(Escaping.terminal($0.utf8))'?" } ?? ""
            throw Failure(.failure, "There is no savepoint '\(Escaping.terminal(name.utf8))'.\(hint)")
        }
        return index
    }

    // MARK: The past

    func look(at point: PointInTime, name: String) throws {
        guard transaction == nil else {
            throw Failure(.failure, "A transaction is open, and reads its own state. End it first.")
        }
        // Kept open, so that it stays readable as long as the shell looks at it.
        let snapshot = try database.snapshot(at: point)
        past?.snapshot.close()
        past = (snapshot, name)
    }

    func lookAtNow() {
        past?.snapshot.close()
        past = nil
    }
}
