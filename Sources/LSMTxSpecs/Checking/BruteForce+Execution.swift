extension HistoryTransaction {
    var writtenKeys: Set<String> {
        Set(
            operations.compactMap { operation in
                switch operation {
                case .write(let key, _), .delete(let key), .append(let key, _): key
                case .read, .scan: nil
                }
            })
    }

    func endsBefore(_ other: HistoryTransaction) -> Bool { completed.map { $0 < other.invoked } ?? false }

    /// The state after its first `count` steps, or after all.
    func applied(to state: [String: HistoryValue], count: Int = .max) -> [String: HistoryValue] {
        var state = state
        for operation in operations.prefix(count) {
            switch operation {
            case .write(let key, let value): state[key] = value == .list([]) ? nil : value
            case .delete(let key): state[key] = nil
            case .append(let key, let value):
                if case .list(let elements) = state[key] {
                    state[key] = .list(elements + [value])
                } else {
                    state[key] = .list([value])
                }
            case .read, .scan: continue
            }
        }
        return state
    }

    /// Whether all its reads have the results that they have at a state.
    func reads(at state: [String: HistoryValue]) -> Bool {
        operations.indices.allSatisfy { reads($0, at: state) }
    }

    /// Whether one step has the result that it has at a state, over the transaction's own writes before it.
    func reads(_ number: Int, at state: [String: HistoryValue]) -> Bool {
        switch operations[number] {
        case .write, .delete, .append: return true
        case .read(let key, let value):
            return applied(to: state, count: number)[key] == (value == .list([]) ? nil : value)
        case .scan(let scan):
            guard let pairs = scan.pairs else { return true }
            let view = applied(to: state, count: number)
            let inside = view.filter { entry in
                !HistoryKey.precedes(entry.key, scan.lower) && HistoryKey.precedes(entry.key, scan.upper)
            }
            let ascending = inside.sorted { HistoryKey.precedes($0.key, $1.key) }
            let ordered = scan.isReverse ? ascending.reversed() : ascending
            return pairs == ordered.prefix(scan.limit ?? .max).map { ScanRecord.Pair(key: $0.key, value: $0.value) }
        }
    }
}
