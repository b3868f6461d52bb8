import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct PrecedenceTests {
    private static func range(_ low: String, _ high: String) -> KeyRange {
        KeyRange(from: Array(low.utf8), upTo: Array(high.utf8))
    }

    private static func writes(_ key: String) -> WriteSet {
        let writes = WriteSet()
        Array(key.utf8).withUnsafeBytes { writes.put(key: BorrowedBytes($0), value: .empty) }
        return writes
    }

    private static let long: UInt64 = 900_000_000

    /// Runs `body` on a thread, and says after a while whether it is done.
    private final class Waiter {
        private let isDone = Guarded(false)
        private let thread: WorkerThread

        init(_ body: @escaping @Sendable () -> Void) throws {
            let isDone = isDone
            thread = try WorkerThread(name: "waiter") {
                body()
                isDone.withLock { $0 = true }
            }
        }

        /// Not done, for as long as it takes to tell.
        var waits: Bool {
            SystemClock.sleep(microseconds: 30_000)
            return !isDone.withLock { $0 }
        }

        func join() { thread.join() }
    }

    @Test func turnsComeInOrderOfAge() throws {
        let precedence = Precedence()
        let first = precedence.name(Self.range("a", "c"), for: nil)
        precedence.waitForTurn(first, lasting: Self.long)
        let second = precedence.name(Self.range("b", "d"), for: nil)
        let other = precedence.name(Self.range("x", "y"), for: nil)
        let waiter = try Waiter { precedence.waitForTurn(second, lasting: Self.long) }
        // Its keys are nobody else's.
        precedence.waitForTurn(other, lasting: Self.long)
        #expect(waiter.waits)
        precedence.end(first)
        waiter.join()
        precedence.end(second)
        precedence.end(other)
        #expect(precedence.count == 0)
    }

    @Test func commitsWaitForWhoGoesFirst() throws {
        let precedence = Precedence()
        let ticket = precedence.name(Self.range("a", "c"), for: nil)
        precedence.waitForTurn(ticket, lasting: Self.long)
        let waiter = try Waiter {
            let writes = Self.writes("b")
            defer { writes.deallocate() }
            precedence.waitToCommit(writes, ticket: nil)
        }
        let elsewhere = Self.writes("c")
        defer { elsewhere.deallocate() }
        precedence.waitToCommit(elsewhere, ticket: nil)
        let own = Self.writes("a")
        defer { own.deallocate() }
        precedence.waitToCommit(own, ticket: ticket)
        #expect(waiter.waits)
        precedence.end(ticket)
        waiter.join()
    }

    @Test func theOlderOfTwoNeverWaitsForTheYounger() {
        let precedence = Precedence()
        let older = precedence.name(Self.range("a", "b"), for: nil)
        let younger = precedence.name(Self.range("x", "y"), for: nil)
        precedence.waitForTurn(older, lasting: Self.long)
        precedence.waitForTurn(younger, lasting: Self.long)
        let writes = Self.writes("x")
        defer { writes.deallocate() }
        precedence.waitToCommit(writes, ticket: older)
        precedence.end(older)
        precedence.end(younger)
    }

    @Test func nobodyIsHeldUpForLongerThanAllowed() {
        let precedence = Precedence()
        let ticket = precedence.name(.all, for: nil)
        precedence.waitForTurn(ticket, lasting: 30_000_000)
        let writes = Self.writes("k")
        defer { writes.deallocate() }
        let started = SystemClock.monotonicNanoseconds
        precedence.waitToCommit(writes, ticket: nil)
        #expect(SystemClock.monotonicNanoseconds - started >= 29_000_000)
        // A younger one has its turn too, and a turn begins at its deadline whoever holds the keys.
        let younger = precedence.name(.all, for: nil)
        precedence.waitForTurn(younger, lasting: Self.long)
        let last = precedence.name(.all, for: nil)
        precedence.waitForTurn(last, lasting: Self.long, deadline: SystemClock.monotonicNanoseconds + 20_000_000)
        for ticket in [ticket, younger, last] { precedence.end(ticket) }
    }

    /// A commit waits for those who were there before it, not for those who come after.
    @Test func aQueueOfTicketsHoldsNoCommitUpForEver() throws {
        let precedence = Precedence()
        let first = precedence.name(.all, for: nil)
        precedence.waitForTurn(first, lasting: Self.long)
        let waiter = try Waiter {
            let writes = Self.writes("k")
            defer { writes.deallocate() }
            precedence.waitToCommit(writes, ticket: nil)
        }
        #expect(waiter.waits)
        let second = precedence.name(.all, for: nil)
        precedence.end(first)
        precedence.waitForTurn(second, lasting: Self.long)
        waiter.join()
        precedence.end(second)
    }

    /// The one before it has not begun its turn when it goes to sleep, so that it does not know then for how long.
    @Test func aTurnThatBeginsLaterHoldsNobodyUpForLongerThanAllowed() throws {
        let precedence = Precedence()
        let older = precedence.name(.all, for: nil)
        let younger = precedence.name(.all, for: nil)
        let isThrough = Guarded(false)
        let thread = try WorkerThread(name: "younger") {
            precedence.waitForTurn(younger, lasting: Self.long)
            isThrough.withLock { $0 = true }
            isThrough.notifyAll()
        }
        SystemClock.sleep(microseconds: 30_000)
        precedence.waitForTurn(older, lasting: 30_000_000)
        #expect(isThrough.wait(timeoutMilliseconds: 20_000) { $0 ? true : nil } == true)
        precedence.end(older)
        thread.join()
        precedence.end(younger)
    }
}
