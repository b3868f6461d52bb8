import LSMTxSpecs

/// Transactions for the oracles, written short: one letter is a key.
struct OracleScript {
    private var open: [String: OracleTransaction] = [:]
    private(set) var done: [OracleTransaction] = []
    private var time = 1

    static func map(_ entries: [String: String]) -> OracleMap {
        var map = OracleMap()
        for (key, value) in entries { map[Array(key.utf8)] = Array(value.utf8) }
        return map
    }

    static func entries(_ entries: [(String, String)]) -> [OracleMap.Entry] {
        entries.map { OracleMap.Entry(key: Array($0.0.utf8), value: Array($0.1.utf8)) }
    }

    private mutating func act(_ session: String, _ operation: OracleTransaction.Operation) {
        open[session, default: OracleTransaction(session: session, began: time)].append(operation, at: time)
        time += 1
    }

    mutating func get(_ session: String, _ key: String, _ found: String?) {
        act(session, .get(Array(key.utf8), found: found.map { Array($0.utf8) }))
    }

    mutating func put(_ session: String, _ key: String, _ value: String) {
        act(session, .put(Array(key.utf8), Array(value.utf8)))
    }

    mutating func delete(_ session: String, _ key: String) { act(session, .delete(Array(key.utf8))) }

    mutating func deleteRange(_ session: String, _ low: String, _ high: String) {
        act(session, .deleteRange(OracleSpan(from: Array(low.utf8), upTo: Array(high.utf8))))
    }

    mutating func scan(
        _ session: String, _ low: String, _ high: String?, _ found: [(String, String)], isReversed: Bool = false,
        limit: Int? = nil
    ) {
        let span = OracleSpan(from: Array(low.utf8), upTo: high.map { Array($0.utf8) })
        let scan = OracleTransaction.Scan(span, isReversed: isReversed, limit: limit)
        act(session, .scan(scan, found: Self.entries(found)))
    }

    mutating func open(_ session: String, _ cursor: Int, _ low: String, _ high: String) {
        let span = OracleSpan(from: Array(low.utf8), upTo: Array(high.utf8))
        act(session, .open(cursor: cursor, OracleTransaction.Scan(span)))
    }

    mutating func next(_ session: String, _ cursor: Int, _ found: [(String, String)], isLast: Bool = false) {
        act(session, .next(cursor: cursor, found: Self.entries(found), isLast: isLast))
    }

    mutating func other(_ session: String, _ operation: OracleTransaction.Operation) { act(session, operation) }

    mutating func commit(_ session: String) {
        var transaction = open.removeValue(forKey: session) ?? OracleTransaction(session: session, began: time)
        transaction.ending = .committed
        transaction.ended = time
        done.append(transaction)
        time += 1
    }
}

/// What the oracles say: serial, strictly serial, snapshot, read committed.
struct OracleJudgement: Equatable {
    var serial: Bool
    var strict: Bool
    var snapshot: Bool
    var readCommitted: Bool

    init(_ serial: Bool, _ strict: Bool, _ snapshot: Bool, _ readCommitted: Bool) {
        self.serial = serial
        self.strict = strict
        self.snapshot = snapshot
        self.readCommitted = readCommitted
    }

    init(_ transactions: [OracleTransaction], from setup: OracleMap, to final: OracleMap?) {
        var serial = SerialOracle(from: setup, to: final, isStrict: false)
        var strict = SerialOracle(from: setup, to: final, isStrict: true)
        var snapshot = SnapshotOracle(from: setup, to: final)
        self.init(
            serial.accepts(transactions), strict.accepts(transactions), snapshot.accepts(transactions),
            ReadCommittedOracle(from: setup, to: final).accepts(transactions))
    }
}
