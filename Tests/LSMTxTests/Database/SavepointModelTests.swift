import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

#if DEBUG
private let seeds: ClosedRange<UInt64> = 1...24
private let transactions = 25
#else
private let seeds: ClosedRange<UInt64> = 1...300
private let transactions = 100
#endif

/// Transactions with savepoints over a store with large values, against a dictionary that is copied for each savepoint.
@Suite struct SavepointModelTests {
    @Test(arguments: seeds)
    func everyTransactionGoesLikeACopiedDictionary(seed: UInt64) throws {
        let run = try SavepointRun(seed: seed)
        for number in 0..<transactions { try run.transaction(number) }
        try run.end()
    }
}

private final class SavepointRun {
    typealias Model = [[UInt8]: [UInt8]]

    private struct Held {
        var iterator: Scan.Iterator
        var expected: [[UInt8]]
    }

    private struct Failure: Error {}

    private let seed: UInt64
    private var random: SeededGenerator
    private var device = MemoryDevice()
    private var database: Database
    private var model: Model = [:]
    /// Of the running transaction.
    private var own: Model = [:]
    private var savepoints: [(savepoint: Savepoint, model: Model)] = []
    private var held: [Held] = []
    private var place = ""

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        try EngineFixture.format(device)
        database = try Self.open(device)
    }

    private static func open(_ device: MemoryDevice) throws -> Database {
        var options = EngineFixture.options()
        options.largeValueBytes = 600
        return try EngineFixture.open(device, options)
    }

    private func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
    private func key() -> [UInt8] { Array("\(number(0..<30))".utf8) }
    private func range() -> KeyRange { KeyRange(from: key(), upTo: number(0..<8) == 0 ? nil : key()) }

    // MARK: One transaction

    func transaction(_ number: Int) throws {
        place = "seed \(seed), transaction \(number)"
        var t: Transaction? = try database.begin(.snapshot)
        own = model
        savepoints = []
        if let t { try steps(t, count: self.number(1..<40), depth: 0) }
        switch self.number(0..<6) {
        case 0: t?.rollback()
        case 1: held = []
        case 2:
            // The other one is first.
            let key = key()
            try t?.put(key, "lost")
            try database.write { try $0.put(key, "won") }
            model[key] = Array("won".utf8)
            #expect(EngineFixture.code { try t?.commit() } == .conflict, "\(place)")
        default:
            try t?.commit()
            model = own
        }
        held = []
        savepoints = []
        t = nil
        try compare()
        if self.number(0..<5) == 0 { try reopen() }
    }

    private func steps(_ t: Transaction, count: Int, depth: Int) throws {
        for _ in 0..<count {
            switch number(0..<24) {
            case 0..<8:
                let key = key()
                let value = [UInt8](
                    repeating: UInt8(number(0..<256)), count: [3, 40, 599, 601, 3_000, 9_000][number(0..<6)])
                try t.put(key, value)
                own[key] = value
            case 8, 9:
                let key = key()
                try t.delete(key)
                own[key] = nil
            case 10, 11:
                let range = range()
                try t.deleteRange(range)
                own = own.filter { !range.contains($0.key) }
            case 12, 13, 14: savepoints.append((try t.savepoint(), own))
            case 15, 16:
                guard let index = savepoints.indices.randomElement(using: &random) else { continue }
                try t.rollback(to: savepoints[index].savepoint)
                own = savepoints[index].model
                savepoints.removeSubrange((index + 1)...)
            case 17:
                guard let index = savepoints.indices.randomElement(using: &random) else { continue }
                try t.release(savepoints[index].savepoint)
                savepoints.removeSubrange(index...)
            case 18 where depth < 3: try closure(t, depth: depth)
            case 19:
                let expected = sorted(own, .all).map(\.value)
                held.append(Held(iterator: t.scan().makeIterator(), expected: expected.reversed()))
            case 20, 21: try advance()
            default: try read(t)
            }
        }
    }

    private func closure(_ t: Transaction, depth: Int) throws {
        let before = own
        let outer = savepoints
        savepoints = []
        let fails = Bool.random(using: &random)
        do {
            try t.savepoint {
                try steps(t, count: number(0..<10), depth: depth + 1)
                if fails { throw Failure() }
            }
        } catch is Failure {
            own = before
        }
        savepoints = outer
    }

    private func advance() throws {
        guard let index = held.indices.randomElement(using: &random) else { return }
        for _ in 0..<number(1..<20) {
            let expected = held[index].expected.popLast()
            guard held[index].iterator.next()?.value == expected else {
                throw mismatch("an open scan shows another value")
            }
            guard expected != nil else {
                held.remove(at: index)
                return
            }
        }
    }

    private func read(_ t: Transaction) throws {
        let key = key()
        guard try t.get(key) == own[key] else { throw mismatch("\(key)") }
        let range = range()
        let reverse = Bool.random(using: &random)
        let expected = sorted(own, range)
        let shown = Array(t.scan(range, reverse: reverse)).map { ($0.key, $0.value) }
        guard shown.elementsEqual(reverse ? expected.reversed() : expected, by: ==) else { throw mismatch("\(range)") }
    }

    // MARK: Comparing

    private func mismatch(_ what: String) -> ModelMismatch { ModelMismatch(description: "\(place): \(what)") }

    private func sorted(_ model: Model, _ range: KeyRange) -> [(key: [UInt8], value: [UInt8])] {
        model.filter { range.contains($0.key) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { (key: $0.key, value: $0.value) }
    }

    private func compare() throws {
        let found = try EngineFixture.contents(database).map { ($0.key, $0.value) }
        guard found.elementsEqual(sorted(model, .all), by: ==) else { throw mismatch("the store has other entries") }
        let findings =
            ExtentAudit.findings(in: database.engine)
            + LargeValueAudit.findings(in: database.engine, hasOpenTransactions: false)
        guard findings.isEmpty else { throw mismatch("\(findings)") }
    }

    /// As after a crash or a close: the log and the tables say the same.
    private func reopen() throws {
        let isClean = Bool.random(using: &random)
        let copy = isClean ? nil : try EngineFixture.copy(device)
        try database.close()
        device = copy ?? device
        database = try Self.open(device)
        try compare()
    }

    func end() throws {
        try reopen()
        guard try database.check().findings.isEmpty else { throw mismatch("the check has findings") }
        try database.close()
    }
}
