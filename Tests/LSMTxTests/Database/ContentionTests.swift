import LSMTx
import LSMTxSimulation
import Testing

/// Many transactions that want the same keys: all get through, and the sums are right at every moment.
@Suite struct ContentionTests {
    private static let threads = 8

    private static var increments: Int {
        #if DEBUG
        4_000
        #else
        100_000
        #endif
    }

    /// Runs `body` in so many threads, and returns the most attempts that any transaction took.
    private static func mostAttempts(
        threads: Int = threads, _ body: @escaping @Sendable (_ thread: Int, _ note: (Int) -> Void) throws -> Void
    ) throws -> Int {
        let most = Guarded(0)
        let failures = Guarded<[String]>([])
        var workers: [WorkerThread] = []
        for thread in 0..<threads {
            workers.append(
                try WorkerThread(name: "worker") {
                    var own = 0
                    do { try body(thread) { own = max(own, $0) } } catch {
                        failures.withLock { $0.append("thread \(thread): \(error)") }
                    }
                    most.withLock { $0 = max($0, own) }
                })
        }
        for worker in workers { worker.join() }
        #expect(failures.withLock { $0 } == [])
        return most.withLock { $0 }
    }

    private static func number(_ bytes: [UInt8]?) -> Int {
        bytes.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
    }

    @Test(arguments: [Isolation.snapshot, .serializable])
    func oneCounterIsRaisedByAll(isolation: Isolation) throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        let each = Self.increments / Self.threads
        let most = try Self.mostAttempts { _, note in
            for _ in 0..<each {
                try database.write(isolation, durability: .buffered) { t in
                    note(t.attempt)
                    try t.put("n", String(Self.number(try t.get("n")) + 1))
                }
            }
        }
        #expect(Self.number(try database.read { try $0.get("n") }) == each * Self.threads)
        print("\(isolation.rawValue): \(each * Self.threads) increments of one counter, at most \(most) attempts")
        #expect(most <= 40)
        try database.close()
    }

    /// Everyone writes blindly all the time; the one who reads everything first gets through too.
    @Test func whoReadsMuchIsNotStarvedByThoseWhoWriteWithoutReading() throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        let keys = 100
        try database.write { t in for key in 0..<keys { try t.put("key \(key)", "0") } }
        let isDone = Guarded(false)
        let rounds = 20
        let most = try Self.mostAttempts(threads: 4) { thread, note in
            guard thread == 0 else {
                var random = SeededGenerator(seed: UInt64(thread))
                while !isDone.withLock({ $0 }) {
                    let key = Int.random(in: 0..<keys, using: &random)
                    try database.write(durability: .buffered) { try $0.put("key \(key)", "1") }
                }
                return
            }
            defer { isDone.withLock { $0 = true } }
            for round in 0..<rounds {
                try database.write(durability: .buffered) { t in
                    note(t.attempt)
                    let sum = t.scan(KeyRange(prefix: "key ")).reduce(0) { $0 + $1.value.count }
                    // Long enough that somebody always writes meanwhile.
                    SystemClock.sleep(microseconds: 2_000)
                    try t.put("sum", "\(sum) \(round)")
                }
            }
        }
        print("a reader of everything among blind writers: at most \(most) attempts")
        #expect(most <= 40)
        try database.close()
    }

    /// Money is moved between accounts at random; whoever looks at all of them sees the same sum at every moment.
    @Test(arguments: [Isolation.snapshot, .serializable])
    func transfersKeepTheSum(isolation: Isolation) throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        #if DEBUG
        let (accounts, transfers) = (2_000, 2_000)
        #else
        let (accounts, transfers) = (100_000, 200_000)
        #endif
        @Sendable func account(_ number: Int) -> String { "account \(1_000_000 + number)" }
        for start in stride(from: 0, to: accounts, by: 1_000) {
            try database.write { t in
                for number in start..<min(start + 1_000, accounts) { try t.put(account(number), "100") }
            }
        }
        let conflictsBefore = try database.statistics.conflicts
        let looks = Guarded(0)
        let isDone = Guarded(false)
        let looker = try WorkerThread(name: "looker") {
            while !isDone.withLock({ $0 }) {
                let sum = try? database.read { $0.scan().reduce(0) { $0 + Self.number($1.value) } }
                guard sum == accounts * 100 else {
                    looks.withLock { $0 = .min }
                    return
                }
                looks.withLock { $0 += 1 }
            }
        }
        let each = transfers / Self.threads
        let most = try Self.mostAttempts { thread, note in
            var random = SeededGenerator(seed: UInt64(thread))
            for _ in 0..<each {
                let (from, to) = (
                    Int.random(in: 0..<accounts, using: &random), Int.random(in: 0..<accounts, using: &random)
                )
                guard from != to else { continue }
                try database.write(isolation, durability: .buffered) { t in
                    note(t.attempt)
                    let (source, target) = (Self.number(try t.get(account(from))), Self.number(try t.get(account(to))))
                    try t.put(account(from), String(source - 1))
                    try t.put(account(to), String(target + 1))
                }
            }
        }
        isDone.withLock { $0 = true }
        looker.join()
        let aborts = Double(try database.statistics.conflicts - conflictsBefore) / Double(each * Self.threads)
        print(
            "\(isolation.rawValue): \(each * Self.threads) transfers, \(aborts * 100) aborts per 100, at most \(most) "
                + "attempts, \(looks.withLock { $0 }) sums of all accounts")
        #expect(looks.withLock { $0 } > 0)
        #expect(try database.read { $0.scan().reduce(0) { $0 + Self.number($1.value) } } == accounts * 100)
        #expect(accounts < 100_000 || aborts < 0.01)
        try database.close()
    }
}
