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
        let run = try CrashingCommits(seed: seed, commits: commits) { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
        try run.run(Self.changes)
        #expect(run.states > 60 && run.compactions > 0, "seed \(seed)")
    }

    private static func changes(
        _ number: Int, _ model: inout CrashingCommits.Model, _ random: inout SeededGenerator
    ) -> [CrashingCommits.Change] {
        func key() -> [UInt8] { Array("k\(Int.random(in: 0..<50, using: &random))".utf8) }
        var changes: [CrashingCommits.Change] = []
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
        let digits = Array("\(number)".utf8)
        model[CrashingCommits.numberKey] = digits
        return changes + [{ try $0.put(CrashingCommits.numberKey, digits) }]
    }
}
