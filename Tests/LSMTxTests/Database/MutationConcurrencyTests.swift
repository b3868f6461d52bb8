import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Threads that mutate the same keys.
@Suite struct MutationConcurrencyTests {
    private static let threadCount = 8
    #if DEBUG
    private static let rounds = 250
    #else
    private static let rounds = 5_000
    #endif

    private static func onThreads(
        _ count: Int = threadCount, _ body: @escaping @Sendable (Int) throws -> Void
    ) throws -> [String] {
        let failures = Guarded<[String]>([])
        var threads: [WorkerThread] = []
        for number in 0..<count {
            threads.append(
                try WorkerThread(name: "mutator") {
                    do { try body(number) } catch { failures.withLock { $0.append("\(error)") } }
                })
        }
        for thread in threads { thread.join() }
        return failures.withLock { $0 }
    }

    private static func number(_ database: Database, _ key: String) throws -> Int64? {
        try database.read { try $0.get(key) }.map { MutationModel.number($0) }
    }

    @Test(arguments: Isolation.allCases)
    func additionsByManyThreadsAllCountAndNeverConflict(isolation: Isolation) throws {
        let (device, database) = try EngineFixture.newStore(background: true)
        let failures = try Self.onThreads { thread in
            for round in 0..<Self.rounds {
                let durability: Durability = round % 50 == 0 ? .sync : .buffered
                try database.write(isolation, retry: .never, durability: durability) { t in
                    try t.mutate("sum", .add(Int64(thread + round)))
                    try t.mutate("longest", .max(Int64(1000 * thread + round)))
                    try t.mutate("sum", .add(1))
                    // Fills memtables, so that the sum goes to tables between commits.
                    try t.put("\(thread)/\(round % 40)", [UInt8](repeating: 1, count: 200))
                    try t.mutate("bits", .or([UInt8](repeating: 0, count: thread) + [1]))
                }
            }
        }
        #expect(failures == [])
        let all = Self.threadCount * Self.rounds
        let sum = Self.threadCount * Self.rounds * (Self.rounds - 1) / 2 + Self.rounds * 28 + all
        let statistics = try database.statistics
        #expect(statistics.conflicts == 0 && statistics.commits == UInt64(all))
        #expect(try Self.number(database, "sum") == Int64(sum))
        #expect(try Self.number(database, "longest") == Int64(1000 * 7 + Self.rounds - 1))
        try database.close()
        let again = try EngineFixture.open(device)
        #expect(try Self.number(again, "sum") == Int64(sum))
        try again.close()
    }

