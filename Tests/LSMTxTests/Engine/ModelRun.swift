import LSMTx
import LSMTxSimulation
import LSMTxTestSupport

/// The engine's answer was not the model's.
struct ModelMismatch: Error, CustomStringConvertible {
    let description: String
}

/// One run of random operations; every answer is compared.
///
/// Commits are numbered in the model; ``timestamps`` says which timestamp the engine gave each.
final class ModelRun {
    struct OpenTransaction {
        let transaction: Transaction
        let start: Int
        var writes: ModelWrites = [:]
        /// What was read and not written before, as if it were deleted: what a commit rests on at serializable.
        var reads: ModelWrites = [:]

        /// The commit whose state it reads now.
        func commit(newest: Int) -> Int { transaction.isolation == .readCommitted ? newest : start }

        mutating func note(_ consumed: KeyRange?) {
            guard let consumed else { return }
            reads.delete(ModelWrites.Range(lower: consumed.lowerBound, upper: consumed.upperBound))
        }

        /// What must not have changed.
        var restsOn: ModelWrites {
            switch transaction.isolation {
            case .readCommitted: [:]
            case .snapshot: writes
            case .serializable: reads
            }
        }
    }

    /// What of the engine has to be seen at work, or the run shows nothing.
    struct Work {
        var compactions: UInt64 = 0
        var rangeDeletes = 0
        var largeValues = 0
        var travels = 0
        var refusedTravels = 0
        var namedReads = 0
    }

    private var random: SeededGenerator
    private let background: Bool
    private var device: MemoryDevice
    private(set) var database: Database
    private(set) var model = ModelDatabase()
    /// By commit number; the empty database is 0.
    private(set) var timestamps: [Timestamp] = [.zero]
    private var snapshots: [(snapshot: Snapshot, commit: Int)] = []
    private var transactions: [OpenTransaction] = []
    /// Named snapshots, and the commit that each shows.
    var named: [String: Int] = [:]
    /// How many of the newest commits can be read at, beside the newest; `nil` for all.
    var retainedCommits: UInt64?
    /// Commits before this one may be gone: a retention that was shorter for a while need not have kept them.
    var travelLimit = 0
    private let longKeys: [[UInt8]]
    var work = Work()

    init(seed: UInt64, background: Bool) throws {
        random = SeededGenerator(seed: seed)
        self.background = background
        device = MemoryDevice()
        try EngineFixture.format(device)
        database = try EngineFixture.openWithPast(device, background: background)
        longKeys = [(1_000, UInt8(0x6b)), (20_000, 0x6b), (65_535, 0xff)].map { count, byte in
            [UInt8](repeating: byte, count: count)
        }
        try changeRetention()
    }

    func finish() throws {
        try reopen(kill: false)
        try compareAll()
        try database.close()
    }

    func step() throws {
        switch number(10_000) {
        case 0..<3_500: try writeOnce()
        case 3_500..<5_300: try readOnce()
        case 5_300..<5_800: try scanOnce()
        case 5_800..<6_000: try travelOnce()
        case 6_000..<6_300: snapshots.append((try database.snapshot(), model.newest))
        case 6_300..<6_600: closeSnapshot()
        case 6_600..<7_000: try beginTransaction()
        case 7_000..<9_300: try useTransaction()
        case 9_300..<9_900: try endTransaction()
        case 9_900..<9_920: try createNamed()
        case 9_920..<9_938: try dropNamed()
        case 9_938..<9_968: try compareHistory()
        case 9_968..<9_972: try changeRetention()
        case 9_972..<9_976: try compactOrSettle()
        case 9_976..<9_986: try database.flush()
        case 9_986..<9_991: try reopen(kill: false)
        case 9_991..<9_996: try reopen(kill: true)
        default: try compareAll()
        }
    }

    // MARK: Choices

    func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    func key() -> [UInt8] {
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
        if count > 3_000 { work.largeValues += 1 }
        return [UInt8](repeating: UInt8(number(256)), count: count) + Array("\(model.newest)".utf8.prefix(count))
    }

    func range() -> KeyRange {
        switch number(20) {
        case 0: KeyRange.all
        case 1..<12: KeyRange(from: key(), upTo: key())
        case 12..<16: KeyRange(prefix: key())
        case 16..<18: KeyRange(from: key())
        default: KeyRange(upTo: key())
        }
    }

