/// Every key that a history names, numbered in the keys' order.
package struct KeyUniverse {
    package let names: [String]
    private let ids: [String: Int]

    package init(_ history: History) {
        var all: Set<String> = []
        for transaction in history.transactions {
            for operation in transaction.operations {
                switch operation {
                case .read(let key, _), .write(let key, _), .delete(let key), .append(let key, _): all.insert(key)
                case .scan(let scan): for pair in scan.pairs ?? [] { all.insert(pair.key) }
                }
            }
        }
        names = all.sorted(by: HistoryKey.precedes)
        ids = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    }

    /// The number of a key that the history names.
    package func id(_ name: String) -> Int { ids[name] ?? -1 }

    package func range(from lower: String, to upper: String) -> Range<Int> {
        let start = firstIndex(atOrAfter: lower)
        return start..<max(start, firstIndex(atOrAfter: upper))
    }

    private func firstIndex(atOrAfter bound: String) -> Int {
        var (low, high) = (0, names.count)
        while low < high {
            let middle = (low + high) / 2
            if HistoryKey.precedes(names[middle], bound) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
