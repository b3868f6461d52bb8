/// What a transaction sees over a state while its operations are gone through one by one.
struct OracleView {
    /// Its writes so far, oldest first, those apart that it has undone.
    private(set) var writes: [OracleTransaction.Operation] = []
    private var savepoints: [(name: String, count: Int)] = []
    /// What the cursors have yet to give.
    private var cursors: [Int: ArraySlice<OracleMap.Entry>] = [:]

    /// A state with the transaction's own writes over it.
    func over(_ state: OracleMap) -> OracleMap {
        var result = state
        for write in writes {
            switch write {
            case .put(let key, let value): result[key] = value
            case .delete(let key): result[key] = nil
            case .deleteRange(let span): result.removeAll(in: span)
            default: continue
            }
        }
        return result
    }

    /// Does an operation at a state.
    ///
    /// - Returns: Whether it gives there what it has given.
    mutating func take(_ operation: OracleTransaction.Operation, at state: OracleMap) -> Bool {
        switch operation {
        case .get(let key, let found): return over(state)[key] == found
        case .scan(let scan, let found):
            return over(state).scan(scan.span, isReversed: scan.isReversed, limit: scan.limit) == found
        case .open(let cursor, let scan):
            cursors[cursor] = over(state).scan(scan.span, isReversed: scan.isReversed, limit: scan.limit)[...]
        case .next(let cursor, let found, let isLast):
            let rest = cursors[cursor] ?? []
            cursors[cursor] = rest.dropFirst(found.count)
            return Array(rest.prefix(found.count)) == found && (!isLast || rest.count == found.count)
        case .put, .delete, .deleteRange: writes.append(operation)
        case .savepoint(let name):
            savepoints.removeAll { $0.name == name }
            savepoints.append((name, writes.count))
        case .rollbackTo(let name):
            guard let place = savepoints.lastIndex(where: { $0.name == name }) else { return true }
            writes.removeSubrange(savepoints[place].count...)
            savepoints.removeSubrange((place + 1)...)
        case .release(let name):
            if let place = savepoints.lastIndex(where: { $0.name == name }) { savepoints.removeSubrange(place...) }
        case .guardReads: break
        }
        return true
    }

    /// Does a whole transaction at a state.
    ///
    /// - Returns: The state that it leaves; `nil` if it gives there something else than it has given.
    static func run(_ transaction: OracleTransaction, at state: OracleMap) -> OracleMap? {
        var view = OracleView()
        for operation in transaction.operations where !view.take(operation, at: state) { return nil }
        return view.over(state)
    }
}

extension OracleTransaction.Operation {
    /// Whether it shows something of the state.
    var isRead: Bool {
        switch self {
        case .get, .scan, .next: true
        case .put, .delete, .deleteRange, .open, .savepoint, .rollbackTo, .release, .guardReads: false
        }
    }
}
