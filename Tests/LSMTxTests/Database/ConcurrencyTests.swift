import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Many threads at once; run with the thread sanitizer too.
@Suite struct ConcurrencyTests {
    #if DEBUG
    private static let transfers = 120
    #else
    private static let transfers = 4_000
    #endif
    private static let accounts = 24
    private static let initial = 1_000

    private static func account(_ number: Int) -> String { "account/\(number)" }

    private static func balance(_ bytes: [UInt8]?) -> Int {
        bytes.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? Int.min / 2
    }

    private static func open(_ database: Database) throws {
        try database.write { t in
            for number in 0..<accounts { try t.put(account(number), "\(initial)") }
        }
    }

    private static func transfer(_ database: Database, using random: inout SeededGenerator) throws {
        let from = Int.random(in: 0..<accounts, using: &random)
        let to = (from + Int.random(in: 1..<accounts, using: &random)) % accounts
        let amount = Int.random(in: 1...20, using: &random)
        let durability: Durability = Int.random(in: 0..<3, using: &random) == 0 ? .sync : .buffered
        let filler = [UInt8](repeating: 1, count: Int.random(in: 0..<400, using: &random))
        try database.write(retry: RetryPolicy(maximumAttempts: 100_000), durability: durability) { t in
            let left = balance(try t.get(account(from))) - amount
            let right = balance(try t.get(account(to))) + amount
            try t.put(account(from), "\(left)")
            try t.put(account(to), "\(right)")
            try t.put("filler/\(from)", filler)
        }
    }

    private static func total(_ source: Snapshot) throws -> Int {
        var sum = 0
        try source.forEach(KeyRange(prefix: "account/"), reverse: false) { _, value in
            sum += balance(value.withUnsafeBytes { [UInt8]($0) })
            return true
        }
        return sum
    }

    @Test(.timeLimit(.minutes(5))) func transfersNeverMakeOrLoseMoney() throws {
        let (device, database) = try EngineFixture.newStore(background: true)
        try Self.open(database)
        let expected = Self.accounts * Self.initial
        let failures = Guarded<[String]>([])
        let isDone = Guarded(false)
        @Sendable func note(_ text: String) { failures.withLock { $0.append(text) } }
        var writers: [WorkerThread] = []
        for thread in 0..<8 {
            writers.append(
                try WorkerThread(name: "transfer") {
                    var random = SeededGenerator(seed: UInt64(thread))
                    for _ in 0..<Self.transfers {
                        do { try Self.transfer(database, using: &random) } catch { note("\(error)") }
                    }
                })
        }
        var readers: [WorkerThread] = []
        for reader in 0..<3 {
            readers.append(
                try WorkerThread(name: "reader") {
                    var last = Timestamp.zero
                    while !isDone.withLock({ $0 }) {
                        do {
                            try database.read { snapshot in
                                if snapshot.timestamp < last { note("time went back") }
                                last = snapshot.timestamp
                                let sum = try Self.total(snapshot)
                                if sum != expected { note("the sum is \(sum) at \(snapshot.timestamp)") }
                                var singly = 0
                                for number in 0..<Self.accounts {
                                    singly += Self.balance(try snapshot.get(Self.account(number)))
                                }
                                if singly != expected { note("singly, the sum is \(singly) at \(snapshot.timestamp)") }
                            }
                            if reader == 0 { try database.flush() }
                        } catch {
                            note("\(error)")
                        }
                    }
                })
        }
        for thread in writers { thread.join() }
        isDone.withLock { $0 = true }
        for thread in readers { thread.join() }
        #expect(failures.withLock { $0 } == [])
        try database.close()
        let again = try EngineFixture.open(device)
        #expect(try again.read { try Self.total($0) } == expected)
        #expect(ExtentAudit.findings(in: again.engine) == [])
        try again.close()
    }

    @Test(.timeLimit(.minutes(5))) func aCloseAmongWorkingThreadsLosesNothingAndHangsNobody() throws {
        for round in 0..<8 {
            let (device, database) = try EngineFixture.newStore(background: true)
            try Self.open(database)
            let acknowledged = Guarded<[Int]>(Array(repeating: 0, count: 6))
            let failures = Guarded<[String]>([])
            var threads: [WorkerThread] = []
            for thread in 0..<6 {
                threads.append(
                    try WorkerThread(name: "worker") {
                        var random = SeededGenerator(seed: UInt64(round * 10 + thread))
                        var number = 0
                        while true {
                            do {
                                number += 1
                                try database.write(durability: number % 2 == 0 ? .sync : .buffered) { t in
                                    try t.put("counter/\(thread)", "\(number)")
                                }
                                acknowledged.withLock { $0[thread] = number }
                                if thread == 0, number % 8 == 0 { try database.flush() }
                                if thread < 2 { try Self.transfer(database, using: &random) }
                                _ = try database.read { Array($0.scan(limit: 5, random: &random)) }
                            } catch let error as StoreError where error.code == .closed {
                                return
                            } catch {
                                failures.withLock { $0.append("\(error)") }
                                return
                            }
                        }
                    })
            }
            SystemClock.sleep(microseconds: 3_000 * (round + 1))
            var closers: [WorkerThread] = []
            for _ in 0..<2 {
                closers.append(
                    try WorkerThread(name: "closer") {
                        do { try database.close() } catch { failures.withLock { $0.append("close: \(error)") } }
                    })
            }
            for thread in threads + closers { thread.join() }
            #expect(failures.withLock { $0 } == [])
            let again = try EngineFixture.open(device)
            #expect(again.engine.versions.superblock.isClean)
            for (thread, number) in acknowledged.withLock({ $0 }).enumerated() where number > 0 {
                let found = Self.balance(try again.read { try $0.get("counter/\(thread)") })
                #expect(found >= number && found <= number + 1, "round \(round), thread \(thread)")
            }
            #expect(try again.read { try Self.total($0) } == Self.accounts * Self.initial)
            try again.close()
        }
    }

