internal import LSMTx
internal import LSMTxSimulation

/// A transaction that notes what it does and what it found.
///
/// Between two steps it now and then lets other threads go first: steps take microseconds, so that without it hardly
/// any two transactions of few processors would overlap.
final class RecordedTransaction {
    private let transaction: Transaction
    private let level: Level
    private var random: SeededGenerator
    private(set) var work = EventLog.Work()

    init(_ transaction: Transaction, level: Level, random: SeededGenerator) {
        self.transaction = transaction
        self.level = level
        self.random = random
        // At read committed the timestamp is only that of the latest read.
        if level != .readCommitted { work.snapshot = transaction.timestamp.rawValue }
    }

    func get(_ key: String) throws -> HistoryValue? {
        let value = try read(key)
        work.operations.append(.read(key, value))
        letOthersGo()
        return value
    }

    private func read(_ key: String) throws -> HistoryValue? {
        try transaction.get(HistoryKey.bytes(of: key)).map(StoredValue.value)
    }

    func put(_ key: String, _ value: HistoryValue) throws {
        // Noted first: a write that fails halfway through is still what the transaction was about to do.
        work.operations.append(.write(key, value))
        try transaction.put(HistoryKey.bytes(of: key), StoredValue.bytes(of: value))
        letOthersGo()
    }

    func delete(_ key: String) throws {
        work.operations.append(.delete(key))
        try transaction.delete(HistoryKey.bytes(of: key))
        letOthersGo()
    }

    func append(_ key: String, _ element: HistoryValue) throws {
        work.operations.append(.append(key, element))
        var list: [HistoryValue] = []
        if case .list(let before) = try read(key) { list = before }
        letOthersGo()
        try transaction.put(HistoryKey.bytes(of: key), StoredValue.bytes(of: .list(list + [element])))
        letOthersGo()
    }

    @discardableResult
    func scan(
        from lower: String, to upper: String, limit: Int? = nil, isReverse: Bool = false
    ) throws -> [ScanRecord.Pair] {
        let range = KeyRange(from: HistoryKey.bytes(of: lower), upTo: HistoryKey.bytes(of: upper))
        var pairs: [ScanRecord.Pair] = []
        for entry in transaction.scan(range, reverse: isReverse, limit: limit) {
            pairs.append(
                ScanRecord.Pair(key: HistoryKey.text(of: entry.key), value: StoredValue.value(of: entry.value)))
            letOthersGo()
        }
        work.operations.append(
            .scan(ScanRecord(from: lower, to: upper, limit: limit, isReverse: isReverse, pairs: pairs)))
        return pairs
    }

    /// Everything there is.
    func scanAll() throws { try scan(from: "", to: HistoryKey.text(of: [0xFF])) }

    func commit() throws {
        let timestamp = try transaction.commit(durability: .sync)
        // A reader's is the timestamp that it read at, which is no commit.
        if work.operations.contains(where: \.isWrite) { work.commit = timestamp.rawValue }
    }

    func rollback() { transaction.rollback() }

    private func letOthersGo() {
        if Int.random(in: 0..<12, using: &random) == 0 { SystemClock.sleep(microseconds: 1) }
    }
}
