import LSMTx
import LSMTxSimulation
import LSMTxTestSupport

/// Large values on a device that may lose power at any moment. Each commit writes its number and two values that say
/// by which commit they were written, so that whatever is left must be the state of one commit, whole.
final class LargeValueCrashRun: @unchecked Sendable {
    // @unchecked: the device calls the hook on the one thread that runs the workload.

    let device = CrashDevice()
    private let seed: UInt64
    private var random: SeededGenerator
    private var choices: SeededGenerator
    private var model = ModelDatabase()
    private var durable = 0
    private var failure: (any Error)?
    private(set) var states = 0

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        choices = SeededGenerator(seed: ~seed)
    }

    func run(commits: Int, pointsOneIn: Int, statesPerPoint: Int) throws {
        try EngineFixture.format(device, seed: seed)
        device.onCrashPoint(everyWrites: 3) { [unowned self] point in
            guard failure == nil, Int.random(in: 0..<pointsOneIn, using: &choices) == 0 else { return }
            do { try check(point, states: statesPerPoint) } catch { failure = error }
        }
        var database = try LargeValueRun.open(device)
        for number in 1...commits {
            try commit(number, to: database)
            if Int.random(in: 0..<12, using: &random) == 0 { try database.flush() }
            if Int.random(in: 0..<40, using: &random) == 0 {
                try database.close()
                durable = model.newest
                database = try LargeValueRun.open(device)
            }
            if let failure { throw failure }
        }
        device.removeHook()
        try database.close()
    }

    private func value(_ number: Int) -> [UInt8] {
        let count = [500, 700, 4_072, 9_000, 70_000][Int.random(in: 0..<5, using: &random)]
        return [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: count)
    }

    private func commit(_ number: Int, to database: Database) throws {
        var writes: ModelDatabase.Writes = [Array("number".utf8): Array("\(number)".utf8)]
        for _ in 0..<2 { writes[Array("k\(Int.random(in: 0..<12, using: &random))".utf8)] = value(number) }
        let isDurable = Int.random(in: 0..<3, using: &random) > 0
        model.commit(writes)
        // One that is rolled back leaves free pages among those in use.
        let other = try database.begin(.snapshot)
        try other.put("other", value(number))
        try database.write(durability: isDurable ? .sync : .buffered) { t in
            for key in writes.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                try t.put(key, [UInt8](repeating: 1, count: 900))
                if let value = writes[key] ?? nil { try t.put(key, value) }
            }
        }
        other.rollback()
        if isDurable { durable = number }
    }

    private func check(_ point: CrashPoint, states count: Int) throws {
        let outcomes = point.states(seed: choices.next(), random: count, singles: 4).shuffled(using: &choices)
        for outcome in outcomes.prefix(count) {
            states += 1
            let what = "seed \(seed), \(point.moment), state \(states), \(outcome)"
            let database: Database
            do {
                database = try LargeValueRun.open(
                    point.image(outcome), smallLogBytes: Bool.random(using: &choices) ? 1 << 10 : 1 << 20)
            } catch {
                throw ModelMismatch(description: "\(what): \(error)")
            }
            try checkContents(of: database, what)
            let findings =
                ExtentAudit.findings(in: database.engine)
                + LargeValueAudit.findings(in: database.engine, hasOpenTransactions: false)
            guard findings.isEmpty else { throw ModelMismatch(description: "\(what): \(findings)") }
            try database.write { try $0.put("more", [UInt8](repeating: 3, count: 20_000)) }
            try database.close()
        }
    }

    /// Reading verifies each value, so that one which is not whole shows.
    private func checkContents(of database: Database, _ what: String) throws {
        let found = try EngineFixture.contents(database)
        let counter = found.first { $0.key == Array("number".utf8) }
        let number = counter.flatMap { Int(String(decoding: $0.value, as: UTF8.self)) } ?? 0
        guard number >= durable, number <= model.newest, found == model.entries(at: number) else {
            throw ModelMismatch(description: "\(what): commit \(number) is not whole, or not \(durable) or later")
        }
    }
}