    @Test func oneOfThoseThatSetAnAbsentKeyWins() throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        let keys = Self.rounds / 5
        let failures = try Self.onThreads { thread in
            for key in 0..<keys {
                try database.write(Isolation.allCases[thread % 3], retry: .never, durability: .buffered) { t in
                    try t.mutate("\(key)", .setIfAbsent([UInt8(thread)]))
                    try t.mutate("\(key)/wins/\(thread)", .setIfAbsent([]))
                }
            }
        }
        #expect(failures == [])
        #expect(try database.statistics.conflicts == 0)
        for key in 0..<keys {
            let versions = try database.history(of: "\(key)")
            #expect(versions.count <= 1)
            #expect(try database.read { try $0.get("\(key)")?.count } == 1)
        }
        try database.close()
    }

    @Test func versionstampsAreInTheOrderOfCommits() throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        let stamp = [UInt8](repeating: 0xff, count: 10)
        let committed = Guarded<[Timestamp: [UInt8]]>([:])
        let failures = try Self.onThreads { thread in
            for round in 0..<Self.rounds {
                let transaction = try database.begin(Isolation.allCases[round % 3])
                let name = Array("\(thread) \(round)".utf8)
                try transaction.put(versionstampedKey: [0x65] + stamp, at: 1, name)
                try transaction.mutate("t\(thread)", .versionstamped([7] + stamp, at: 1))
                let timestamp = try transaction.commit(durability: .buffered)
                committed.withLock { $0[timestamp] = name }
            }
        }
        #expect(failures == [])
        let expected = committed.withLock { $0 }
        #expect(expected.count == Self.threadCount * Self.rounds)
        let events = try database.read { Array($0.scan(KeyRange(prefix: [0x65]))) }
        let timestamps = expected.keys.sorted()
        #expect(events.map(\.key) == timestamps.map { [0x65] + $0.versionstamp })
        #expect(events.map(\.value) == timestamps.compactMap { expected[$0] })
        for thread in 0..<Self.threadCount {
            let last = expected.filter { $0.value == Array("\(thread) \(Self.rounds - 1)".utf8) }.keys.first
            #expect(try database.read { try $0.get("t\(thread)") } == [7] + (last?.versionstamp ?? []))
        }
        #expect(try database.statistics.conflicts == 0)
        try database.close()
    }

    /// While the device holds a group back, several members gather that mutate one key.
    @Test func membersOfOneGroupBuildOnEachOther() throws {
        let base = CrashDevice()
        try EngineFixture.format(base)
        let device = GateDevice(base)
        let database = try EngineFixture.open(device)
        try database.write { try $0.put("sum", MutationModel.bytes(100)) }
        device.hold(.write)
        let writers = 6
        var threads: [WorkerThread] = []
        for number in 0..<writers {
            threads.append(
                try WorkerThread(name: "member") {
                    try? database.write(Isolation.allCases[number % 3], retry: .never, durability: .buffered) { t in
                        try t.mutate("sum", .add(1))
                        try t.mutate("first", .setIfAbsent([UInt8(number)]))
                        try t.mutate("sum", .xor([0, 1]))
                    }
                })
            if number == 0 { try #require(device.waitUntilHeld(.write)) }
        }
        // The others arrive behind the first, which nothing shows from outside.
        SystemClock.sleep(microseconds: 50_000)
        device.release(.write)
        for thread in threads { thread.join() }
        var expected: [UInt8] = MutationModel.bytes(100)
        for _ in 0..<writers {
            expected = MutationModel.bytes(MutationModel.number(expected) &+ 1)
            expected = [expected[0], expected[1] ^ 1]
        }
        #expect(try database.read { try $0.get("sum") } == expected)
        #expect(try database.read { try $0.get("first") }?.count == 1)
        let statistics = try database.statistics
        #expect(statistics.commits == UInt64(writers + 1) && statistics.conflicts == 0)
        try database.close()
    }

    @Test func whoHasReadAKeyConflictsWithItsMutation() throws {
        let (_, database) = try EngineFixture.newStore()
        for isScan in [false, true] {
            for isOwn in [false, true] {
                let reader = try database.begin(.serializable)
                // Its own mutation is read with what others have committed.
                if isOwn { try reader.mutate("k", .add(1)) }
                if isScan { for _ in reader.scan(KeyRange(prefix: "k")) {} } else { _ = try reader.get("k") }
                try reader.put("seen", "1")
                try database.write { try $0.mutate("k", .add(1)) }
                #expect(EngineFixture.code { try reader.commit() } == .conflict, "\(isScan) \(isOwn)")
            }
        }
        // Neither does who only mutates, nor who reads it unguarded.
        let blind = try database.begin(.serializable)
        try blind.mutate("k", .add(1))
        #expect(try blind.unguarded.get("k") == MutationModel.bytes(5))
        try database.write { try $0.mutate("k", .add(1)) }
        try blind.commit()
        #expect(try Self.number(database, "k") == 6)
        try database.close()
    }

    @Test func atSnapshotAPlainWriteConflictsAndAMutationDoesNot() throws {
        let (_, database) = try EngineFixture.newStore()
        let mutating = try database.begin(.snapshot)
        let writing = try database.begin(.snapshot)
        let both = try database.begin(.snapshot)
        try mutating.mutate("k", .add(1))
        try writing.put("k", MutationModel.bytes(50))
        try both.put("k", MutationModel.bytes(70))
        try both.mutate("k", .add(1))
        try database.write { try $0.mutate("k", .add(100)) }
        try mutating.commit()
        #expect(EngineFixture.code { try writing.commit() } == .conflict)
        #expect(EngineFixture.code { try both.commit() } == .conflict)
        #expect(try Self.number(database, "k") == 101)
        try database.close()
    }
}
