import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// The asynchronous calls: they do what the synchronous ones do, on other threads, and none is lost.
@Suite struct AsyncTests {
    private typealias Fixture = AsyncFixture

    @Test func aTaskWritesAndReads() async throws {
        let database = try Database.inMemory()
        let written = try await database.write { t in
            try t.put("k", "v")
            return t.attempt
        }
        #expect(written == 1)
        #expect(try await database.read { try $0.get("k") } == Array("v".utf8))
        try await database.flush()
        try await database.compact()
        #expect(try await database.check().tables == 1)
        try await database.close()
        try await database.close()
        await #expect { try await database.read { try $0.get("k") } } throws: { ($0 as? StoreError)?.code == .closed }
    }

    @Test func anErrorOfTheClosureIsThrownAndNothingCommitted() async throws {
        struct Refusal: Error {}
        let database = try Database.inMemory()
        await #expect(throws: Refusal.self) {
            try await database.write { t in
                try t.put("k", "v")
                throw Refusal()
            }
        }
        #expect(try await database.read { try $0.get("k") } == nil)
    }

    @Test func thePastIsReadAsynchronously() async throws {
        let database = try Database.inMemory()
        try await database.write { try $0.put("k", "old") }
        let before = database.timestamp
        try await database.write { try $0.put("k", "new") }
        #expect(try await database.read(at: .timestamp(before)) { try $0.get("k") } == Array("old".utf8))
    }

    @Test func aThousandTasksCountExactly() async throws {
        let database = try Database.inMemory()
        let tasks = 1_000
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    try await database.write(retry: RetryPolicy(maximumAttempts: .max), durability: .buffered) { t in
                        try t.put("n", String(Fixture.number(try t.get("n")) + 1))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(Fixture.number(try await database.read { try $0.get("n") }) == tasks)
        #expect(database.core.pool.threadCount <= DatabaseCore.asyncThreads)
        try await database.close()
    }

    @Test func blockedCallsBlockNoOtherTask() async throws {
        let (gate, database) = try Fixture.gatedStore()
        gate.hold(.writeDurably)
        gate.hold(.write)
        // More than there are threads in the store, and many more than in the cooperative pool.
        let writers = DatabaseCore.asyncThreads + 8
        let tasks = (0..<writers).map { writer in
            Task { try await database.write { try $0.put("key \(writer)", "v") } }
        }
        await Fixture.eventually { database.core.pool.waitingCount == 8 }
        let sum = await withTaskGroup(of: Int.self) { group in
            for number in 0..<100 { group.addTask { number } }
            return await group.reduce(0, +)
        }
        #expect(sum == 4950)
        #expect(database.core.pool.threadCount == DatabaseCore.asyncThreads)
        gate.release(.write)
        gate.release(.writeDurably)
        for task in tasks { try await task.value }
        #expect(try await database.read { $0.scan().count { _ in true } } == writers)
        try await database.close()
    }

    @Test func callsAreServedInTheOrderInWhichTheyCame() async throws {
        let database = try Database.inMemory()
        let door = Fixture.Door()
        let blocked = (0..<DatabaseCore.asyncThreads).map { _ in Task { try await database.read { _ in door.pass() } } }
        await door.arrivals(DatabaseCore.asyncThreads)
        var waiting: [Task<Int, any Error>] = []
        let order = Guarded<[Int]>([])
        for number in 0..<20 {
            waiting.append(
                Task {
                    try await database.read { _ in
                        order.withLock {
                            $0.append(number)
                            return $0.count
                        }
                    }
                })
            await Fixture.eventually { database.core.pool.waitingCount == number + 1 }
        }
        door.open()
        for task in blocked { try await task.value }
        for task in waiting { _ = try await task.value }
        // They are begun in order; threads may overtake each other by what lies between two of their instructions.
        #expect(Set(order.withLock { $0 }) == Set(0..<20))
        try await database.close()
    }

    @Test func aCloseEndsWhatWaitsAndLosesNothing() async throws {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let gate = GateDevice(base)
        let database = try EngineFixture.open(gate, background: true)
        gate.hold(.writeDurably)
        let writers = DatabaseCore.asyncThreads + 20
        let tasks = (0..<writers).map { writer in
            Task { try await database.write { try $0.put("key \(writer)", "v") } }
        }
        await Fixture.eventually { database.core.pool.waitingCount == 20 }
        let closing = Task { try await database.close() }
        await Fixture.eventually { database.core.pool.waitingCount == 0 }
        gate.release(.writeDurably)
        try await closing.value
        var committed = 0
        for task in tasks {
            guard let error = await Fixture.failure(of: task) else {
                committed += 1
                continue
            }
            #expect((error as? StoreError)?.code == .closed, "\(error)")
        }
        #expect(committed <= DatabaseCore.asyncThreads)
        await #expect { try await database.write { try $0.put("k", "v") } } throws: {
            ($0 as? StoreError)?.code == .closed
        }
        let reopened = try EngineFixture.open(try EngineFixture.copy(base))
        #expect(try await reopened.read { $0.scan().count { _ in true } } == committed)
    }

    @Test func writersAndAClosingTaskAllEnd() async throws {
        for round in 0..<20 {
            let base = MemoryDevice()
            try EngineFixture.format(base)
            let database = try EngineFixture.open(base, background: true)
            let committed = try await withThrowingTaskGroup(of: Int.self) { group in
                for writer in 0..<50 {
                    group.addTask {
                        do {
                            try await database.write(durability: .buffered) { try $0.put("key \(writer)", "v") }
                            return 1
                        } catch let error as StoreError where error.code == .closed {
                            return 0
                        }
                    }
                    if writer == round * 2 {
                        group.addTask {
                            try await database.close()
                            return 0
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            try await database.close()
            let reopened = try EngineFixture.open(try EngineFixture.copy(base))
            #expect(try await reopened.read { $0.scan().count { _ in true } } == committed, "round \(round)")
        }
    }

    @Test func aHandleThatIsLetGoIsClosedAfterItsCalls() async throws {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        func write() async throws {
            let database = try EngineFixture.open(base, background: true)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<40 {
                    group.addTask { try await database.write { try $0.put("key \(writer)", "v") } }
                }
                try await group.waitForAll()
            }
        }
        try await write()
        let reopened = try EngineFixture.open(try EngineFixture.copy(base))
        #expect(try await reopened.read { $0.scan().count { _ in true } } == 40)
    }

    @Test func whatACallHeldIsLetGoWhenItReturns() async throws {
        final class Held: Sendable {}
        struct Weak: Sendable { weak let held: Held? }
        let database = try Database.inMemory()
        func call() async throws -> Weak {
            let held = Held()
            try await database.read { _ in withExtendedLifetime(held) {} }
            return Weak(held: held)
        }
        for round in 0..<2_000 {
            let weak = try await call()
            #expect(weak.held == nil, "round \(round)")
        }
        try await database.close()
    }

    @Test func theClosureMayCloseTheDatabase() async throws {
        for isAsync in [false, true] {
            let database = try Database.inMemory()
            try await database.write { try $0.put("k", "v") }
            await #expect {
                try await database.write { t in
                    try t.put("k", "w")
                    try database.close()
                }
            } throws: {
                ($0 as? StoreError)?.code == .closed
            }
            if isAsync { try await database.close() }
        }
        let reading = try Database.inMemory()
        await #expect {
            try await reading.read { snapshot in
                try reading.close()
                _ = try snapshot.get("k")
            }
        } throws: {
            ($0 as? StoreError)?.code == .closed
        }
        for isCheck in [false, true] {
            let database = try Database.inMemory()
            try await database.write { t in
                for number in 0..<1_000 { try t.put("key \(number)", [UInt8](repeating: 1, count: 100)) }
            }
            try await database.flush()
            do {
                if isCheck {
                    _ = try await database.check { _ in try database.close() }
                } else {
                    try await database.compact { _ in try database.close() }
                }
            } catch let error as StoreError where error.code == .closed {}
            try await database.close()
        }
    }

    @Test func aDatabaseMayBeLetGoInAClosure() async throws {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let held = Guarded<Database?>(try EngineFixture.open(base, background: true))
        let core = try #require(held.withLock { $0 }).core
        let inside = Task {
            try await core.onOwnThread { cancellation in
                try core.write(
                    .init(
                        isolation: .serializable, label: nil, retry: .never, durability: nil, cancellation: cancellation
                    )
                ) { t in
                    try t.put("k", "v")
                    held.withLock { $0 = nil }
                }
            }
        }
        #expect((await Fixture.failure(of: inside) as? StoreError)?.code == .closed)
        #expect(try await EngineFixture.open(base).read { try $0.get("k") } == nil)
    }

    @Test func aTurnThatNeverEndsHoldsCallsUpForAWhileOnly() async throws {
        // Precedence is of transactions that run: none waits for a call that has no thread so far.
        let database = try Database.inMemory()
        let ticket = database.core.precedence.name(.all, for: nil)
        database.core.precedence.waitForTurn(ticket, lasting: 100_000_000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<2 * DatabaseCore.asyncThreads {
                group.addTask { try await database.write { try $0.put("key \(writer)", "v") } }
            }
            try await group.waitForAll()
        }
        #expect(try await database.read { $0.scan().count { _ in true } } == 2 * DatabaseCore.asyncThreads)
        database.core.precedence.end(ticket)
        try await database.close()
        await Fixture.eventually { database.core.pool.threadCount == 0 }
    }

    @Test func closingTwiceAtOnceIsClosingOnce() async throws {
        for _ in 0..<20 {
            let database = try Database.inMemory()
            try await database.write { try $0.put("k", "v") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask { try await database.close() }
                    group.addTask { try await Fixture.offPool { try database.close() } }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func progressIsReportedAndCanEndIt() async throws {
        struct Enough: Error {}
        let database = try Database.inMemory()
        try await database.write { t in
            for number in 0..<100 { try t.put("key \(number)", "v") }
        }
        let reports = Guarded(0)
        try await database.compact { _ in reports.withLock { $0 += 1 } }
        _ = try await database.check { _ in reports.withLock { $0 += 1 } }
        #expect(reports.withLock { $0 } >= 4)
        await #expect(throws: Enough.self) { try await database.compact { _ in throw Enough() } }
        await #expect(throws: Enough.self) { _ = try await database.check { _ in throw Enough() } }
        try await database.close()
    }
}
