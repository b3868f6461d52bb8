/// The keys that a step reads or writes.
struct StepFootprint {
    private enum Keys {
        case one([UInt8])
        /// Up to the second one, that not included; up to the end if there is none.
        case range([UInt8], [UInt8]?)
    }

    let isWrite: Bool
    private let keys: Keys
    /// How many entries it yields at most.
    private var limit: Int?
    private var isReversed = false
    /// Whether it goes on where a step before it has ended, so that it is no scan of its own.
    private var isContinued = false

    /// - Parameters:
    ///   - operation: What is done.
    ///   - cursors: What the transaction's cursors go over.
    /// - Returns: `nil` if it is about no keys.
    init?(_ operation: Spec.Operation, cursors: [String: Spec.Scan]) {
        switch operation {
        case .get(let key): (isWrite, keys) = (false, .one(key))
        case .scan(let scan):
            (isWrite, keys) = (false, Self.keys(of: scan))
            (limit, isReversed) = (scan.limit, scan.isReversed)
        case .next(let cursor, _):
            guard let scan = cursors[cursor] else { return nil }
            (isWrite, keys) = (false, Self.keys(of: scan))
            isContinued = true
        case .guardReads(let low, let high): (isWrite, keys) = (false, high.map { .range(low, $0) } ?? .one(low))
        case .write(.put(let key, _)), .write(.delete(let key)): (isWrite, keys) = (true, .one(key))
        case .write(.deleteRange(let low, let high)): (isWrite, keys) = (true, .range(low, high))
        case .begin, .open, .savepoint, .rollbackTo, .release, .commit, .rollback: return nil
        }
    }

    private static func keys(of scan: Spec.Scan) -> Keys {
        switch scan.bounds {
        case .range(let low, let high): .range(low, high)
        case .prefix(let prefix):
            // The first key behind all that begin so: the last byte that can grow, grown.
            prefix.lastIndex { $0 < .max }.map { .range(prefix, prefix[..<$0] + [prefix[$0] + 1]) }
                ?? .range(prefix, nil)
        }
    }

    /// The step as a history says it, with what it gave. A deleted range has no keys that could be named here.
    ///
    /// - Parameter end: Behind all keys.
    func operations(giving outcome: Outcome?, end: String) -> [MicroOperation] {
        switch (keys, outcome) {
        case (.one(let key), _) where isWrite: [.write(HistoryKey.text(of: key), .text(""))]
        case (.one(let key), .value(let value)): [.read(HistoryKey.text(of: key), .text(RunHistory.text(value)))]
        case (.one(let key), .some(.none)): [.read(HistoryKey.text(of: key), nil)]
        case (.range(let low, let high), .list(let entries)) where !isContinued:
            [
                .scan(
                    ScanRecord(
                        from: RunHistory.text(low), to: high.map(RunHistory.text) ?? end, limit: limit,
                        isReverse: isReversed,
                        pairs: entries.map {
                            ScanRecord.Pair(key: HistoryKey.text(of: $0.key), value: .text(RunHistory.text($0.value)))
                        }))
            ]
        default: []
        }
    }

    /// How many bytes the longest key has that it names.
    var longestKey: Int {
        switch keys {
        case .one(let key): key.count
        case .range(let low, let high): max(low.count, high?.count ?? 0)
        }
    }

    /// Whether it is about a key, as a history names it.
    func covers(_ name: String) -> Bool {
        let wanted = HistoryKey.bytes(of: name)
        switch keys {
        case .one(let key): return key == wanted
        case .range(let low, let high):
            return !wanted.lexicographicallyPrecedes(low) && high.map { wanted.lexicographicallyPrecedes($0) } ?? true
        }
    }
}
