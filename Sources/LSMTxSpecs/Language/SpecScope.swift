/// The names that are known at a point of a schedule, or of a program.
struct SpecScope {
    /// What a variable holds.
    enum Holding { case value, list }

    private struct Session {
        var cursors: Set<String> = []
        /// From the oldest to the newest: going back to one ends those behind it.
        var savepoints: [String] = []
        /// The transaction was lost; the next step hears of it, and the one after that begins another.
        var isLost = false
    }

    private(set) var variables: [String: Holding] = [:]
    private var sessions: [String: Session] = [:]

    mutating func bind(_ variable: String, to holding: Holding) { variables[variable] = holding }

    func cursors(of session: String) -> Set<String> { sessions[session]?.cursors ?? [] }

    func savepoints(of session: String) -> [String] { sessions[session]?.savepoints ?? [] }

    /// Takes note of what a session has done.
    mutating func apply(_ operation: Spec.Operation, of name: String) {
        var session = sessions[name] ?? Session()
        switch operation {
        case .open(let cursor, _): session.cursors.insert(cursor)
        case .savepoint(let savepoint):
            session.savepoints.removeAll { $0 == savepoint }
            session.savepoints.append(savepoint)
        case .rollbackTo(let savepoint):
            if let place = session.savepoints.lastIndex(of: savepoint) {
                session.savepoints.removeSubrange((place + 1)...)
            }
        case .release(let savepoint):
            if let place = session.savepoints.lastIndex(of: savepoint) { session.savepoints.removeSubrange(place...) }
        case .begin, .get, .write, .scan, .next, .guardReads, .commit, .rollback: break
        }
        sessions[name] = operation.endsTransaction || session.isLost ? Session() : session
    }

    /// Takes note of what the database has done.
    mutating func apply(_ operation: Spec.DatabaseOperation) {
        switch operation {
        case .close, .crash:
            for name in sessions.keys { sessions[name]?.isLost = true }
        case .flush, .compact, .reopen, .failpoint, .versions: break
        }
    }
}
