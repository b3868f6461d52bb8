import LSMTx
import LSMTxSimulation
import Testing

#if DEBUG
private let seeds: ClosedRange<UInt64> = 1...8
private let steps = 250
#else
private let seeds: ClosedRange<UInt64> = 1...60
private let steps = 1500
#endif

/// Writes, deletions of keys and of ranges, snapshots, flushes, compactions and reopening, against dictionaries.
@Suite struct RangeDeletionModelTests {
    @Test(arguments: seeds)
    func everyReadPathAgreesWithAModel(seed: UInt64) throws {
        let run = try RangeDeletionRun(seed: seed)
        for step in 0..<steps { try run.step(step) }
        try run.reopen(cleanly: true)
        try run.check("the end")
        #expect(try run.database.check().findings.isEmpty, "seed \(seed)")
        try run.database.close()
    }
}

/// A store, what it must hold, and what snapshots of it must.
private final class RangeDeletionRun {
    typealias Model = [[UInt8]: [UInt8]]

    private let seed: UInt64
    private var random: SeededGenerator
    private var device: MemoryDevice
    private(set) var database: Database
    private var model: Model = [:]
    private var snapshots: [(snapshot: Snapshot, model: Model)] = []
    private let alphabet: [UInt8]

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        alphabet = seed.isMultiple(of: 2) ? [0, 1, 0x61, 0xff] : Array(0x61...0x66)
        (device, database) = try EngineFixture.newStore()
    }

    private func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    private func key() -> [UInt8] { (0..<number(0..<4)).map { _ in alphabet.randomElement(using: &random) ?? 0 } }

    private func range() -> KeyRange {
        if number(0..<4) == 0 { return KeyRange(prefix: key()) }
        return KeyRange(from: key(), upTo: number(0..<8) == 0 ? nil : key())
    }

    func step(_ step: Int) throws {
        let context = "seed \(seed), step \(step)"
        switch number(0..<20) {
        case 0..<12: try commit(context)
        case 12: snapshots.append((try database.snapshot(), model))
        case 13:
            guard !snapshots.isEmpty else { return }
            snapshots.remove(at: number(0..<snapshots.count)).snapshot.close()
        case 14, 15: try database.flush()
        case 16 where number(0..<3) == 0: try reopen(cleanly: Bool.random(using: &random))
        default: try check(context)
        }
    }

    private func commit(_ context: String) throws {
        var changed = model
        let transaction = try database.begin(.snapshot)
        for _ in 0..<number(1..<12) {
            switch number(0..<10) {
            case 0..<6:
                let key = key()
                let value = Array(
                    repeating: UInt8(number(0..<256)), count: number(0..<(number(0..<9) == 0 ? 3000 : 40)))
                try transaction.put(key, value)
                changed[key] = value
            case 6, 7:
                let key = key()
                try transaction.delete(key)
                changed[key] = nil
            default:
                let range = range()
                try transaction.deleteRange(range)
                changed = changed.filter { !range.contains($0.key) }
            }
            if number(0..<6) == 0 { try Self.compare(transaction, changed, range(), key(), context + ", own writes") }
        }
        guard number(0..<8) > 0 else { return transaction.rollback() }
        try transaction.commit()
        model = changed
    }

    func check(_ context: String) throws {
        try database.read { try Self.compare($0, model, range(), key(), context) }
        for (index, held) in snapshots.enumerated() {
            try Self.compare(held.snapshot, held.model, range(), key(), context + ", snapshot \(index)")
        }
        try database.read { try Self.compare($0, model, .all, [], context) }
    }

    /// Every read path: single keys, scans of both directions, and a cursor that turns round.
    private static func compare(
        _ reader: some Readable, _ model: Model, _ range: KeyRange, _ key: [UInt8], _ context: String
    ) throws {
        #expect(try reader.get(key) == model[key], "\(context): \(key)")
        for known in model.keys.prefix(5) { #expect(try reader.get(known) == model[known], "\(context): \(known)") }
        let expected = model.filter { range.contains($0.key) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        let forward = Array(reader.scan(range, reverse: false, limit: nil))
        #expect(forward.map(\.key) == expected.map(\.key), "\(context): \(range)")
        #expect(forward.map(\.value) == expected.map(\.value), "\(context): \(range)")
        let backward = Array(reader.scan(range, reverse: true, limit: nil))
        #expect(backward.map(\.key) == expected.map(\.key).reversed(), "\(context): \(range) backward")
    }

    func reopen(cleanly: Bool) throws {
        for held in snapshots { held.snapshot.close() }
        snapshots = []
        let found: MemoryDevice
        if cleanly {
            try database.close()
            found = device
        } else {
            found = try EngineFixture.copy(device)
            try database.close()
        }
        device = found
        database = try EngineFixture.open(device)
        try check("seed \(seed), reopened")
    }
}
