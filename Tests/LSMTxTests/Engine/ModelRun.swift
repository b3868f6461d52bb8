import LSMTx
import LSMTxTestSupport

/// The engine's answer was not the model's.
struct ModelMismatch: Error, CustomStringConvertible {
    let description: String
}

/// One run of random operations; every answer is compared.
final class ModelRun {
    private struct OpenTransaction {
        let transaction: Transaction
        let start: Int
        var writes: ModelDatabase.Writes = [:]
    }

    private var random: SeededGenerator
    private let background: Bool
    private var device: MemoryDevice
    private var database: Database
    private var model = ModelDatabase()
    private var snapshots: [(snapshot: Snapshot, commit: Int)] = []
    private var transactions: [OpenTransaction] = []
    private let longKeys: [[UInt8]]
    /// How many compactions there were.
    private(set) var compactions: UInt64 = 0

    init(seed: UInt64, background: Bool) throws {
        random = SeededGenerator(seed: seed)
        self.background = background
        (device, database) = try EngineFixture.newStore(background: background)
        longKeys = [(1_000, UInt8(0x6b)), (20_000, 0x6b), (65_535, 0xff)].map { count, byte in
            [UInt8](repeating: byte, count: count)
        }
    }

    func finish() throws {
        try reopen(kill: false)
        try compareAll()
        try database.close()
    }

    func step() throws {
        switch number(10_000) {
        case 0..<3_500: try writeOnce()
        case 3_500..<5_500: try readOnce()
        case 5_500..<6_000: try scanOnce()
        case 6_000..<6_300: snapshots.append((try database.snapshot(), model.newest))
        case 6_300..<6_600: closeSnapshot()
        case 6_600..<7_000: try beginTransaction()
        case 7_000..<9_300: try useTransaction()
        case 9_300..<9_980: try endTransaction()
        case 9_980..<9_990: try database.flush()
        case 9_990..<9_994: try reopen(kill: false)
        case 9_994..<9_998: try reopen(kill: true)
        default: try compareAll()
        }
    }

    // MARK: Choices

    private func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    private func key() -> [UInt8] {
        switch number(400) {
        case 0: return []
        case 1: return longKeys[number(longKeys.count)]
        case 2..<20: return (0..<number(6)).map { _ in [0, 1, 0x6b, 0xff][number(4)] }
        default: return Array("k\(number(400))".utf8)
        }
    }

    private func value() -> [UInt8] {
        let count =
            switch number(3_000) {
            case 0: number(200_000)
            case 1..<40: number(5_000)
            case 40..<300: 0
            default: number(60)
            }
        return [UInt8](repeating: UInt8(number(256)), count: count) + Array("\(model.newest)".utf8.prefix(count))
    }

