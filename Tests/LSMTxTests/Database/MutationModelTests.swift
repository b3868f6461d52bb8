import LSMTxSimulation
import Testing

@testable import LSMTx

#if DEBUG
private let seeds: ClosedRange<UInt64> = 1...12
private let steps = 1200
#else
private let seeds: ClosedRange<UInt64> = 1...120
private let steps = 2500
#endif

/// Several transactions at a time, of all levels, with mutations, savepoints, flushes and reopening, against a model in which
/// each commit makes its writes one after the other on what is there then.
@Suite struct MutationModelTests {
    @Test(arguments: seeds)
    func everyHistoryIsThatOfTheCommitsOneAfterTheOther(seed: UInt64) throws {
        let run = try MutationRun(seed: seed)
        for step in 0..<steps { try run.step(step) }
        try run.reopen(isClean: true)
        #expect(try run.database.check().findings.isEmpty, "seed \(seed)")
        #expect(run.conflicts > 0 && run.committed > 30, "seed \(seed)")
        try run.database.close()
    }
}

private final class MutationRun {
    typealias Model = [[UInt8]: [UInt8]]

    private struct Open {
        let transaction: Transaction
        /// What it began with.
        let model: Model
        /// How many changes there were.
        let changes: Int
        var steps: [MutationStep] = []
        var savepoints: [(savepoint: Savepoint, steps: Int)] = []
    }

