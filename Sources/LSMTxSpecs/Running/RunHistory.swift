/// Turns what a run has recorded into a history.
///
/// Keys and values are written as ``HistoryKey`` says.
///
/// What a history cannot say is put into its words:
/// 1. A deleted range is the deletion of every key in it that the run names.
/// 2. A write that going back to a savepoint has undone was never made. What the transaction has read of it meanwhile is
///    left out: a get as a whole, of a scan the keys concerned.
/// 3. A cursor is one scan, made when it was opened, as far as it was read.
struct RunHistory {
    private let transactions: [RunTransaction]
    private let level: Level
    private let keys: [[UInt8]]
    /// How many bytes the longest key has.
    private let longest: Int

    /// - Parameter transactions: All of the run, in the order in which they began. Those that are open count as rolled
    ///   back.
    init(_ transactions: [RunTransaction], level: Level) {
        self.transactions = transactions
        self.level = level
        var keys: Set<[UInt8]> = []
        for operation in transactions.lazy.flatMap(\.record.operations) {
            switch operation {
            case .get(let key, _), .put(let key, _), .delete(let key): keys.insert(key)
            case .scan(_, let found), .next(_, let found, _): keys.formUnion(found.map(\.key))
            case .deleteRange, .open, .savepoint, .rollbackTo, .release, .guardReads: continue
            }
        }
        self.keys = keys.sorted { $0.lexicographicallyPrecedes($1) }
        longest = keys.map(\.count).max() ?? 0
    }

    var history: History {
        var moments: [(time: Int, isEnd: Bool, place: Int)] = []
        for (place, transaction) in transactions.enumerated() {
            moments.append((transaction.record.began, false, place))
            moments.append((transaction.record.ended, true, place))
        }
        // Whatever happens in one step has its invocations first.
        moments.sort { ($0.time, $0.isEnd ? 1 : 0, $0.place) < ($1.time, $1.isEnd ? 1 : 0, $1.place) }
        let operations = transactions.map { self.operations(of: $0.record) }
        // What is open ends with the last step.
        let last = moments.last { $0.time < .max }?.time ?? 0
        var events: [HistoryEvent] = []
        for (index, moment) in moments.enumerated() {
            let transaction = transactions[moment.place]
            let kind = moment.isEnd ? Self.kind(of: transaction.record.ending) : .invoke
            let isDone = kind == .ok
            events.append(
                HistoryEvent(
                    index: index, time: min(moment.time, last),
                    process: transaction.process, kind: kind,
                    operations: isDone ? operations[moment.place] : operations[moment.place].map(\.unanswered),
                    level: level, snapshot: moment.isEnd ? transaction.snapshot : nil,
                    commit: isDone ? transaction.commit : nil))
        }
        do {
            return try History(events)
        } catch {
            preconditionFailure("a run does one transaction at a time in each process: \(error)")
        }
    }

    private static func kind(of ending: OracleTransaction.Ending) -> HistoryEvent.Kind {
        switch ending {
        case .committed: .ok
        case .conflicted, .aborted: .fail
        case .unknown: .info
        }
    }

    // MARK: Operations

    private func operations(of record: OracleTransaction) -> [MicroOperation] {
        var result: [MicroOperation] = []
        for (index, operation) in record.operations.enumerated() {
            switch operation {
            case .get(let key, let found):
                guard !undone(before: index, in: record).contains(where: { $0.contains(key) }) else { continue }
                result.append(.read(HistoryKey.text(of: key), found.map { .text(Self.text($0)) }))
            case .scan(let scan, let found):
                let isWhole = scan.limit.map { found.count < $0 } ?? true
                result += scans(scan, found: found, isWhole: isWhole, without: undone(before: index, in: record))
            case .open(let cursor, let scan): result += cursorScans(cursor, scan, openedAt: index, in: record)
            case .put(let key, let value):
                if !record.isUndone(index) { result.append(.write(HistoryKey.text(of: key), .text(Self.text(value)))) }
            case .delete(let key): if !record.isUndone(index) { result.append(.delete(HistoryKey.text(of: key))) }
            case .deleteRange(let span):
                guard !record.isUndone(index) else { continue }
                result += keys.filter(span.contains).map { .delete(HistoryKey.text(of: $0)) }
            case .next, .savepoint, .rollbackTo, .release, .guardReads: continue
            }
        }
        return result
    }

    /// What was written before an operation, and undone behind it.
    private func undone(before index: Int, in record: OracleTransaction) -> [OracleSpan] {
        var spans: [OracleSpan] = []
        for place in 0..<index {
            guard let undoing = record.undoing(place), undoing > index else { continue }
            switch record.operations[place] {
            case .put(let key, _), .delete(let key): spans.append(OracleSpan(key))
            case .deleteRange(let span): spans.append(span)
            default: continue
            }
        }
        return spans
    }

    private func cursorScans(
        _ cursor: Int, _ scan: OracleTransaction.Scan, openedAt index: Int, in record: OracleTransaction
    ) -> [MicroOperation] {
        var found: [OracleMap.Entry] = []
        var wasMoved = false
        var isAtEnd = false
        for case .next(cursor, let part, let isLast) in record.operations {
            found += part
            wasMoved = true
            isAtEnd = isAtEnd || isLast
        }
        guard wasMoved else { return [] }
        let isWhole = isAtEnd && (scan.limit.map { found.count < $0 } ?? true)
        return scans(scan, found: found, isWhole: isWhole, without: undone(before: index, in: record))
    }

    /// The parts of a scan that have told something of others.
    private func scans(
        _ scan: OracleTransaction.Scan, found: [OracleMap.Entry], isWhole: Bool, without undone: [OracleSpan]
    ) -> [MicroOperation] {
        if isWhole, undone.isEmpty { return [.scan(record(scan, scan.span, found))] }
        var span = scan.span
        if !isWhole {
            // It says nothing about what is behind its last entry.
            guard let last = found.last?.key else { return [] }
            if scan.isReversed { span.lower = last } else { span.upper = last + [0] }
        }
        var parts = [span]
        for hole in undone {
            parts = parts.flatMap { part -> [OracleSpan] in
                guard part.overlaps(hole) else { return [part] }
                var rest: [OracleSpan] = []
                if part.lower.lexicographicallyPrecedes(hole.lower) {
                    rest.append(OracleSpan(from: part.lower, upTo: hole.lower))
                }
                if let end = hole.upper, part.upper.map({ end.lexicographicallyPrecedes($0) }) ?? true {
                    rest.append(OracleSpan(from: end, upTo: part.upper))
                }
                return rest
            }
        }
        return parts.map { part in
            .scan(record(scan, part, found.filter { part.contains($0.key) }))
        }
    }

    private func record(
        _ scan: OracleTransaction.Scan, _ span: OracleSpan, _ found: [OracleMap.Entry]
    ) -> ScanRecord {
        ScanRecord(
            from: Self.text(span.lower), to: span.upper.map(Self.text) ?? Self.end(longest: longest),
            isReverse: scan.isReversed,
            pairs: found.map { ScanRecord.Pair(key: Self.text($0.key), value: .text(Self.text($0.value))) })
    }

    static func text(_ bytes: [UInt8]) -> String { HistoryKey.text(of: bytes) }

    /// The high bound of a scan that has none: it is behind all keys of at most `longest` bytes.
    static func end(longest: Int) -> String { text([UInt8](repeating: .max, count: longest + 1)) }
}
