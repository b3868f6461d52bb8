import LSMTx
import LSMTxSimulation
import LSMTxTestSupport

/// Random operations on a store in which every value over 600 bytes is large, so that there are very many of them,
/// compared with a model; after each one, every page of the file has exactly one owner, and every large value too.
final class LargeValueRun {
    private struct OpenTransaction {
        let transaction: Transaction
        let start: Int
        var writes: ModelDatabase.Writes = [:]
    }

    static let largeValueBytes = 600

    private var random: SeededGenerator
    private var device = MemoryDevice()
    private var database: Database
    private var model = ModelDatabase()
    private var snapshots: [(snapshot: Snapshot, commit: Int)] = []
    private var transactions: [OpenTransaction] = []
    private var iterators: [(iterator: Scan.Iterator, left: ArraySlice<Entry>)] = []
    /// How many compactions there were, and conflicts.
    private(set) var compactions: UInt64 = 0
    private(set) var conflicts = 0

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        try EngineFixture.format(device)
        database = try Self.open(device)
    }

    static func open(
        _ device: any StorageDevice, smallLogBytes: Int = 16 << 10, background: Bool = false
    ) throws(StoreError) -> Database {
        var options = EngineFixture.options(background: background, smallLogBytes: smallLogBytes)
        options.largeValueBytes = largeValueBytes
        return try Database(device: device, path: nil, configuration: EngineFixture.configuration, options: options)
    }

    func finish() throws {
        try reopen(kill: false)
        try database.close()
    }

    func step() throws {
        switch number(100) {
        case 0..<25: try writeOnce()
        case 25..<40: try readOnce()
        case 40..<46: snapshots.append((try database.snapshot(), model.newest))
        case 46..<52: closeSnapshot()
        case 52..<56: try openIterator()
        case 56..<64: try useIterator()
        case 64..<68: if transactions.count < 4 { try begin() }
        case 68..<85: try useTransaction()
        case 85..<92: try endTransaction()
        case 92..<97: try database.flush()
        case 97: try reopen(kill: true)
        case 98: try reopen(kill: false)
        default: try compareAll()
        }
        try audit()
    }

    // MARK: Choices

    private func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    private func key() -> [UInt8] { Array("k\(number(30))".utf8) }

    private func value() -> [UInt8] {
        let count = [number(100), 600, 601, 4072, 4073, number(20_000), 66_000][number(7)]
        return [UInt8](repeating: UInt8(number(256)), count: count) + Array("\(model.newest)".utf8)
    }

    private func write(_ transaction: Transaction, _ writes: inout ModelDatabase.Writes) throws {
        let key = key()
        if number(5) == 0 {
            try transaction.delete(key)
            writes[key] = .some(nil)
        } else {
            let value = value()
            try transaction.put(key, value)
            writes[key] = value
        }
    }

    // MARK: Operations

    private func writeOnce() throws {
        var writes: ModelDatabase.Writes = [:]
        try database.write(durability: number(2) == 0 ? .sync : .buffered) { t in
            for _ in 0..<1 + number(6) { try write(t, &writes) }
        }
        model.commit(writes)
    }

    private func readOnce() throws {
        let key = key()
        if !snapshots.isEmpty, number(3) > 0 {
            let chosen = snapshots[number(snapshots.count)]
            try compare(chosen.snapshot, key, at: chosen.commit, own: [:])
        } else {
            try database.read { try compare($0, key, at: model.newest, own: [:]) }
        }
    }

    private func closeSnapshot() {
        guard !snapshots.isEmpty else { return }
        snapshots.remove(at: number(snapshots.count)).snapshot.close()
    }

    /// An iterator that outlives its snapshot.
    private func openIterator() throws {
        guard iterators.count < 3 else { return }
        let snapshot = try database.snapshot()
        iterators.append((snapshot.scan().makeIterator(), model.entries(at: model.newest)[...]))
        snapshot.close()
    }

    private func useIterator() throws {
        guard !iterators.isEmpty else { return }
        let index = number(iterators.count)
        for _ in 0..<number(12) {
            let expected = iterators[index].left.popFirst()
            guard iterators[index].iterator.next() == expected else {
                throw ModelMismatch(
                    description: "an iterator does not show \(expected.map { "\($0.key)" } ?? "its end")")
            }
            guard expected != nil else {
                iterators.remove(at: index)
                return
            }
        }
    }

    private func begin() throws {
        transactions.append(OpenTransaction(transaction: try database.begin(.snapshot), start: model.newest))
    }

    private func useTransaction() throws {
        guard !transactions.isEmpty else { return }
        let index = number(transactions.count)
        let chosen = transactions[index]
        switch number(10) {
        case 0..<6: try write(chosen.transaction, &transactions[index].writes)
        case 6..<8: try compare(chosen.transaction, key(), at: chosen.start, own: chosen.writes)
        default: try rewrite(index)
        }
    }

    /// Writes over what the transaction has written while it looks at it.
    private func rewrite(_ index: Int) throws {
        let chosen = transactions[index]
        let expected = model.entries(at: chosen.start, own: chosen.writes)
        var found: [Entry] = []
        for entry in chosen.transaction.scan() {
            found.append(entry)
            if number(4) == 0 { try write(chosen.transaction, &transactions[index].writes) }
        }
        guard found == expected else { throw ModelMismatch(description: "a scan was disturbed by later writes") }
    }

    private func endTransaction() throws {
        guard !transactions.isEmpty else { return }
        let chosen = transactions.remove(at: number(transactions.count))
        if number(3) == 0 {
            chosen.transaction.rollback()
            return
        }
        let mustConflict = model.hasChange(of: chosen.writes.keys, after: chosen.start)
        let code = EngineFixture.code { _ = try chosen.transaction.commit() }
        guard code == (mustConflict ? .conflict : nil) else {
            throw ModelMismatch(
                description: "a commit ended with \(String(describing: code)), conflict expected: \(mustConflict)")
        }
        if mustConflict { conflicts += 1 } else { model.commit(chosen.writes) }
    }

    private func reopen(kill: Bool) throws {
        compactions += try database.statistics.compaction.count
        snapshots.removeAll()
        iterators.removeAll()
        let killed = kill ? try EngineFixture.copy(device) : device
        // Some transactions are still open when the store is closed, and end afterwards.
        try database.close()
        transactions.removeAll()
        device = killed
        database = try Self.open(device, smallLogBytes: number(2) == 0 ? 16 << 10 : 1 << 20)
        let (length, end) = (try device.length(), database.engine.file.allocator.end)
        guard kill || length == end else {
            throw ModelMismatch(description: "closed, the file has \(length) bytes, its extents end at \(end)")
        }
        try compareAll()
    }

    // MARK: Comparing

    private func compare(
        _ source: some Readable, _ key: [UInt8], at commit: Int, own: ModelDatabase.Writes
    ) throws {
        let expected = own[key] ?? model.get(key, at: commit)
        let found =
            number(2) == 0
            ? try source.get(key) : try source.withValue(key) { value in value.withUnsafeBytes { [UInt8]($0) } }
        guard found == expected else {
            throw ModelMismatch(
                description: "\(key) at \(commit) has \(found?.count ?? -1) bytes, not \(expected?.count ?? -1)")
        }
    }

    private func compareAll() throws {
        guard try EngineFixture.contents(database) == model.entries(at: model.newest) else {
            throw ModelMismatch(description: "the contents are not the model's at \(model.newest)")
        }
    }

    private func audit() throws {
        let findings =
            ExtentAudit.findings(in: database.engine)
            + LargeValueAudit.findings(in: database.engine, hasOpenTransactions: !transactions.isEmpty)
        guard findings.isEmpty else { throw ModelMismatch(description: "\(findings)") }
    }
}