    private func write(_ transaction: Transaction, _ writes: inout ModelDatabase.Writes) throws {
        let key = key()
        if number(4) == 0 {
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
        let durability: Durability = number(3) == 0 ? .sync : .buffered
        var writes: ModelDatabase.Writes = [:]
        try database.write(durability: durability) { t in
            for _ in 0..<1 + number(4) { try write(t, &writes) }
        }
        model.commit(writes)
    }

    /// A snapshot that is open, or one of the present.
    private func withSnapshot(_ body: (Snapshot, Int) throws -> Void) throws {
        if !snapshots.isEmpty, number(2) == 0 {
            let chosen = snapshots[number(snapshots.count)]
            try body(chosen.snapshot, chosen.commit)
        } else {
            try database.read { try body($0, model.newest) }
        }
    }

    private func readOnce() throws {
        let key = key()
        try withSnapshot { snapshot, commit in try compare(snapshot, key, at: commit, own: [:]) }
    }

    private func scanOnce() throws {
        try withSnapshot { snapshot, commit in try compareScan(snapshot, at: commit, own: [:]) }
    }

    private func closeSnapshot() {
        guard !snapshots.isEmpty else { return }
        snapshots.remove(at: number(snapshots.count)).snapshot.close()
    }

    private func beginTransaction() throws {
        guard transactions.count < 4 else { return }
        transactions.append(OpenTransaction(transaction: try database.begin(), start: model.newest))
    }

    private func useTransaction() throws {
        guard !transactions.isEmpty else { return }
        let index = number(transactions.count)
        let chosen = transactions[index]
        switch number(10) {
        case 0..<5: try write(chosen.transaction, &transactions[index].writes)
        case 5..<8: try compare(chosen.transaction, key(), at: chosen.start, own: chosen.writes)
        default: try compareScan(chosen.transaction, at: chosen.start, own: chosen.writes)
        }
    }

    private func endTransaction() throws {
        guard !transactions.isEmpty else { return }
        let chosen = transactions.remove(at: number(transactions.count))
        if number(5) == 0 {
            chosen.transaction.rollback()
            return
        }
        let mustConflict = model.hasChange(of: chosen.writes.keys, after: chosen.start)
        let code = EngineFixture.code {
            _ = try chosen.transaction.commit(durability: number(3) == 0 ? .sync : .buffered)
        }
        guard code == (mustConflict ? .conflict : nil) else {
            throw ModelMismatch(
                description: "a commit ended with \(String(describing: code)), conflict expected: \(mustConflict)")
        }
        if !mustConflict { model.commit(chosen.writes) }
    }

    private func reopen(kill: Bool) throws {
        compactions += try database.statistics.compaction.count
        snapshots.removeAll()
        transactions.removeAll()
        if kill {
            let killed = try EngineFixture.copy(device)
            try database.close()
            device = killed
        } else {
            try database.close()
        }
        database = try EngineFixture.open(
            device, background: background, smallLogBytes: number(2) == 0 ? 16 << 10 : 1 << 20)
        // A clean close leaves nothing behind the last extent in use.
        let (length, end) = (try device.length(), database.engine.file.allocator.end)
        guard kill || length == end else {
            throw ModelMismatch(description: "closed, the file has \(length) bytes, its extents end at \(end)")
        }
        try compareAll()
        if !background { try audit() }
    }

    // MARK: Comparing

    private func audit() throws {
        let findings = ExtentAudit.findings(in: database.engine)
        guard findings.isEmpty else { throw ModelMismatch(description: "\(findings)") }
    }

    private func compare(
        _ source: some Readable, _ key: [UInt8], at commit: Int, own: ModelDatabase.Writes
    ) throws {
        let expected = own[key] ?? model.get(key, at: commit)
        let found = try source.get(key)
        guard found == expected else {
            throw ModelMismatch(
                description: "\(KeyRange.escaped(key.prefix(40))) at \(commit) has \(found?.count ?? -1) bytes, "
                    + "not \(expected?.count ?? -1)")
        }
    }

    private func compareScan(_ source: some Readable, at commit: Int, own: ModelDatabase.Writes) throws {
        var range = KeyRange.all
        switch number(20) {
        case 0: break
        case 1..<12: range = KeyRange(from: key(), upTo: key())
        case 12..<16: range = KeyRange(prefix: key())
        case 16..<18: range = KeyRange(from: key())
        default: range = KeyRange(upTo: key())
        }
        let reverse = number(2) == 0
        let limit: Int? = number(8) == 0 ? nil : number(12)
        let expected = model.scan(
            from: range.lowerBound, upTo: range.upperBound, reverse: reverse, limit: limit ?? .max, at: commit, own: own
        )
        var found: [Entry] = []
        if number(2) == 0 {
            found = Array(source.scan(range, reverse: reverse, limit: limit))
        } else if limit != 0 {
            try source.forEach(range, reverse: reverse) { key, value in
                found.append(
                    Entry(key: key.withUnsafeBytes { [UInt8]($0) }, value: value.withUnsafeBytes { [UInt8]($0) }))
                return limit.map { found.count < $0 } ?? true
            }
        }
        try compare(found, expected, "\(range) reverse \(reverse) limit \(limit ?? -1) at \(commit)")
    }

    private func compare(_ found: [Entry], _ expected: [(key: [UInt8], value: [UInt8])], _ what: String) throws {
        for (index, entry) in found.enumerated() where index < expected.count {
            guard entry.key == expected[index].key, entry.value == expected[index].value else {
                throw ModelMismatch(
                    description: "\(what.prefix(200)): entry \(index) is \(KeyRange.escaped(entry.key.prefix(40))), "
                        + "not \(KeyRange.escaped(expected[index].key.prefix(40))), or has another value")
            }
        }
        guard found.count == expected.count else {
            throw ModelMismatch(description: "\(what.prefix(200)): \(found.count) entries, not \(expected.count)")
        }
    }

    private func compareAll() throws {
        try compare(try EngineFixture.contents(database), model.scan(at: model.newest), "everything")
    }
}
