import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Everything at once: large values, range deletions, reads of the past, named snapshots, compactions, space that is
/// given back, checks, and a close in the middle.
@Suite struct PartsTogetherTests {
    #if DEBUG
    private static let rounds = 4
    private static let commits = 400
    #else
    private static let rounds = 6
    private static let commits = 600
    #endif

    /// Each commit gives all keys one value, or takes all of them away and gives some: so that whatever state is read,
    /// all the keys that are there have the same value, and number `count`.
    private static let keys = 40

    private final class Outcome: Sendable {
        let isDone = Guarded(false)
        let failures = Guarded<[String]>([])
        let reads = Guarded(0)
        var ended: Bool { isDone.withLock { $0 } }
        func note(_ failure: String) { failures.withLock { $0.append(failure) } }
    }

    private static func name(_ key: Int) -> [UInt8] { Array("key \(100 + key)".utf8) }

    private static func write(_ database: Database, using random: inout SeededGenerator) throws(StoreError) {
        let transaction = try database.begin(.snapshot)
        defer { transaction.rollback() }
        let byte = UInt8.random(in: 0...255, using: &random)
        let size = [50, 200, 900, 5_000][Int.random(in: 0..<4, using: &random)]
        let count = Int.random(in: 1...keys, using: &random)
        // What comes first is partly deleted again.
        if Bool.random(using: &random) { try transaction.put(name(0), [UInt8](repeating: 1, count: 2_000)) }
        try transaction.deleteRange(.all)
        var value = [UInt8](repeating: byte, count: size)
        value[0] = UInt8(count)
        for key in 0..<count { try transaction.put(name(key), value) }
        do {
            try transaction.commit(durability: Bool.random(using: &random) ? .sync : .buffered)
        } catch {
            guard error.code == .conflict else { throw error }
        }
    }

    private static func look(_ entries: [Entry], _ outcome: Outcome, _ what: String) {
        outcome.reads.withLock { $0 += 1 }
        guard let first = entries.first else { return }
        if !entries.allSatisfy({ $0.value == first.value }) || entries.count != Int(first.value[0]) {
            outcome.note("\(what): \(entries.count) entries, \(first.value[0]) expected, or they differ")
        }
    }

