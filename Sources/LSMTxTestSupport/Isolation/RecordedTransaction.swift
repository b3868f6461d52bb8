/// What a transaction has written, at some moment of it.
struct OwnWrites: Equatable {
    /// Per key: `nil` where nothing was written, 0 where it was deleted.
    var values = [Int?](repeating: nil, count: KeySpace.keyCount)
    /// Every position that was written, gaps of deleted ranges among them.
    var written: UInt32 = 0

    mutating func set(_ key: Int, _ value: Int) {
        values[key] = value
        written |= KeySpace.bit(ofKey: key)
    }

    mutating func delete(_ span: KeySpan) {
        for key in span.keys { values[key] = 0 }
        written |= span.bits
    }

    func value(of key: Int, over state: [Int]) -> Int { values[key] ?? state[key] }

    func applied(to state: [Int]) -> [Int] { state.indices.map { value(of: $0, over: state) } }
}

/// A get or a scan: what was asked, over which own writes, and what came back.
struct RecordedRead {
    enum Kind {
        case get(key: Int, value: Int)
        case scan(KeySpan, reverse: Bool, limit: Int?)
    }

    let kind: Kind
    let own: OwnWrites
    /// Whether the commit depends on it.
    var isGuarded = true
    /// The steps between which it happened.
    let firstStep: Int
    var lastStep: Int
    var items: [IsolationHistory.Item] = []
    var sawEnd = false

    /// The positions that the answer depends on: nothing where an own write answered, and of a scan what was consumed.
    var consumed: UInt32 {
        guard isGuarded else { return 0 }
        switch kind {
        case .get(let key, _):
            return KeySpace.bit(ofKey: key) & ~own.written
        case .scan(let span, let reverse, let limit):
            if sawEnd, limit.map({ items.count < $0 }) ?? true { return span.bits }
            guard let last = items.last else { return 0 }
            let position = 2 * last.key + 1
            return (reverse ? KeySpan(position, span.upper) : KeySpan(span.lower, position + 1)).bits
        }
    }

    /// Whether `state`, with the own writes over it, gives this answer.
    func isExplained(by state: [Int]) -> Bool {
        switch kind {
        case .get(let key, let value):
            return own.value(of: key, over: state) == value
        case .scan(let span, let reverse, let limit):
            let keys = reverse ? span.keys.reversed() : span.keys
            var visible = keys.map { IsolationHistory.Item($0, own.value(of: $0, over: state)) }
            visible.removeAll { $0.value == 0 }
            if let limit { visible = Array(visible.prefix(limit)) }
            return sawEnd ? visible == items : visible.starts(with: items)
        }
    }
}

/// One transaction of a history, as its steps tell it.
struct RecordedTransaction {
    enum End {
        case committed(at: UInt64)
        case conflict(IsolationHistory.Reason?)
        case rolledBack
    }

    let number: Int
    let level: IsolationLevel
    let beginStep: Int
    var endStep = Int.max
    var end = End.rolledBack
    var reads: [RecordedRead] = []
    var own = OwnWrites()
    /// What it was told to depend on.
    var guarded: UInt32 = 0

    private var savepoints: [OwnWrites] = []
    /// The place in `reads` of each scan.
    private var scans: [Int] = []

    init(number: Int, level: IsolationLevel, beginStep: Int) {
        self.number = number
        self.level = level
        self.beginStep = beginStep
    }

    var isCommitted: Bool {
        if case .committed = end { return true }
        return false
    }

    var hasWritten: Bool { own.written != 0 }

    /// What its commit depends on by its reads, those before a savepoint was gone back to included.
    var consumed: UInt32 { reads.reduce(0) { $0 | $1.consumed } }

    /// - Returns: Why the step cannot be: the record itself is wrong.
    mutating func record(_ step: IsolationHistory.Step, at index: Int) -> String? {
        guard endStep == .max else { return "T\(number) goes on after its end" }
        switch step {
        case .get(let key, let value):
            reads.append(RecordedRead(kind: .get(key: key, value: value), own: own, firstStep: index, lastStep: index))
        case .getUnguarded(let key, let value):
            var read = RecordedRead(kind: .get(key: key, value: value), own: own, firstStep: index, lastStep: index)
            read.isGuarded = false
            reads.append(read)
        case .guarding(let span): guarded |= span.bits
        case .put(let key, let value): own.set(key, value)
        case .delete(let key): own.set(key, 0)
        case .deleteRange(let span): own.delete(span)
        case .open(let span, let reverse, let limit):
            scans.append(reads.count)
            let kind = RecordedRead.Kind.scan(span, reverse: reverse, limit: limit)
            reads.append(RecordedRead(kind: kind, own: own, firstStep: index, lastStep: index))
        case .next(let scan, let item):
            guard scans.indices.contains(scan) else { return "T\(number) has no scan \(scan)" }
            reads[scans[scan]].lastStep = index
            if let item {
                guard !reads[scans[scan]].sawEnd else { return "scan \(scan) of T\(number) goes on after its end" }
                reads[scans[scan]].items.append(item)
            } else {
                reads[scans[scan]].sawEnd = true
            }
        case .savepoint: savepoints.append(own)
        case .rollbackTo(let depth):
            guard savepoints.indices.contains(depth) else { return "T\(number) has no savepoint \(depth)" }
            own = savepoints[depth]
            savepoints.removeSubrange((depth + 1)...)
        case .release(let depth):
            guard savepoints.indices.contains(depth) else { return "T\(number) has no savepoint \(depth)" }
            savepoints.removeSubrange(depth...)
        case .commit(let outcome):
            endStep = index
            switch outcome {
            case .committed(let timestamp): end = .committed(at: timestamp)
            case .conflict(let reason): end = .conflict(reason)
            }
        case .rollback: endStep = index
        case .begin: return "T\(number) begins twice"
        case .flush, .compact: return "T\(number) does what only the store does"
        }
        return nil
    }
}