    private let seed: UInt64
    private var random: SeededGenerator
    private var device = MemoryDevice()
    private(set) var database: Database
    private var model: Model = [:]
    private var open: [Open] = []
    /// What each commit has changed, one key or a range at a time.
    private var changes: [KeyRange] = []
    private(set) var committed = 0
    private(set) var conflicts = 0
    private var place = ""

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        try EngineFixture.format(device)
        database = try Self.open(device)
    }

    private static func open(_ device: MemoryDevice) throws -> Database {
        var options = EngineFixture.options()
        options.largeValueBytes = 500
        return try EngineFixture.open(device, options)
    }

    private func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
    private func key() -> [UInt8] { Array("\(number(0..<14))".utf8) }
    private func range() -> KeyRange { KeyRange(from: key(), upTo: number(0..<6) == 0 ? nil : key()) }
    private func bytes() -> [UInt8] {
        let limit = [4, 10, 60, 1200][number(0..<4)]
        return (0..<number(0..<limit)).map { _ in UInt8(number(0..<256)) }
    }

    func step(_ step: Int) throws {
        place = "seed \(seed), step \(step)"
        switch number(0..<24) {
        case 0..<3:
            guard open.count < 4 else { return }
            let isolation = Isolation.allCases[number(0..<3)]
            open.append(Open(transaction: try database.begin(isolation), model: model, changes: changes.count))
        case 3..<15: try write()
        case 15, 16: try read()
        case 17: try markOrUndo()
        case 18..<21: try end()
        case 21: try database.flush()
        case 22 where number(0..<5) == 0: try reopen(isClean: Bool.random(using: &random))
        default: try compare(database)
        }
    }

    // MARK: One transaction

    private func mutation() -> Mutation {
        switch number(0..<9) {
        case 0, 1: .add([1, -1, .max, Int64(number(0..<1000))][number(0..<4)])
        case 2: .min(Int64(number(-99..<99)))
        case 3: .max(Int64(number(-99..<99)))
        case 4: .and(bytes())
        case 5: .or(bytes())
        case 6: .xor(bytes())
        case 7: .setIfAbsent(bytes())
        default: .versionstamped([UInt8](repeating: 1, count: 13), at: number(0..<4))
        }
    }

    private func write() throws {
        guard !open.isEmpty else { return }
        let index = number(0..<open.count)
        let step: MutationStep =
            switch number(0..<12) {
            case 0: .put(key(), bytes())
            case 1: .delete(key())
            case 2: .deleteRange(range())
            case 3: .putStamped(key() + [UInt8](repeating: 2, count: 10 + number(0..<2)), at: number(0..<2), bytes())
            default: .mutate(key(), mutation())
            }
        if case .deleteRange(let range) = step, range.isEmpty { return }
        try step.make(in: open[index].transaction)
        open[index].steps.append(step)
    }

    private func markOrUndo() throws {
        guard !open.isEmpty else { return }
        let index = number(0..<open.count)
        let transaction = open[index].transaction
        if number(0..<2) == 0 {
            open[index].savepoints.append((try transaction.savepoint(), open[index].steps.count))
        } else if let last = open[index].savepoints.indices.randomElement(using: &random) {
            let mark = open[index].savepoints[last]
            if number(0..<4) == 0 {
                try transaction.release(mark.savepoint)
                open[index].savepoints.removeSubrange(last...)
            } else {
                try transaction.rollback(to: mark.savepoint)
                open[index].savepoints.removeSubrange((last + 1)...)
                open[index].steps.removeSubrange(mark.steps...)
            }
        }
    }

    /// Own reads: the steps on what the transaction began with, or at read committed on what there is now.
    private func read() throws {
        guard let chosen = open.randomElement(using: &random) else { return }
        let transaction = chosen.transaction
        var expected = transaction.isolation == .readCommitted ? model : chosen.model
        var stamped: Set<[UInt8]> = []
        for step in chosen.steps {
            step.make(in: &expected, stamp: nil)
            switch step {
            case .mutate(let key, .versionstamped): stamped.insert(key)
            case .put(let key, _), .delete(let key): stamped.remove(key)
            case .deleteRange(let range): stamped = stamped.filter { !range.contains($0) }
            default: break
            }
        }
        // What is read without being guarded cannot make the commit fail.
        let reads = transaction.unguarded
        for key in (0..<14).map({ Array("\($0)".utf8) }) {
            if stamped.contains(key) {
                #expect(EngineFixture.code { _ = try reads.get(key) } == .misuse, "\(place)")
            } else {
                #expect(try reads.get(key) == expected[key], "\(place): \(key), \(chosen.steps)")
            }
        }
        let range = range()
        let reverse = Bool.random(using: &random)
        var found: [Entry] = []
        let code = EngineFixture.code {
            try reads.forEach(range, reverse: reverse) { key, value in
                found.append(
                    Entry(key: key.withUnsafeBytes { [UInt8]($0) }, value: value.withUnsafeBytes { [UInt8]($0) }))
                return true
            }
        }
        if stamped.contains(where: { range.contains($0) }) {
            #expect(code == .misuse, "\(place)")
        } else {
            let sorted = Self.sorted(expected.filter { range.contains($0.key) })
            #expect(code == nil && found == (reverse ? sorted.reversed() : sorted), "\(place): \(range)")
        }
    }

    private static func sorted(_ model: Model) -> [Entry] {
        model.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { Entry(key: $0.key, value: $0.value) }
    }

    // MARK: Ending

    private func end() throws {
        guard !open.isEmpty else { return }
        let chosen = open.remove(at: number(0..<open.count))
        if number(0..<8) == 0 { return chosen.transaction.rollback() }
        let transaction = chosen.transaction
        // A scan that is open must be left alone.
        let iterator = number(0..<4) == 0 ? transaction.unguarded.scan(.all).makeIterator() : nil
        let mustFail = transaction.isolation == .snapshot && isLate(chosen)
        do {
            let timestamp = try transaction.commit(durability: .buffered)
            #expect(!mustFail, "\(place): \(chosen.steps)")
            apply(chosen.steps, timestamp)
            committed += 1
        } catch {
            #expect(mustFail && error.code == .conflict, "\(place): \(error), \(chosen.steps)")
            conflicts += 1
        }
        if var iterator { while iterator.next() != nil {} }
        if number(0..<3) == 0 { try compare(database) }
    }

    /// Whether another has changed something that it writes plainly: not by a mutation of what others have committed.
    private func isLate(_ chosen: Open) -> Bool {
        var written: [KeyRange] = []
        var known: Set<[UInt8]> = []
        var pending: Set<[UInt8]> = []
        var deleted: [KeyRange] = []
        for step in chosen.steps {
            switch step {
            case .put(let key, _), .delete(let key):
                known.insert(key)
                pending.remove(key)
                written.append(Self.single(key))
            case .mutate(let key, .versionstamped):
                pending.insert(key)
            case .mutate(let key, _) where !pending.contains(key):
                // Carried out at once, it is a write as any other, in a range that is written or for a key that is.
                if !known.contains(key), !deleted.contains(where: { $0.contains(key) }) { pending.insert(key) }
            case .mutate, .putStamped: break
            case .deleteRange(let range):
                written = written.filter { !range.contains($0.lowerBound) || $0.upperBound != $0.lowerBound + [0] }
                known = known.filter { !range.contains($0) }
                pending = pending.filter { !range.contains($0) }
                deleted.append(range)
                written.append(range)
            }
        }
        let later = changes[chosen.changes...]
        return written.contains { range in later.contains { Self.overlap(range, $0) } }
    }

    private static func single(_ key: [UInt8]) -> KeyRange { KeyRange(from: key, upTo: key + [0]) }

    private static func overlap(_ a: KeyRange, _ b: KeyRange) -> Bool {
        func begins(_ range: KeyRange, beforeTheEndOf other: KeyRange) -> Bool {
            other.upperBound.map { range.lowerBound.lexicographicallyPrecedes($0) } ?? true
        }
        return begins(a, beforeTheEndOf: b) && begins(b, beforeTheEndOf: a)
    }

    private func apply(_ steps: [MutationStep], _ timestamp: Timestamp) {
        let stamp = timestamp.versionstamp
        var changed: [KeyRange] = []
        for step in steps {
            switch step {
            case .put(let key, _), .delete(let key): changed.append(Self.single(key))
            case .mutate(let key, .setIfAbsent) where model[key] != nil: break
            case .mutate(let key, _): changed.append(Self.single(key))
            case .putStamped(let key, let offset, _):
                changed.append(Self.single(MutationModel.stamped(key, offset, stamp)))
            case .deleteRange(let range): changed.append(range)
            }
            step.make(in: &model, stamp: stamp)
        }
        changes += changed
    }

    // MARK: The whole

    private func compare(_ database: Database) throws {
        try database.read { snapshot in
            #expect(Array(snapshot.scan()) == Self.sorted(model), "\(place)")
            let key = key()
            let value = try snapshot.get(key)
            #expect(value == model[key], "\(place)")
        }
    }

    func reopen(isClean: Bool) throws {
        for one in open { one.transaction.rollback() }
        open = []
        let findings = LargeValueAudit.findings(in: database.engine, hasOpenTransactions: false)
        #expect(findings == [], "\(place)")
        let found = isClean ? device : try EngineFixture.copy(device)
        try database.close()
        device = found
        database = try Self.open(device)
        try compare(database)
    }
}