    private func write(_ transaction: Transaction, _ writes: inout ModelWrites) throws {
        switch number(160) {
        case 0:
            // Most are narrow, or nothing would ever be there.
            let lower = key()
            let range = number(8) == 0 ? range() : KeyRange(from: lower, upTo: lower + [UInt8(number(256))])
            try transaction.deleteRange(range)
            writes.delete(ModelWrites.Range(lower: range.lowerBound, upper: range.upperBound))
            work.rangeDeletes += 1
        case 1..<40:
            let key = key()
            try transaction.delete(key)
            writes.delete(key)
        default:
            let (key, value) = (key(), value())
            try transaction.put(key, value)
            writes.put(key, value)
        }
    }

    private func durability() -> Durability { number(3) == 0 ? .sync : .buffered }

    private func commit(_ writes: ModelWrites, at timestamp: Timestamp) throws {
        guard !writes.isEmpty else { return }
        guard timestamp > timestamps[timestamps.count - 1] else {
            throw ModelMismatch(description: "a commit got timestamp \(timestamp), not above \(timestamps.last!)")
        }
        model.commit(writes)
        timestamps.append(timestamp)
    }

    // MARK: Operations

    private func writeOnce() throws {
        let transaction = try database.begin(.snapshot)
        var writes: ModelWrites = [:]
        for _ in 0..<1 + number(4) { try write(transaction, &writes) }
        try commit(writes, at: try transaction.commit(durability: durability()))
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

    /// Keeps a snapshot of the past open among those of the present.
    func keep(_ snapshot: Snapshot, at commit: Int) { snapshots.append((snapshot, commit)) }

    private func beginTransaction() throws {
        guard transactions.count < 4 else { return }
        let isolation = Isolation.allCases[number(Isolation.allCases.count)]
        transactions.append(OpenTransaction(transaction: try database.begin(isolation), start: model.newest))
    }

    private func useTransaction() throws {
        guard !transactions.isEmpty else { return }
        let index = number(transactions.count)
        let chosen = transactions[index]
        switch number(10) {
        case 0..<5: try write(chosen.transaction, &transactions[index].writes)
        case 5..<8:
            let key = key()
            try compare(chosen.transaction, key, at: chosen.commit(newest: model.newest), own: chosen.writes)
            if chosen.writes.own(key) == nil { transactions[index].reads.delete(key) }
        default:
            let consumed = try compareScan(
                chosen.transaction, at: chosen.commit(newest: model.newest), own: chosen.writes)
            transactions[index].note(consumed)
        }
    }

    private func endTransaction() throws {
        guard !transactions.isEmpty else { return }
        let chosen = transactions.remove(at: number(transactions.count))
        if number(5) == 0 {
            chosen.transaction.rollback()
            return
        }
        let mustConflict = !chosen.writes.isEmpty && model.hasChange(of: chosen.restsOn, after: chosen.start)
        var timestamp = Timestamp.zero
        let code = EngineFixture.code { timestamp = try chosen.transaction.commit(durability: durability()) }
        guard code == (mustConflict ? .conflict : nil) else {
            throw ModelMismatch(
                description: "a commit ended with \(String(describing: code)), conflict expected: \(mustConflict)")
        }
        if !mustConflict { try commit(chosen.writes, at: timestamp) }
    }

    /// A background worker settles by itself, and nobody else may while there is one.
    private func compactOrSettle() throws {
        if number(2) == 0 || background { try database.compact() } else { _ = try database.engine.settle() }
    }

    private func reopen(kill: Bool) throws {
        work.compactions += try database.statistics.compaction.count
        noteTravelLimit()
        snapshots.removeAll()
        transactions.removeAll()
        if kill {
            let killed = try EngineFixture.copy(device)
            try database.close()
            device = killed
        } else {
            try database.close()
        }
        database = try EngineFixture.openWithPast(
            device, background: background, smallLogBytes: number(2) == 0 ? 16 << 10 : 1 << 20)
        // A clean close leaves nothing behind the last extent in use.
        let (length, end) = (try device.length(), database.engine.file.allocator.end)
        guard kill || length == end else {
            throw ModelMismatch(description: "closed, the file has \(length) bytes, its extents end at \(end)")
        }
        try compareAll()
        try compareNamed()
        if !background { try audit() }
    }
}
