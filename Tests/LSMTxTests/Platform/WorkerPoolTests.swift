import LSMTx
import LSMTxTestSupport
import Testing

/// Jobs of a pool have their turn exactly once, whatever else happens.
@Suite struct WorkerPoolTests {
    private static let ended = StoreError(.closed, "It has ended.", remedy: "None.")

    private final class Turns: Sendable {
        private let counts = Guarded<[String: Int]>([:])

        func note(_ turn: WorkerPool.Turn) {
            let name =
                switch turn {
                case .run: "run"
                case .withdrawn: "withdrawn"
                case .refused: "refused"
                }
            counts.withLock { $0[name, default: 0] += 1 }
            counts.notifyAll()
        }

        func wait(for total: Int) -> [String: Int] {
            counts.wait { $0.values.reduce(0, +) >= total ? $0 : nil } ?? [:]
        }
    }

    @Test func threadsAreStartedOnDemandUpToTheBound() {
        let pool = WorkerPool(name: "test", limit: 3)
        #expect(pool.threadCount == 0)
        let door = AsyncFixture.Door()
        let turns = Turns()
        for number in 1...5 {
            pool.submit { turn in
                door.pass()
                turns.note(turn)
            }
            #expect(pool.threadCount == min(number, 3))
        }
        door.open()
        #expect(turns.wait(for: 5) == ["run": 5])
        // Idle ones take what comes next.
        pool.submit { turns.note($0) }
        #expect(turns.wait(for: 6) == ["run": 6])
        #expect(pool.threadCount <= 3)
    }

    @Test func idleThreadsEnd() {
        let pool = WorkerPool(name: "test", limit: 4, idleMilliseconds: 1)
        let turns = Turns()
        for round in 1...50 {
            pool.submit { turns.note($0) }
            _ = turns.wait(for: round)
            // Sometimes the thread has ended, sometimes it is about to.
            SystemClock.sleep(microseconds: (round % 5) * 500)
        }
        while pool.threadCount > 0 { SystemClock.sleep(microseconds: 500) }
        pool.submit { turns.note($0) }
        #expect(turns.wait(for: 51) == ["run": 51])
    }

    @Test func aWithdrawnJobIsToldAndNotRun() {
        let pool = WorkerPool(name: "test", limit: 1)
        let door = AsyncFixture.Door()
        let turns = Turns()
        let first = pool.submit { turn in
            door.pass()
            turns.note(turn)
        }
        let tickets = (0..<10).map { _ in pool.submit { turns.note($0) } }
        for ticket in tickets.dropFirst(3) { pool.withdraw(ticket) }
        #expect(turns.wait(for: 7) == ["withdrawn": 7])
        for ticket in tickets.dropFirst(3) { pool.withdraw(ticket) }
        pool.withdraw(0)
        door.open()
        #expect(turns.wait(for: 11) == ["withdrawn": 7, "run": 4])
        pool.withdraw(first)
        #expect(turns.wait(for: 11) == ["withdrawn": 7, "run": 4])
    }

    @Test func whatWaitsIsRefusedAtTheEndAndWhatIsAtWorkGoesThrough() {
        let pool = WorkerPool(name: "test", limit: 2)
        let door = AsyncFixture.Door()
        let turns = Turns()
        for _ in 0..<2 {
            pool.submit { turn in
                door.pass()
                turns.note(turn)
            }
        }
        while pool.waitingCount > 0 { SystemClock.sleep(microseconds: 500) }
        for _ in 0..<5 { pool.submit { turns.note($0) } }
        pool.shutDown(refusing: Self.ended)
        #expect(turns.wait(for: 5) == ["refused": 5])
        pool.submit { turns.note($0) }
        #expect(turns.wait(for: 6) == ["refused": 6])
        door.open()
        #expect(turns.wait(for: 8) == ["refused": 6, "run": 2])
        while pool.threadCount > 0 { SystemClock.sleep(microseconds: 500) }
    }

    @Test func noJobIsLostWhenAllHappensAtOnce() throws {
        for round in 0..<20 {
            let pool = WorkerPool(name: "test", limit: 3, idleMilliseconds: 1)
            let turns = Turns()
            let each = 300
            var submitters: [WorkerThread] = []
            for submitter in 0..<3 {
                submitters.append(
                    try WorkerThread(name: "submit") {
                        for number in 0..<each {
                            let ticket = pool.submit { turns.note($0) }
                            if (number + submitter) % 3 == 0 { pool.withdraw(ticket) }
                            if number % 100 == 99 { SystemClock.sleep(microseconds: 1500) }
                        }
                    })
            }
            if round % 2 == 0 { pool.shutDown(refusing: Self.ended) }
            for submitter in submitters { submitter.join() }
            #expect(turns.wait(for: 3 * each).values.reduce(0, +) == 3 * each, "round \(round)")
        }
    }
}
