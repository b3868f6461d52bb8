import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// A task that is cancelled: before the commit is queued to be written nothing of it happens, and afterwards all of it.
@Suite struct CancellationTests {
    private typealias Fixture = AsyncFixture

    private static func isCancelled(_ task: Task<some Sendable, any Error>) async -> Bool {
        await Fixture.failure(of: task) is CancellationError
    }

    @Test func aCancelledTaskBeginsNothing() async throws {
        let database = try Database.inMemory()
        let hasRun = Guarded(false)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await database.write { t in
                hasRun.withLock { $0 = true }
                try t.put("k", "v")
            }
        }
        task.cancel()
        #expect(await Self.isCancelled(task))
        #expect(!hasRun.withLock { $0 })
        #expect(try await database.read { try $0.get("k") } == nil)
    }

    @Test func aCallThatWaitsForAThreadIsTakenBack() async throws {
        let database = try Database.inMemory()
        let door = Fixture.Door()
        let blocked = (0..<DatabaseCore.asyncThreads).map { _ in Task { try await database.read { _ in door.pass() } } }
        await door.arrivals(DatabaseCore.asyncThreads)
        let task = Task { try await database.write { try $0.put("k", "v") } }
        await Fixture.eventually { database.core.pool.waitingCount == 1 }
        task.cancel()
        // While all threads are blocked still.
        #expect(await Self.isCancelled(task))
        #expect(database.core.pool.waitingCount == 0)
        door.open()
        for task in blocked { try await task.value }
        #expect(try await database.read { try $0.get("k") } == nil)
        try await database.close()
    }

    /// What the closure does after the cancellation.
    enum Then: CaseIterable {
        case gets, scans, puts, ignoresErrors, returns
    }

    @Test(arguments: Then.allCases)
    func aTransactionIsStoppedAtItsNextOperation(then: Then) async throws {
        let database = try Database.inMemory()
        try await database.write { try $0.put("a", "1") }
        let door = Fixture.Door()
        let task = Task {
            try await database.write { t in
                try t.put("k", "v")
                door.pass()
                switch then {
                case .gets: _ = try t.get("a")
                case .scans: for _ in t.scan() { Issue.record("A cancelled scan has entries.") }
                case .puts: try t.put("k", "w")
                case .ignoresErrors: _ = try? t.get("a")
                case .returns: break
                }
            }
        }
        await door.arrivals(1)
        task.cancel()
        door.open()
        #expect(await Self.isCancelled(task))
        #expect(try await database.read { try $0.get("k") } == nil)
        try await database.close()
    }

    @Test(arguments: Then.allCases)
    func aReadIsStoppedAtItsNextOperation(then: Then) async throws {
        let database = try Database.inMemory()
        try await database.write { try $0.put("a", "1") }
        let door = Fixture.Door()
        let task = Task {
            try await database.read { snapshot in
                door.pass()
                switch then {
                case .gets, .puts: _ = try snapshot.get("a")
                case .scans: for _ in snapshot.scan() { Issue.record("A cancelled scan has entries.") }
                case .ignoresErrors: _ = try? snapshot.get(keys: ["a"])
                case .returns: break
                }
            }
        }
        await door.arrivals(1)
        task.cancel()
        door.open()
        #expect(await Self.isCancelled(task))
        try await database.close()
    }

    @Test func aScanThatIsUnderWayIsStopped() async throws {
        let database = try Database.inMemory()
        try await database.write { t in
            for number in 0..<100 { try t.put("key \(number)", "v") }
        }
        let door = Fixture.Door()
        let seen = Guarded(0)
        let task = Task {
            try await database.read { snapshot in
                try snapshot.forEach(.all) { _, _ in
                    if seen.withLock({
                        $0 += 1; return $0
                    }) == 10 {
                        door.pass()
                    }
                    return true
                }
            }
        }
        await door.arrivals(1)
        task.cancel()
        door.open()
        #expect(await Self.isCancelled(task))
        #expect(seen.withLock { $0 } == 10)
        try await database.close()
    }

    @Test func retriesEnd() async throws {
        let database = try Database.inMemory()
        let attempts = Guarded(0)
        let task = Task {
            try await database.write(retry: RetryPolicy(maximumAttempts: .max)) { t in
                try t.put("k", "v")
                attempts.withLock { $0 = t.attempt }
                throw StoreError(.conflict, "Always.", remedy: "None.")
            }
        }
        await Fixture.eventually { attempts.withLock { $0 } > 2 }
        task.cancel()
        #expect(await Self.isCancelled(task))
        #expect(try await database.read { try $0.get("k") } == nil)
        try await database.close()
    }

    @Test func theWaitForOlderTransactionsEnds() async throws {
        let precedence = Precedence()
        let older = precedence.name(.all, for: nil)
        let younger = precedence.name(.all, for: nil)
        // The older one never has its turn, so the younger would wait for ever.
        let cancellation = Cancellation()
        let hasReturned = Guarded(false)
        let waiting = Task {
            try await Fixture.offPool {
                precedence.waitForTurn(younger, lasting: 1, cancellation: cancellation)
                hasReturned.withLock { $0 = true }
            }
        }
        try await Task.sleep(for: .milliseconds(5))
        #expect(!hasReturned.withLock { $0 })
        cancellation.cancel()
        precedence.wake()
        try await waiting.value
        precedence.end(older)
        precedence.end(younger)
    }

    @Test func aCommitThatIsBeingWrittenGoesThrough() async throws {
        let (gate, database) = try Fixture.gatedStore()
        try await database.write { try $0.put("first", "v") }
        gate.hold(.writeDurably)
        let leader = Task { try await database.write { try $0.put("leader", "v") } }
        #expect(try await Fixture.offPool { gate.waitUntilHeld(.writeDurably) })
        let member = Task { try await database.write { try $0.put("member", "v") } }
        // It has arrived in the queue when a third commit, which comes later, has been counted too; there is nothing
        // else that tells, so give it time. Wherever it is by then, what it reports is what happened.
        try await Task.sleep(for: .milliseconds(5))
        leader.cancel()
        member.cancel()
        gate.release(.writeDurably)
        try await leader.value
        let memberIsCancelled = await Self.isCancelled(member)
        #expect(try await database.read { try $0.get("leader") } != nil)
        #expect(try await database.read { try $0.get("member") } == (memberIsCancelled ? nil : Array("v".utf8)))
        try await database.close()
    }

    @Test func whatIsReportedIsWhatHappened() async throws {
        // At whatever moment the cancellation comes.
        let database = try Database.inMemory()
        for round in 0..<200 {
            let task = Task {
                try await database.write(durability: .buffered) { try $0.put("key \(round)", "v") }
            }
            for _ in 0..<(round % 20) { await Task.yield() }
            task.cancel()
            let isCancelled = await Self.isCancelled(task)
            #expect(try await database.read { try $0.get("key \(round)") } == (isCancelled ? nil : Array("v".utf8)))
        }
        try await database.close()
    }

    @Test func whatIsReportedIsWhatHappenedAmongManyThatConflict() async throws {
        // Pauses, turns and the queue are met at all moments.
        let database = try Database.inMemory()
        let committed = try await withThrowingTaskGroup(of: Bool.self) { group in
            for writer in 0..<300 {
                let task = Task {
                    try await database.write(retry: RetryPolicy(maximumAttempts: .max), durability: .buffered) { t in
                        try t.put("n", String(Fixture.number(try t.get("n")) + 1))
                        try t.put("key \(writer)", "v")
                    }
                }
                if writer % 2 == 0 {
                    Task {
                        for _ in 0..<(writer % 23) { try? await Task.sleep(for: .microseconds(writer * 20)) }
                        task.cancel()
                    }
                }
                group.addTask {
                    let isCommitted = await !Self.isCancelled(task)
                    let found = try await database.read { try $0.get("key \(writer)") }
                    #expect((found != nil) == isCommitted, "writer \(writer)")
                    return isCommitted
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(committed >= 150)
        #expect(Fixture.number(try await database.read { try $0.get("n") }) == committed)
        #expect(database.core.precedence.count == 0)
        try await database.close()
    }

    @Test func whatTheClosureHasCommittedIsNotTakenBack() async throws {
        let database = try Database.inMemory()
        try await database.write { t in
            try t.put("a", "1")
            try t.put("b", "1")
        }
        let door = Fixture.Door()
        let task = Task {
            try await database.write { t in
                try t.forEach(.all) { key, _ in
                    guard key.byteCount == 1, !t.hasEnded else { return true }
                    try t.put("k", "v")
                    try t.commit()
                    door.pass()
                    return true
                }
            }
        }
        await door.arrivals(1)
        task.cancel()
        door.open()
        #expect(await Fixture.failure(of: task) == nil)
        #expect(try await database.read { try $0.get("k") } == Array("v".utf8))
        try await database.close()
    }

    @Test func aCommitInTheClosureThatWasCancelledIsNoSuccess() async throws {
        let (gate, database) = try Fixture.gatedStore()
        try await database.write { try $0.put("k", "1") }
        // Large values are synced outside of the queue, before the last moment.
        gate.hold(.sync)
        let task = Task {
            try await database.write { t in
                try t.put("k", [UInt8](repeating: 2, count: 100_000))
                _ = try? t.commit()
            }
        }
        #expect(try await Fixture.offPool { gate.waitUntilHeld(.sync) })
        task.cancel()
        gate.release(.sync)
        #expect(await Self.isCancelled(task))
        #expect(try await database.read { try $0.get("k") } == Array("1".utf8))
        try await database.close()
    }

    private static func filled() async throws -> Database {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let database = try EngineFixture.open(base, background: true)
        for batch in 0..<20 {
            try await database.write(durability: .buffered) { t in
                for number in 0..<100 {
                    try t.put("key \(number * 20 + batch)", [UInt8](repeating: UInt8(batch), count: 100))
                }
            }
        }
        return database
    }

    @Test func aCompactionStopsAndLeavesTheStoreAsItWas() async throws {
        let database = try await Self.filled()
        let before = try await database.read { Array($0.scan()) }
        let door = Fixture.Door()
        let task = Task { try await database.compact { _ in door.pass() } }
        await door.arrivals(1)
        task.cancel()
        door.open()
        #expect(await Self.isCancelled(task))
        #expect(try await database.read { Array($0.scan()) } == before)
        #expect(try await database.check().findings.map(\.message) == [])
        try await database.compact()
        #expect(try await database.read { Array($0.scan()) } == before)
        try await database.close()
    }

    @Test func aCheckStops() async throws {
        let database = try await Self.filled()
        let door = Fixture.Door()
        let task = Task { try await database.check { _ in door.pass() } }
        await door.arrivals(1)
        task.cancel()
        door.open()
        #expect(await Self.isCancelled(task))
        try await database.close()
    }

    @Test func theWaitForAFlushEndsAndTheFlushGoesOn() async throws {
        let (gate, database) = try Fixture.gatedStore()
        try await database.write { try $0.put("k", "v") }
        gate.hold(.write)
        gate.hold(.sync)
        let task = Task { try await database.flush() }
        #expect(
            try await Fixture.offPool { gate.waitUntilHeld(.write) })
        task.cancel()
        #expect(await Self.isCancelled(task))
        gate.release(.write)
        gate.release(.sync)
        try await database.flush()
        #expect(try await database.check().tables == 1)
        try await database.close()
    }
}
