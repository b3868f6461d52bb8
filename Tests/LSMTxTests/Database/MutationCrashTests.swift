import LSMTxSimulation
import Testing

@testable import LSMTx

#if DEBUG
private let seeds: ClosedRange<UInt64> = 1...2
private let commits = 90
#else
private let seeds: ClosedRange<UInt64> = 1...25
private let commits = 300
#endif

/// Losses of power at any moment of a load of mutations, flushes and compactions: what is left is the state of one commit, with
/// every mutation carried out as it was before.
@Suite struct MutationCrashTests {
    @Test(arguments: seeds)
    func everyLossOfPowerLeavesResolvedMutations(seed: UInt64) throws {
        let run = try MutationCrashRun(seed: seed)
        try run.run()
        #expect(run.states > 60, "seed \(seed)")
    }

    /// Each commit adds one to a counter and writes an event under its versionstamp, from several threads: in any state
    /// that is left there are as many events as were counted, and no fewer than were acknowledged.
    @Test(arguments: seeds)
    func countersAndVersionstampedKeysOfManyThreadsSurviveTogether(seed: UInt64) throws {
        let device = CrashDevice()
        try EngineFixture.format(device, seed: seed)
        let acknowledged = Guarded(0)
        let database = try EngineFixture.open(device)
        var threads: [WorkerThread] = []
        for thread in 0..<4 {
            threads.append(
                try WorkerThread(name: "adder") {
                    for round in 0..<(commits / 3) {
                        let isDurable = (round + thread) % 4 == 0
                        try? database.write(retry: .never, durability: isDurable ? .sync : .buffered) { t in
                            try t.mutate("count", .add(1))
                            try t.mutate("latest", .versionstamped([UInt8](repeating: 0, count: 10), at: 0))
                            try t.mutate("nothing", .setIfAbsent([UInt8(thread)]))
                            try t.put(versionstampedKey: "e" + String(repeating: "x", count: 10), at: 1, "")
                        }
                        if isDurable { acknowledged.withLock { $0 += 1 } }
                    }
                })
        }
        var points: [(point: CrashPoint, acknowledged: Int)] = []
        for _ in 0..<12 {
            SystemClock.sleep(microseconds: 2_000)
            let known = acknowledged.withLock { $0 }
            points.append((device.crashPoint(), known))
        }
        for thread in threads { thread.join() }
        points.append((device.crashPoint(), acknowledged.withLock { $0 }))
        #expect(try database.statistics.conflicts == 0)
        try database.close()
        for (point, known) in points {
            for outcome in point.states(seed: seed, random: 3, singles: 1).prefix(6) {
                let again = try EngineFixture.open(point.image(outcome))
                let events = try again.read { Array($0.scan(KeyRange(prefix: "e"))) }
                let count = try again.read { try $0.get("count") }.map { MutationModel.number($0) } ?? 0
                #expect(Int(count) == events.count && events.count >= known, "seed \(seed), \(outcome)")
                let latest = try again.read { try $0.get("latest") } ?? []
                #expect(events.last.map { Array($0.key.dropFirst()) } ?? [] == latest, "seed \(seed), \(outcome)")
                #expect(try again.check().findings.isEmpty, "seed \(seed), \(outcome)")
                try again.close()
            }
        }
    }
}

private final class MutationCrashRun: @unchecked Sendable {
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
        try database.close()
        device.removeHook()
        let again = try EngineFixture.open(device)
        try compare(again, from: commits, "seed \(seed), at the end")
        try again.close()
    }

    private func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
    private func key() -> [UInt8] { Array("k\(number(0..<20))".utf8) }
    private func bytes() -> [UInt8] {
        (0..<number(0..<[9, 40, 3000][number(0..<3)])).map { _ in UInt8(number(0..<256)) }
    }

    private func step() -> MutationStep {
        switch number(0..<9) {
        case 0: .put(key(), bytes())
        case 1: .deleteRange(KeyRange(from: key(), upTo: Array("k3".utf8)))
        case 2: .mutate(key(), .or(bytes()))
        case 3: .mutate(key(), .setIfAbsent(bytes()))
        case 4: .mutate(key(), .and(bytes()))
        default: .mutate(key(), .add(Int64(number(0..<1_000_000))))
        }
    }

    private func commit(_ number: Int, to database: Database) throws {
        let isDurable = self.number(0..<3) > 0
        let steps = (0..<self.number(1..<6)).map { _ in step() } + [.mutate(Self.counterKey, .add(1))]
        var model = models[number - 1]
        for step in steps { step.make(in: &model, stamp: nil) }
        // Known before it happens: a crash in the middle may leave it.
        models.append(model)
        try database.write(durability: isDurable ? .sync : .buffered) { t in
            for step in steps { try step.make(in: t) }
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
        let number = counter.map { Int(MutationModel.number($0.value)) } ?? 0
        guard (floor..<models.count).contains(number) else {
            Issue.record("\(what): holds commit \(number), not \(floor) to \(models.count - 1)")
            return
        }
        let expected = models[number].sorted { $0.key.lexicographicallyPrecedes($1.key) }
        #expect(
            found == expected.map { Entry(key: $0.key, value: $0.value) }, "\(what): commit \(number) is not whole")
    }
}