    /// Power fails while many threads commit; the image is taken between what was acknowledged before and what was
    /// begun after. Which commits survive must be a prefix of the order of their timestamps.
    @Test(.timeLimit(.minutes(5))) func aLossOfPowerAmongManyThreadsLeavesAPrefix() throws {
        struct Progress {
            /// Each thread's commits: their timestamps, and how many of them are durable.
            var timestamps: [[Timestamp]]
            var durable: [Int]
        }
        #if DEBUG
        let (rounds, points) = (1, 12)
        #else
        let (rounds, points) = (6, 40)
        #endif
        let threadCount = 5
        for round in 0..<rounds {
            let device = CrashDevice()
            try EngineFixture.format(device, seed: UInt64(round))
            let database = try EngineFixture.open(device, background: true)
            let progress = Guarded(
                Progress(
                    timestamps: Array(repeating: [], count: threadCount),
                    durable: Array(repeating: 0, count: threadCount)))
            let isDone = Guarded(false)
            let failures = Guarded<[String]>([])
            var threads: [WorkerThread] = []
            for thread in 0..<threadCount {
                threads.append(
                    try WorkerThread(name: "worker") {
                        var random = SeededGenerator(seed: UInt64(round * 100 + thread))
                        var number = 0
                        while !isDone.withLock({ $0 }) {
                            number += 1
                            let isDurable = Int.random(in: 0..<2, using: &random) == 0
                            do {
                                let transaction = try database.begin(.snapshot)
                                try transaction.put("a/\(thread)", "\(number)")
                                let bytes = [20, 300, 3_000][Int.random(in: 0..<3, using: &random)]
                                try transaction.put("filler/\(thread)", [UInt8](repeating: 1, count: bytes))
                                try transaction.put("b/\(thread)", "\(number)")
                                let timestamp = try transaction.commit(durability: isDurable ? .sync : .buffered)
                                progress.withLock { progress in
                                    progress.timestamps[thread].append(timestamp)
                                    if isDurable { progress.durable[thread] = number }
                                }
                            } catch {
                                failures.withLock { $0.append("\(error)") }
                                return
                            }
                        }
                    })
            }
            var taken: [(point: CrashPoint, acknowledged: Progress)] = []
            for _ in 0..<points {
                SystemClock.sleep(microseconds: 2_000)
                let before = progress.withLock { $0 }
                taken.append((device.crashPoint(), before))
            }
            isDone.withLock { $0 = true }
            for thread in threads { thread.join() }
            try database.close()
            #expect(failures.withLock { $0 } == [])
            let all = progress.withLock { $0.timestamps }
            for (index, (point, acknowledged)) in taken.enumerated() {
                for outcome in point.states(seed: UInt64(index), random: 8, singles: 2) {
                    let what = "round \(round), point \(index), \(outcome)"
                    do {
                        let reopened = try EngineFixture.open(point.image(outcome))
                        var found: [Int] = []
                        for thread in 0..<threadCount {
                            let a = try reopened.read { try $0.get("a/\(thread)") }
                            let b = try reopened.read { try $0.get("b/\(thread)") }
                            #expect(a == b, "\(what): half a transaction")
                            found.append(a == nil ? 0 : Self.balance(a))
                        }
                        // Every commit up to the newest one that survived has survived.
                        let newest = (0..<threadCount).compactMap { found[$0] > 0 ? all[$0][found[$0] - 1] : nil }.max()
                        for thread in 0..<threadCount {
                            let promised =
                                outcome == .everything
                                ? acknowledged.timestamps[thread].count : acknowledged.durable[thread]
                            #expect(found[thread] >= promised, "\(what): thread \(thread) has lost a commit")
                            let older = all[thread].prefix { $0 <= newest ?? .zero }.count
                            #expect(found[thread] == older, "\(what): thread \(thread) is not at the prefix")
                        }
                        #expect(ExtentAudit.findings(in: reopened.engine) == [], "\(what)")
                        try reopened.close()
                    } catch {
                        Issue.record("\(what): \(error)")
                    }
                }
            }
        }
    }
}

extension Snapshot {
    fileprivate func scan(limit: Int, random: inout SeededGenerator) -> Scan {
        scan(.all, reverse: Bool.random(using: &random), limit: limit)
    }
}