/// Compares who owns large values with who refers to them.
enum LargeValueAudit {
    static func findings(in engine: Engine, hasOpenTransactions: Bool) -> [String] {
        var findings: [String] = []
        for table in engine.versions.current.tables {
            var named: [FileRange] = []
            var cursor = table.versions()
            do {
                try cursor.seekToFirst()
                while cursor.isValid {
                    if cursor.entry.kind == .largeValue {
                        named.append(LargeValueReference(verified: cursor.entry.value).extent)
                    }
                    try cursor.next()
                }
            } catch {
                findings.append("\(error)")
            }
            if named.sorted(by: { $0.offset < $1.offset }) != table.descriptor.largeValues {
                findings.append("table \(table.descriptor.id) does not own the values that it names")
            }
        }
        // Every reference that a commit put into a memtable is pending, and nothing else but open transactions'.
        var named: Set<FileRange> = []
        for memtable in engine.currentView().memtables {
            named.formUnion(memtable.largeValues)
        }
        let pending = Set(engine.file.allocator.pendingRanges)
        if !named.isSubset(of: pending) { findings.append("a memtable names a value that is not pending") }
        if !hasOpenTransactions, named != pending { findings.append("a value is pending that nobody names") }
        return findings
    }
}

extension ModelDatabase {
    func entries(at commit: Int, own: Writes = [:]) -> [Entry] {
        scan(from: [], upTo: nil, reverse: false, limit: .max, at: commit, own: own).map {
            Entry(key: $0.key, value: $0.value)
        }
    }
}

extension Memtable {
    /// The extents of all large values: those of the newest versions, then of the newest before the newest of these.
    fileprivate var largeValues: Set<FileRange> {
        var found: Set<FileRange> = []
        var limit: UInt64? = .max - 1
        while let timestamp = limit {
            limit = nil
            var cursor = cursor(at: Timestamp(rawValue: timestamp))
            cursor.seekToFirst()
            while cursor.isValid {
                limit = max(limit ?? 0, cursor.entry.timestamp.rawValue - 1)
                if cursor.entry.kind == .largeValue {
                    found.insert(LargeValueReference(verified: cursor.entry.value).extent)
                }
                cursor.next()
            }
        }
        return found
    }
}
