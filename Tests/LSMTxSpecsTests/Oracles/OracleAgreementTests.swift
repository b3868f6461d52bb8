import LSMTxSimulation
import Testing

@testable import LSMTxSpecs

/// The oracles, which know programs, against the brute force that judges histories.
@Suite struct OracleAgreementTests {
    private struct Generated {
        var transactions: [OracleTransaction] = []
        var final = OracleMap()
    }

    private static let keys: [[UInt8]] = [[0x61], [0x62], [0x63]]

    /// Transactions whose reads are those of a store that is at times too careless.
    private static func random(_ seed: UInt64) -> Generated {
        var generator = SeededGenerator(seed: seed)
        var states = [OracleMap()]
        for key in keys where Bool.random(using: &generator) { states[0][key] = [0x30] }
        var result = Generated()
        var open = (0..<3).map { _ in OracleTransaction(session: "", began: 0) }
        var points = [0, 0, 0]
        var lengths = (0..<3).map { _ in Int.random(in: 1...3, using: &generator) }
        var steps = lengths.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element + 1) }
        steps.shuffle(using: &generator)
        let carelessness = Int.random(in: 2...8, using: &generator)
        for (time, session) in steps.enumerated() {
            if open[session].operations.isEmpty {
                open[session] = OracleTransaction(session: "\(session)", began: time + 1)
                points[session] = states.count - 1
            }
            lengths[session] -= 1
            guard lengths[session] >= 0 else {
                open[session].ending = .committed
                open[session].ended = time + 1
                result.transactions.append(open[session])
                states.append(SnapshotOracle.apply(open[session], to: states[states.count - 1]))
                continue
            }
            let isCareless = Int.random(in: 0..<carelessness, using: &generator) == 0
            let point = isCareless ? Int.random(in: 0..<states.count, using: &generator) : points[session]
            var view = OracleView()
            for operation in open[session].operations { _ = view.take(operation, at: states[point]) }
            let state = view.over(states[point])
            let key = keys.randomElement(using: &generator) ?? []
            let operation: OracleTransaction.Operation
            switch Int.random(in: 0..<6, using: &generator) {
            case 0, 1: operation = .get(key, found: state[key])
            case 2:
                let scan = OracleTransaction.Scan(
                    OracleSpan(from: key, upTo: Bool.random(using: &generator) ? nil : [0x63]),
                    isReversed: .random(using: &generator), limit: Bool.random(using: &generator) ? nil : 1)
                operation = .scan(
                    scan, found: state.scan(scan.span, isReversed: scan.isReversed, limit: scan.limit))
            case 3: operation = .delete(key)
            // Values tell who wrote them.
            default: operation = .put(key, [0x41 + UInt8(time)])
            }
            open[session].append(operation, at: time + 1)
        }
        result.final = states[states.count - 1]
        result.transactions.insert(setup(states[0]), at: 0)
        return result
    }

    private static func setup(_ state: OracleMap) -> OracleTransaction {
        var transaction = OracleTransaction(session: "setup", began: 0)
        for entry in state.entries { transaction.append(.put(entry.key, entry.value), at: 0) }
        transaction.ending = .committed
        transaction.ended = 0
        return transaction
    }

    @Test func theyAgreeWithTheBruteForce() {
        #if DEBUG
        let seeds: UInt64 = 2_000
        #else
        let seeds: UInt64 = 100_000
        #endif
        var accepted = [0, 0, 0, 0]
        for seed in 0..<seeds {
            let generated = Self.random(seed)
            let transactions = Array(generated.transactions.dropFirst())
            var setup = OracleMap()
            setup = SnapshotOracle.apply(generated.transactions[0], to: setup)
            let found = OracleJudgement(transactions, from: setup, to: generated.final)

            let runs = generated.transactions.enumerated().map { place, record in
                RunTransaction(record: record, process: place)
            }.sorted { $0.record.began < $1.record.began }
            let history = RunHistory(runs, level: .serializable).history
            var final: [String: HistoryValue] = [:]
            for entry in generated.final.entries {
                final[RunHistory.text(entry.key)] = .text(RunHistory.text(entry.value))
            }
            let brute = BruteForce(history, finalState: final)
            let expected = OracleJudgement(
                brute.accepts(.serializable) == true, brute.accepts(.strictSerializable) == true,
                brute.accepts(.snapshotIsolation, realTime: true) == true,
                brute.accepts(.readCommitted, realTime: true) == true)
            // The setup is before everything else; without real time the brute force may put it elsewhere.
            if found.serial || generated.transactions[0].operations.isEmpty {
                #expect(found.serial == expected.serial, "seed \(seed)")
            }
            #expect(found.strict == expected.strict, "seed \(seed)")
            #expect(found.snapshot == expected.snapshot, "seed \(seed)")
            // This oracle knows the order of the commits, and where in time each statement was.
            if found.readCommitted { #expect(expected.readCommitted, "seed \(seed)") }
            for (place, isAccepted) in [found.serial, found.strict, found.snapshot, found.readCommitted].enumerated()
            where isAccepted { accepted[place] += 1 }
        }
        for count in accepted { #expect((Int(seeds) / 10..<Int(seeds)).contains(count), "\(accepted)") }
    }
}
