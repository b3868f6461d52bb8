/// A store whose transactions are judged.
package protocol IsolationSubject: AnyObject {
    associatedtype Session: IsolationSession

    func begin(_ level: IsolationLevel) throws -> Session
    func flush() throws
    func compact() throws
    /// The value of each key, as whoever begins now sees it.
    func state() throws -> [Int]
}

/// A transaction of such a store. Keys and values are numbers, as in ``IsolationHistory``.
package protocol IsolationSession: AnyObject {
    func get(_ key: Int) throws -> Int
    func getUnguarded(_ key: Int) throws -> Int
    /// Makes the commit depend on these; never asked for at read committed.
    func guardKeys(_ span: KeySpan) throws
    /// Begins a scan; they are numbered from 0.
    func open(_ span: KeySpan, reverse: Bool, limit: Int?) throws
    func next(ofScan scan: Int) throws -> IsolationHistory.Item?
    func put(_ key: Int, _ value: Int) throws
    func delete(_ key: Int) throws
    func deleteRange(_ span: KeySpan) throws
    func savepoint() throws
    func rollback(toDepth depth: Int) throws
    func release(depth: Int) throws
    func commit() throws -> IsolationHistory.Outcome
    func rollback()
}
