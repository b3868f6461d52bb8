/// Finds where in the commit order those of unknown outcome are that were observed and have no commit timestamp.
///
/// Each is put as late as possible: whoever did not see it read before it, so no later place contradicts them.
///
/// 1. It is not behind the snapshot of anybody who saw it; under read committed, before the observer's commit.
/// 2. Somebody else who writes one of its keys and commits behind its snapshot comes after it, if it would have lost
///    otherwise: at snapshot isolation always, at serializable if it also read that key. If that one would have lost
///    too, it even began after it.
/// 3. Any other writer of such a key that commits before the bound so found must come before it for certain: at or
///    before the snapshot, or because a later reader still found the unknown one's value of that key. Otherwise the
///    place stays unknown, as it does under read committed, where nobody's points are known.
struct UnknownPlacement {
    struct Unknown {
        /// Its place in the index.
        let place: Int
        /// It with its reads.
        let transaction: ReducedTransaction
    }

    /// By place in the index, the timestamp that it comes at or behind.
    private(set) var times: [Int: UInt64] = [:]

    init(index: HistoryIndex, unknown: [Unknown]) {
        var writers: [Int: [Int]] = [:]
        for (place, transaction) in index.transactions.enumerated() {
            for write in transaction.writes { writers[write.key, default: []].append(place) }
        }
        let observers = Self.observers(index, unknown)
        for item in unknown where item.transaction.source.level != .readCommitted {
            if let time = Self.time(of: item, index, writers, observers[item.place] ?? []) { times[item.place] = time }
        }
        // Two that write one key and are not told apart by those that are known have no order.
        for (number, item) in unknown.enumerated() {
            for other in unknown[(number + 1)...] where times[item.place] == times[other.place] {
                guard !item.keys.isDisjoint(with: other.keys) else { continue }
                (times[item.place], times[other.place]) = (nil, nil)
            }
        }
    }

    private struct Observation {
        let reader: Int
        let key: Int
    }

    /// By the place of an unknown one, who read which of its values.
    private static func observers(_ index: HistoryIndex, _ unknown: [Unknown]) -> [Int: [Observation]] {
        let places = Dictionary(uniqueKeysWithValues: unknown.map { ($0.transaction.source.id, $0.place) })
        var found: [Int: [Observation]] = [:]
        for (reader, transaction) in index.transactions.enumerated() {
            func look(_ key: Int, _ value: HistoryValue?) {
                let elements = if case .list(let list) = value { list } else { value.map { [$0] } ?? [] }
                for element in elements {
                    for origin in index.origins(of: element, at: key) {
                        guard let place = places[origin.transaction], place != reader else { continue }
                        found[place, default: []].append(Observation(reader: reader, key: key))
                    }
                }
            }
            for statement in transaction.statements {
                switch statement {
                case .point(let key, let value): look(key, value)
                case .scan(_, let values, _): for (key, value) in values { look(key, value) }
                }
            }
        }
        return found
    }

    private static func time(
        of item: Unknown, _ index: HistoryIndex, _ writers: [Int: [Int]], _ observers: [Observation]
    ) -> UInt64? {
        let source = item.transaction.source
        guard var latest = observers.compactMap({ index.transactions[$0.reader].lastPoint }).min() else { return nil }
        let rivals = item.keys.flatMap { key in (writers[key] ?? []).map { (key, index.transactions[$0]) } }.filter {
            $0.1.source.id != source.id && $0.1.commit != nil
        }
        for (key, rival) in rivals {
            guard let start = source.snapshot, let commit = rival.commit, commit.time > start,
                source.level != .serializable || item.transaction.hasRead(key)
            else { continue }
            let wouldLose = rival.source.level != .serializable || rival.hasRead(key)
            latest = min(latest, wouldLose ? rival.lastPoint ?? commit.time - 1 : commit.time - 1)
        }
        for (key, rival) in rivals {
            guard let commit = rival.commit, commit.time <= latest, commit.time > source.snapshot ?? 0 else { continue }
            let isBefore = observers.contains { observer in
                let reader = index.transactions[observer.reader]
                return observer.key == key && reader.source.level != .readCommitted
            }
            if !isBefore { return nil }
        }
        return latest
    }
}

extension UnknownPlacement.Unknown {
    fileprivate var keys: Set<Int> { Set(transaction.writes.map(\.key)) }
}

extension ReducedTransaction {
    /// The last timestamp that it can have read at; under read committed its snapshot is not that.
    fileprivate var lastPoint: UInt64? {
        let beforeCommit = commit.map { $0.time - min($0.time, 1) }
        return source.level == .readCommitted ? beforeCommit : source.snapshot ?? beforeCommit
    }

    /// Whether others' value of a key is part of what it did: an append reads what it appends to.
    fileprivate func hasRead(_ key: Int) -> Bool {
        if writes.contains(where: { if case (key, .append) = $0 { true } else { false } }) { return true }
        return statements.contains { statement in
            switch statement {
            case .point(let read, _): read == key
            case .scan(let keys, _, let own): keys.contains(key) && !own.contains(key)
            }
        }
    }
}
