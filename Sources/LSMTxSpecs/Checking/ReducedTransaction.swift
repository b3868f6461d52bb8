/// A transaction without what only it could see: what it read of others and what it left.
package struct ReducedTransaction {
    /// What a write leaves of a key.
    package enum Effect {
        case set(HistoryValue?)
        case append([HistoryValue])
    }

    /// What one statement read of others.
    package enum Statement {
        case point(key: Int, value: HistoryValue?)
        /// Every key of `keys` but those of `own` was read; those that `values` does not name were absent.
        case scan(keys: Range<Int>, values: [Int: HistoryValue], own: Set<Int>)
    }

    package let source: HistoryTransaction
    package var statements: [Statement] = []
    /// By key, in the order of the first write.
    package var writes: [(key: Int, effect: Effect)] = []
    /// The first thing that contradicts its own writes or its own request.
    package var internalProblem: String?
    /// Its place in the commit order. Equal timestamps are told apart by `tie`, which is for inferred places.
    package var commit: (time: UInt64, tie: Int)?

    package init(_ transaction: HistoryTransaction, keys: KeyUniverse) {
        source = transaction
        commit = transaction.commit.map { ($0, 0) }
        var own: [Int: Effect] = [:]
        var order: [Int] = []
        for operation in transaction.operations {
            switch operation {
            case .read(let name, let value):
                let key = keys.id(name)
                guard let outside = outside(value.present, own[key], operation) else { continue }
                statements.append(.point(key: key, value: outside.value))
            case .scan(let scan): reduce(scan, own, keys, operation)
            case .write(let name, let value): own.put(.set(value), at: keys.id(name), &order)
            case .delete(let name): own.put(.set(nil), at: keys.id(name), &order)
            case .append(let name, let value):
                let key = keys.id(name)
                switch own[key] {
                case nil: own.put(.append([value]), at: key, &order)
                case .append(let elements): own[key] = .append(elements + [value])
                case .set(.list(let elements)): own[key] = .set(.list(elements + [value]))
                case .set: own[key] = .set(.list([value]))
                }
            }
        }
        writes = order.compactMap { key in own[key].map { (key, $0) } }
    }

    private struct Outside { var value: HistoryValue? }

    /// What others must have left for `value` to be read over the transaction's own write; `nil` if nothing follows.
    private mutating func outside(
        _ value: HistoryValue?, _ own: Effect?, _ operation: MicroOperation
    ) -> Outside? {
        switch own {
        case nil: return Outside(value: value)
        case .set(let expected):
            if value != expected { report(operation) }
            return nil
        case .append(let elements):
            guard case .list(let list) = value, list.suffix(elements.count) == elements[...] else {
                report(operation)
                return nil
            }
            return Outside(value: HistoryValue.list(Array(list.dropLast(elements.count))).present)
        }
    }

    private mutating func report(_ operation: MicroOperation) {
        internalProblem = internalProblem ?? "T\(source.id) contradicts itself at: \(operation)"
    }

    private mutating func reduce(
        _ scan: ScanRecord, _ own: [Int: Effect], _ keys: KeyUniverse, _ operation: MicroOperation
    ) {
        guard let pairs = scan.pairs else { return }
        let range = keys.range(from: scan.lower, to: scan.upper)
        let ids = pairs.map { keys.id($0.key) }
        let ascending = scan.isReverse ? Array(ids.reversed()) : ids
        guard zip(ascending, ascending.dropFirst()).allSatisfy({ $0 < $1 }), ids.allSatisfy(range.contains),
            pairs.count <= scan.limit ?? .max
        else { return report(operation) }
        // A scan that stopped at its limit says nothing about what lies behind its last key.
        var seen = range
        if let limit = scan.limit, pairs.count == limit {
            guard let last = ids.last else { return }
            seen = scan.isReverse ? last..<range.upperBound : range.lowerBound..<(last + 1)
        }
        var values: [Int: HistoryValue] = [:]
        for (id, pair) in zip(ids, pairs) {
            guard let outside = outside(pair.value.present, own[id], operation) else { continue }
            values[id] = outside.value
        }
        var settled: Set<Int> = []
        for (key, effect) in own where seen.contains(key) {
            switch effect {
            case .set(.some): if !ids.contains(key) { report(operation) }
            case .set(nil): break
            case .append:
                if !ids.contains(key) { report(operation) }
                continue
            }
            settled.insert(key)
        }
        statements.append(.scan(keys: seen, values: values, own: settled))
    }
}

extension [Int: ReducedTransaction.Effect] {
    fileprivate mutating func put(_ effect: ReducedTransaction.Effect, at key: Int, _ order: inout [Int]) {
        if updateValue(effect, forKey: key) == nil { order.append(key) }
    }
}

extension HistoryValue? {
    /// An empty list is the same as nothing.
    package var present: HistoryValue? { self == .list([]) ? nil : self }
}

extension HistoryValue {
    package var present: HistoryValue? { Optional(self).present }
}
