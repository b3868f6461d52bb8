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
        let run = try CrashingCommits(seed: seed, commits: commits) { Int(MutationModel.number($0)) }
        try run.run(MutationLoad.changes)
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

/// The steps of the load, drawn at random.
private enum MutationLoad {
    static func changes(
        _ number: Int, _ model: inout CrashingCommits.Model, _ random: inout SeededGenerator
    ) -> [CrashingCommits.Change] {
        let steps =
            (0..<Int.random(in: 1..<6, using: &random)).map { _ in step(&random) }
            + [.mutate(CrashingCommits.numberKey, .add(1))]
        for step in steps { step.make(in: &model, stamp: nil) }
        return steps.map { step in { try step.make(in: $0) } }
    }

    private static func step(_ random: inout SeededGenerator) -> MutationStep {
        func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
        func key() -> [UInt8] { Array("k\(number(0..<20))".utf8) }
        func bytes() -> [UInt8] {
            (0..<number(0..<[9, 40, 3000][number(0..<3)])).map { _ in UInt8(number(0..<256)) }
        }
        switch number(0..<9) {
        case 0: return .put(key(), bytes())
        case 1: return .deleteRange(KeyRange(from: key(), upTo: Array("k3".utf8)))
        case 2: return .mutate(key(), .or(bytes()))
        case 3: return .mutate(key(), .setIfAbsent(bytes()))
        case 4: return .mutate(key(), .and(bytes()))
        default: return .mutate(key(), .add(Int64(number(0..<1_000_000))))
        }
    }
}
