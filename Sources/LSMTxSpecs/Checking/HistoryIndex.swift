/// A history made ready for a checker.
///
/// A transaction of unknown outcome counts as committed if a committed one read a value that it wrote, or if it has a
/// commit timestamp; its own reads count for nothing.
package struct HistoryIndex {
    /// Who wrote a value.
    package struct Origin {
        package let transaction: Int
        package let outcome: HistoryTransaction.Outcome
        /// Whether it is what the transaction left of the key.
        package let isLast: Bool
    }

    private struct Written: Hashable {
        let key: Int
        let value: HistoryValue
    }

    package let keys: KeyUniverse
    /// Those that count as committed.
    package private(set) var transactions: [ReducedTransaction] = []
    private var origins: [Written: [Origin]] = [:]

    package init(_ history: History) {
        keys = KeyUniverse(history)
        for transaction in history.transactions { recordOrigins(transaction) }
        let observed = observedUnknowns(history)
        for transaction in history.transactions {
            switch transaction.outcome {
            case .committed: transactions.append(ReducedTransaction(transaction, keys: keys))
            case .aborted: continue
            case .unknown:
                guard observed.contains(transaction.id) || transaction.commit != nil else { continue }
                var writer = transaction
                writer.operations.removeAll { !$0.isWrite }
                transactions.append(ReducedTransaction(writer, keys: keys))
            }
        }
        placeUnknowns()
    }

    private mutating func recordOrigins(_ transaction: HistoryTransaction) {
        var written: [(Written)] = []
        var last: [Int: Int] = [:]
        for operation in transaction.operations {
            switch operation {
            case .write(let key, let value), .append(let key, let value):
                last[keys.id(key)] = written.count
                written.append(Written(key: keys.id(key), value: value))
            case .delete(let key): last[keys.id(key)] = nil
            case .read, .scan: continue
            }
        }
        for (place, item) in written.enumerated() {
            origins[item, default: []].append(
                Origin(transaction: transaction.id, outcome: transaction.outcome, isLast: last[item.key] == place))
        }
    }

    package func origins(of value: HistoryValue, at key: Int) -> [Origin] {
        origins[Written(key: key, value: value)] ?? []
    }

    private func observedUnknowns(_ history: History) -> Set<Int> {
        var observed: Set<Int> = []
        guard history.transactions.contains(where: { $0.outcome == .unknown }) else { return observed }
        func look(_ key: String, _ value: HistoryValue?) {
            let elements = if case .list(let list) = value { list } else { value.map { [$0] } ?? [] }
            for element in elements {
                let origins = origins(of: element, at: keys.id(key))
                // With two candidates the one that is known to have committed explains the value.
                guard !origins.contains(where: { $0.outcome == .committed }) else { continue }
                for origin in origins where origin.outcome == .unknown { observed.insert(origin.transaction) }
            }
        }
        for transaction in history.transactions where transaction.outcome == .committed {
            for operation in transaction.operations {
                switch operation {
                case .read(let key, let value): look(key, value)
                case .scan(let scan): for pair in scan.pairs ?? [] { look(pair.key, pair.value) }
                case .write, .delete, .append: continue
                }
            }
        }
        return observed
    }

    /// Gives each unknown transaction that was observed a place: as late as its first observer allows, but before any
    /// overwrite of a key that the observer did not see from it.
    private mutating func placeUnknowns() {
        for index in transactions.indices
        where transactions[index].source.outcome == .unknown && transactions[index].commit == nil {
            let writes = transactions[index].writes
            let id = transactions[index].source.id
            var latest: UInt64?
            for reader in transactions where reader.source.id != id {
                guard let point = Self.lastPoint(of: reader), latest.map({ point < $0 }) ?? true,
                    writes.contains(where: { reads(reader, $0.key, of: id) })
                else { continue }
                latest = point
            }
            guard var latest else { continue }
            let start = transactions[index].source.snapshot ?? 0
            for other in transactions {
                guard let time = other.commit?.time, other.source.id != id, time > start, time <= latest,
                    other.writes.contains(where: { write in writes.contains { $0.key == write.key } }),
                    !other.statements.contains(where: { statement in
                        if case .point(let key, _) = statement { reads(other, key, of: id) } else { false }
                    })
                else { continue }
                latest = time - 1
            }
            transactions[index].commit = (latest, id + 1)
        }
    }

    /// The last timestamp that a transaction can have read at; under read committed its snapshot is not that.
    private static func lastPoint(of reader: ReducedTransaction) -> UInt64? {
        let beforeCommit = reader.commit.map { $0.time - min($0.time, 1) }
        return reader.source.level == .readCommitted ? beforeCommit : reader.source.snapshot ?? beforeCommit
    }

    private func reads(_ reader: ReducedTransaction, _ key: Int, of writer: Int) -> Bool {
        reader.statements.contains { statement in
            let value: HistoryValue?
            switch statement {
            case .point(let read, let found): value = read == key ? found : nil
            case .scan(_, let values, _): value = values[key]
            }
            let elements = if case .list(let list) = value { list } else { value.map { [$0] } ?? [] }
            return elements.contains { origins(of: $0, at: key).contains { $0.transaction == writer } }
        }
    }

    /// What a value is that no committed transaction left.
    package func kind(ofUnmatched value: HistoryValue, at key: Int) -> AnomalyClass {
        let elements = if case .list(let list) = value { list } else { [value] }
        var isIntermediate = false
        for (place, element) in elements.enumerated() {
            let candidates = origins(of: element, at: key).filter { origin in
                origin.outcome == .committed || origin.outcome == .unknown
            }
            if candidates.isEmpty { return origins(of: element, at: key).isEmpty ? .unwritten : .g1a }
            if place == elements.count - 1 { isIntermediate = !candidates.contains(where: \.isLast) }
        }
        if isIntermediate { return .g1b }
        return .incompatibleOrder
    }
}
