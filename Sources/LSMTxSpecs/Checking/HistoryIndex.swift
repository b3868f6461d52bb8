/// A history made ready for a checker.
///
/// A transaction of unknown outcome counts as committed if a committed one read a value that it wrote, or if it has a
/// commit timestamp; its own reads count for nothing. One without a timestamp is given a place where the others leave
/// one only: see `UnknownPlacement`. Where they do not, its keys are in doubt.
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
    /// Keys whose versions are not all known: what was read of them proves nothing.
    package private(set) var doubtful: Set<Int> = []
    /// Keys that somebody of unknown outcome may have deleted: that they are absent proves nothing.
    package private(set) var maybeDeleted: Set<Int> = []
    /// What is in doubt, and why.
    package private(set) var doubts: [String] = []
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
                guard observed.contains(transaction.id) || transaction.commit != nil else {
                    noteDeletions(transaction)
                    continue
                }
                var writer = transaction
                writer.operations.removeAll { !$0.isWrite }
                transactions.append(ReducedTransaction(writer, keys: keys))
            }
        }
        placeUnknowns(history)
    }

    private mutating func noteDeletions(_ transaction: HistoryTransaction) {
        var deleted: Set<Int> = []
        for case .delete(let key) in transaction.operations { deleted.insert(keys.id(key)) }
        guard !deleted.isEmpty else { return }
        maybeDeleted.formUnion(deleted)
        doubts.append("nobody knows whether T\(transaction.id), which deletes, took effect")
    }

    private mutating func placeUnknowns(_ history: History) {
        let unknown = transactions.indices.filter {
            transactions[$0].source.outcome == .unknown && transactions[$0].commit == nil
        }
        guard !unknown.isEmpty else { return }
        // The index holds no reads of theirs, but what they read bounds their place.
        let full = unknown.map { ReducedTransaction(history.transactions[transactions[$0].source.id], keys: keys) }
        let placement = UnknownPlacement(
            index: self, unknown: zip(unknown, full).map { .init(place: $0, transaction: $1) })
        for (place, time) in placement.times {
            transactions[place].commit = (time, transactions[place].source.id + 1)
        }
        for place in unknown where transactions[place].commit == nil {
            doubtful.formUnion(transactions[place].writes.map(\.key))
            doubts.append(
                "T\(transactions[place].source.id) took effect, but nobody knows when among those that write its keys")
        }
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
