import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Large values among threads that write, read, flush, compact and check at once.
@Suite struct LargeValueConcurrencyTests {
    #if DEBUG
    private static let commits = 150
    #else
    private static let commits = 3_000
    #endif

    private static let pairs = 12

    private final class Outcome: Sendable {
        let isDone = Guarded(false)
        let failures = Guarded<[String]>([])
        let reads = Guarded(0)

        func note(_ failure: String) { failures.withLock { $0.append(failure) } }
    }

    /// Both keys of a pair are written together, with the same value.
    private static func write(_ database: Database, using random: inout SeededGenerator) throws {
        let pair = Int.random(in: 0..<pairs, using: &random)
        let count = [100, 700, 5_000, 40_000, 80_000][Int.random(in: 0..<5, using: &random)]
        let value = [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: count)
        let rollsBack = Int.random(in: 0..<6, using: &random) == 0
        let transaction = try database.begin(.snapshot)
        defer { transaction.rollback() }
        try transaction.put("\(pair)/left", value)
        if Int.random(in: 0..<4, using: &random) == 0 { try transaction.put("\(pair)/right", value.reversed() + [1]) }
        try transaction.put("\(pair)/right", value)
        if rollsBack { return }
        do {
            try transaction.commit(durability: Bool.random(using: &random) ? .sync : .buffered)
        } catch {
            guard error.code == .conflict else { throw error }
        }
    }

    private static func compare(_ left: [UInt8]?, _ right: [UInt8]?, _ outcome: Outcome) {
        outcome.reads.withLock { $0 += 1 }
        if left != right { outcome.note("a pair has \(left?.count ?? -1) and \(right?.count ?? -1) bytes") }
    }

    private static func read(_ database: Database, _ outcome: Outcome, using random: inout SeededGenerator) throws {
        let pair = Int.random(in: 0..<pairs, using: &random)
        let snapshot = try database.snapshot()
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
            compare(try snapshot.get("\(pair)/left"), try snapshot.get("\(pair)/right"), outcome)
            snapshot.close()
        case 1:
            // The iterator outlives its snapshot.
            var iterator = snapshot.scan().makeIterator()
            snapshot.close()
            while let left = iterator.next() { compare(left.value, iterator.next()?.value, outcome) }
        default:
            var left: [UInt8]?
            try snapshot.forEach(.all) { _, value in
                let bytes = value.withUnsafeBytes { [UInt8]($0) }
                if let known = left { compare(known, bytes, outcome) }
                left = left == nil ? bytes : nil
                return true
            }
            try snapshot.checkScans()
            snapshot.close()
        }
    }

    @Test(.timeLimit(.minutes(5))) func everyReaderSeesWholeValuesOfOneCommit() throws {
        let device = MemoryDevice()
        try EngineFixture.format(device)
        let database = try LargeValueRun.open(device, background: true)
        let outcome = Outcome()
        var writers: [WorkerThread] = []
        for number in 0..<3 {
            writers.append(
                try WorkerThread(name: "writer") {
                    var random = SeededGenerator(seed: UInt64(number))
                    for commit in 0..<Self.commits {
                        do {
                            try Self.write(database, using: &random)
                            if commit % 20 == number { try database.flush() }
                        } catch {
                            outcome.note("writer: \(error)")
                        }
                    }
                })
        }
        var others: [WorkerThread] = []
        for number in 0..<3 {
            others.append(
                try WorkerThread(name: "reader") {
                    var random = SeededGenerator(seed: UInt64(100 + number))
                    while !outcome.isDone.withLock({ $0 }) {
                        do { try Self.read(database, outcome, using: &random) } catch {
                            outcome.note("reader: \(error)")
                        }
                    }
                })
        }
        others.append(
            try WorkerThread(name: "checker") {
                while !outcome.isDone.withLock({ $0 }) {
                    do {
                        let findings = try database.check().findings
                        if !findings.isEmpty { outcome.note("check: \(findings)") }
                        SystemClock.sleep(microseconds: 20_000)
                    } catch {
                        outcome.note("checker: \(error)")
                    }
                }
            })
        for thread in writers { thread.join() }
        outcome.isDone.withLock { $0 = true }
        for thread in others { thread.join() }
        #expect(outcome.failures.withLock { Array($0.prefix(3)) } == [])
        #expect(outcome.reads.withLock { $0 } > 20)
        #expect(try database.statistics.compaction.count > 0)
        try database.close()
        let again = try LargeValueRun.open(device)
        let findings =
            ExtentAudit.findings(in: again.engine)
            + LargeValueAudit.findings(in: again.engine, hasOpenTransactions: false)
        #expect(findings == [])
        try again.close()
    }
}