    private static func read(_ database: Database, _ outcome: Outcome, using random: inout SeededGenerator) throws {
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
            look(try database.read { Array($0.scan()) }, outcome, "latest")
        case 1:
            look(try database.read { Array($0.scan(.all, reverse: true)) }, outcome, "reverse")
        case 2:
            let oldest = try database.oldestReadableTimestamp.rawValue
            let newest = database.timestamp.rawValue
            let chosen = Timestamp(rawValue: .random(in: min(oldest, newest)...newest, using: &random))
            look(try database.read(at: .timestamp(chosen)) { Array($0.scan()) }, outcome, "past")
        case 3:
            // The iterator outlives its snapshot.
            let snapshot = try database.snapshot()
            var iterator = snapshot.scan(.all, reverse: true).makeIterator()
            var entries: [Entry] = []
            if let first = iterator.next() { entries.append(first) }
            snapshot.close()
            while let next = iterator.next() {
                entries.append(next)
                SystemClock.sleep(microseconds: 50)
            }
            try snapshot.checkScans()
            look(entries, outcome, "after the snapshot's close")
        default:
            let key = name(Int.random(in: 0..<keys, using: &random))
            let versions = try database.history(of: key, limit: 20)
            if !zip(versions, versions.dropFirst()).allSatisfy({ $0.timestamp > $1.timestamp }) {
                outcome.note("a history is out of order")
            }
            if versions.contains(where: { $0.value?.isEmpty == true }) { outcome.note("a history has an empty value") }
        }
    }

    private static func administer(
        _ database: Database, as administrator: Int, _ outcome: Outcome, using random: inout SeededGenerator
    ) throws {
        switch Int.random(in: 0..<7, using: &random) {
        case 0:
            // Names of its own: no other makes or drops one of them between the question and the deed.
            let name = "name \(administrator).\(Int.random(in: 0..<4, using: &random))"
            if try database.snapshots().contains(where: { $0.name == name }) {
                look(try database.read(at: .named(name)) { Array($0.scan()) }, outcome, name)
                try database.dropSnapshot(named: name)
            } else {
                try database.createSnapshot(named: name)
            }
        case 1: try database.compact()
        case 2: try database.compact(KeyRange(from: name(5), upTo: name(20)))
        case 3: try database.flush()
        case 4:
            let findings = try database.check().findings
            if !findings.isEmpty { outcome.note("check: \(findings)") }
        case 5: _ = try database.statistics
        default: try database.setRetention(Retention(commits: .random(in: 0..<30, using: &random)))
        }
        for snapshot in try database.snapshots() {
            do {
                look(try database.read(at: .named(snapshot.name)) { Array($0.scan()) }, outcome, snapshot.name)
            } catch let error as StoreError where error.code == .noSuchSnapshot {}
        }
    }

    /// Runs `body` until the end or until the database is closed.
    private static func thread(
        _ name: String, _ seed: UInt64, _ outcome: Outcome, rounds: Int = .max,
        _ body: @escaping @Sendable (inout SeededGenerator) throws -> Void
    ) throws -> WorkerThread {
        try WorkerThread(name: name) {
            var random = SeededGenerator(seed: seed)
            var done = 0
            while done < rounds, !outcome.ended {
                done += 1
                do { try body(&random) } catch let error as StoreError where error.code == .closed {
                    return
                } catch let error as StoreError where error.code == .snapshotTooOld {
                } catch { outcome.note("\(name): \(error)") }
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func noReaderSeesAnythingButOneCommit() throws {
        let device = MemoryDevice()
        try EngineFixture.format(device)
        for round in 0..<Self.rounds {
            var options = EngineFixture.options(background: true, retention: Retention(commits: 20))
            options.largeValueBytes = 600
            options.freeTailBytes = 16 << 10
            let database = try EngineFixture.open(device, options)
            let outcome = Outcome()
            let seed = UInt64(round) * 100
            var writers: [WorkerThread] = []
            for number in 0..<2 {
                writers.append(
                    try Self.thread("writer", seed + UInt64(number), outcome, rounds: Self.commits) { random in
                        try Self.write(database, using: &random)
                    })
            }
            var others: [WorkerThread] = []
            for number in 0..<2 {
                others.append(
                    try Self.thread("reader", seed + 10 + UInt64(number), outcome) { random in
                        try Self.read(database, outcome, using: &random)
                    })
            }
            for number in 0..<2 {
                others.append(
                    try Self.thread("administrator", seed + 20 + UInt64(number), outcome) { random in
                        try Self.administer(database, as: number, outcome, using: &random)
                    })
            }
            others.append(
                try Self.thread("giver", seed + 30, outcome) { _ in
                    try database.core.usingDevice { _ = try database.engine.giveSpaceBack() }
                    SystemClock.sleep(microseconds: 300)
                })
            // The first to end closes it under the others' eyes in odd rounds.
            writers[0].join()
            if round % 2 == 1 { try database.close() }
            writers[1].join()
            outcome.isDone.withLock { $0 = true }
            for thread in others { thread.join() }
            #expect(outcome.failures.withLock { Array($0.prefix(3)) } == [], "round \(round)")
            #expect(outcome.reads.withLock { $0 } > 20)
            try database.close()
            let again = try EngineFixture.open(device, EngineFixture.options(retention: nil))
            Self.look(try EngineFixture.contents(again), outcome, "reopened")
            for snapshot in try again.snapshots() {
                Self.look(try again.read(at: .named(snapshot.name)) { Array($0.scan()) }, outcome, snapshot.name)
            }
            #expect(outcome.failures.withLock { Array($0.prefix(3)) } == [], "round \(round), reopened")
            #expect(try again.check().findings.isEmpty)
            #expect(ExtentAudit.findings(in: again.engine) == [])
            try again.close()
        }
    }
}
