import LSMTxSimulation
import Testing

@testable import LSMTx

/// Reading at chosen timestamps and at names while commits, flushes and compactions go on in other threads.
@Suite struct PastConcurrencyTests {
    #if DEBUG
    private static let commits = 1_500
    #else
    private static let commits = 20_000
    #endif

    /// Which commit had which timestamp, as far as it has been noted.
    private final class Record: Sendable {
        private let commits = Guarded<[Timestamp]>([])
        let failures = Guarded<[String]>([])
        let isDone = Guarded(false)
        let reads = Guarded(0)

        func note(_ timestamp: Timestamp) { commits.withLock { $0.append(timestamp) } }

        func random(using random: inout SeededGenerator) -> (number: Int, timestamp: Timestamp)? {
            commits.withLock { commits in
                guard !commits.isEmpty else { return nil }
                // Mostly near the floor, where it is decided.
                let number = max(0, commits.count - Int.random(in: 1...60, using: &random))
                return (number, commits[number])
            }
        }

        func number(of timestamp: Timestamp) -> Int? { commits.withLock { $0.firstIndex(of: timestamp) } }

        func fail(_ text: String) {
            failures.withLock { $0.append(text) }
            isDone.withLock { $0 = true }
        }
    }

    private static let keys = 8

    /// Commit n writes n to one key and to `number`, so that each key says which commit wrote it last.
    private static func write(_ database: Database, _ record: Record) throws {
        for number in 0..<commits where !record.isDone.withLock({ $0 }) {
            let transaction = try database.begin(.snapshot)
            try transaction.put("number", "\(number)")
            try transaction.put("key \(number % keys)", "\(number)")
            try transaction.put("filler \(number % 50)", [UInt8](repeating: 1, count: 400))
            record.note(try transaction.commit(durability: .buffered))
        }
    }

    private static func check(_ snapshot: Snapshot, is number: Int, _ record: Record) throws {
        defer { snapshot.close() }
        record.reads.withLock { $0 += 1 }
        func value(_ key: String) throws -> Int? {
            try snapshot.get(key).flatMap { Int(String(decoding: $0, as: UTF8.self)) }
        }
        guard try value("number") == number else {
            return record.fail("at \(snapshot.timestamp): \(String(describing: try value("number"))), not \(number)")
        }
        for key in 0..<keys {
            let last = number - (number - key) % keys
            guard try number < keys || value("key \(key)") == last else {
                return record.fail("at \(snapshot.timestamp): key \(key) is not \(last)")
            }
        }
    }

    private static func readTheRecentPast(_ database: Database, _ record: Record, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        while !record.isDone.withLock({ $0 }) {
            guard let (number, timestamp) = record.random(using: &random) else { continue }
            do {
                let snapshot = try database.snapshot(at: .timestamp(timestamp))
                if Int.random(in: 0..<4, using: &random) == 0 { SystemClock.sleep(microseconds: 300) }
                try check(snapshot, is: number, record)
            } catch let error as StoreError {
                guard error.code == .snapshotTooOld else { throw error }
            }
        }
    }

    private static func nameAndDrop(_ database: Database, _ record: Record, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var names: [String: Timestamp] = [:]
        while !record.isDone.withLock({ $0 }) {
            let name = "\(seed) \(Int.random(in: 0..<4, using: &random))"
            if let timestamp = names[name] {
                if let number = record.number(of: timestamp) {
                    try check(try database.snapshot(at: .named(name)), is: number, record)
                }
                guard Bool.random(using: &random) else { continue }
                try database.dropSnapshot(named: name)
                names[name] = nil
            } else {
                names[name] = try database.createSnapshot(named: name)
            }
        }
        for (name, timestamp) in names {
            guard let number = record.number(of: timestamp) else { continue }
            try check(try database.snapshot(at: .named(name)), is: number, record)
        }
    }

    @Test(.timeLimit(.minutes(5)), arguments: [Retention.snapshotsOnly, Retention(commits: 20)])
    func whatCanBeOpenedReadsAsItWas(retention: Retention) throws {
        let (device, database) = try PastFixture.newStore(retention, background: true)
        let record = Record()
        var threads: [WorkerThread] = []
        func start(_ name: String, _ body: @escaping @Sendable () throws -> Void) throws {
            threads.append(
                try WorkerThread(name: name) {
                    do { try body() } catch { record.fail("\(name): \(error)") }
                })
        }
        for seed in UInt64(0)..<2 {
            try start("reader") { try Self.readTheRecentPast(database, record, seed: seed) }
            try start("namer") { try Self.nameAndDrop(database, record, seed: seed) }
        }
        try start("writer") {
            try Self.write(database, record)
            record.isDone.withLock { $0 = true }
        }
        for thread in threads { thread.join() }
        #expect(record.failures.withLock { $0 } == [])
        #expect(record.reads.withLock { $0 } > 100)
        #expect(try database.check().findings.isEmpty)
        let names = try database.snapshots()
        try database.close()
        let again = try PastFixture.open(device)
        #expect(try again.snapshots() == names)
        for name in names {
            guard let number = record.number(of: name.timestamp) else { continue }
            try Self.check(try again.snapshot(at: .named(name.name)), is: number, record)
        }
        #expect(record.failures.withLock { $0 } == [])
        try again.close()
    }
}
