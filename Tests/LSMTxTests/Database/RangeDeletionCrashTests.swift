import LSMTx
import LSMTxSimulation
import Testing

#if DEBUG
private let seeds: ClosedRange<UInt64> = 1...2
private let commits = 90
#else
private let seeds: ClosedRange<UInt64> = 1...30
private let commits = 260
#endif

/// Losses of power at any moment of a load that deletes ranges, flushes and compacts: what is left is the state of one
/// commit, no older than the newest durable one.
@Suite struct RangeDeletionCrashTests {
    @Test(arguments: seeds)
    func everyLossOfPowerLeavesThePrefixOfTheCommits(seed: UInt64) throws {
        let run = try RangeDeletionCrashRun(seed: seed)
        try run.run()
        #expect(run.states > 60 && run.compactions > 0, "seed \(seed)")
    }
}

private final class RangeDeletionCrashRun: @unchecked Sendable {
    // @unchecked: the device calls the hook on the one thread that runs the load.

    private static let counterKey: [UInt8] = Array("number".utf8)

    private let seed: UInt64
    private let device = CrashDevice()
    private var random: SeededGenerator
    /// Chooses what is looked at, apart from the load.
    private var choices: SeededGenerator
    /// What the store held after each commit, from the empty one on.
    private var models: [[[UInt8]: [UInt8]]] = [[:]]
    private var durable = 0
    private(set) var states = 0
    private(set) var compactions: UInt64 = 0

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        choices = SeededGenerator(seed: ~seed)
        try EngineFixture.format(device, seed: seed)
    }

    func run() throws {
        device.onCrashPoint(everyWrites: 5) { self.check($0) }
        let database = try EngineFixture.open(device, smallLogBytes: 4 << 10)
        for number in 1...commits {
            try commit(number, to: database)
            if number % 8 == 0 { try database.flush() }
        }
        compactions = try database.statistics.compaction.count
        try database.close()
        device.removeHook()
        let again = try EngineFixture.open(device)
        try compare(again, from: commits, "seed \(seed), at the end")
        try again.close()
    }

    private func key() -> [UInt8] { Array("k\(Int.random(in: 0..<50, using: &random))".utf8) }

    private func commit(_ number: Int, to database: Database) throws {
        var model = models[number - 1]
        let isDurable = Int.random(in: 0..<3, using: &random) > 0
        var changes: [(Transaction) throws -> Void] = []
        if Int.random(in: 0..<4, using: &random) == 0 {
            let upper = Int.random(in: 0..<6, using: &random) == 0 ? nil : key() + [0x39]
            // Not the commit's number.
            let range = KeyRange(from: key(), upTo: upper ?? Array("l".utf8))
            changes.append { try $0.deleteRange(range) }
            model = model.filter { !range.contains($0.key) }
        }
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let key = key()
            let count = Int.random(in: 0...[40, 300, 6_000][Int.random(in: 0..<3, using: &random)], using: &random)
            let value = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: count)
            changes.append { try $0.put(key, value) }
            model[key] = value
        }
        let counter = Array("\(number)".utf8)
        model[Self.counterKey] = counter
        // Known before it happens: a crash in the middle may leave it.
        models.append(model)
        try database.write(durability: isDurable ? .sync : .buffered) { t in
            for change in changes { try change(t) }
            try t.put(Self.counterKey, counter)
        }
        if isDurable { durable = number }
    }

    private func check(_ point: CrashPoint) {
        guard Int.random(in: 0..<9, using: &choices) == 0 else { return }
        for outcome in point.states(seed: choices.next(), random: 4, singles: 1).shuffled(using: &choices).prefix(4) {
            states += 1
            let what = "seed \(seed), \(point.moment), \(outcome)"
            do {
                let database = try EngineFixture.open(
                    point.image(outcome), smallLogBytes: Bool.random(using: &choices) ? 4 << 10 : 1 << 20)
                try compare(database, from: durable, what)
                #expect(try database.check().findings.isEmpty, "\(what)")
                try database.close()
            } catch {
                Issue.record("\(what): \(error)")
            }
        }
    }

    private func compare(_ database: Database, from floor: Int, _ what: String) throws {
        let found = try EngineFixture.contents(database)
        let counter = found.first { $0.key == Self.counterKey }
        let number = counter.flatMap { Int(String(decoding: $0.value, as: UTF8.self)) } ?? 0
        guard (floor..<models.count).contains(number) else {
            Issue.record("\(what): holds commit \(number), not \(floor) to \(models.count - 1)")
            return
        }
        let expected = models[number].sorted { $0.key.lexicographicallyPrecedes($1.key) }
        #expect(
            found.map(\.key) == expected.map(\.key) && found.map(\.value) == expected.map(\.value),
            "\(what): commit \(number) is not whole")
    }
}
