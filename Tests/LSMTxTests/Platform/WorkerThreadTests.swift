import LSMTxSimulation
import Testing

@testable import LSMTx

@Suite struct WorkerThreadTests {
    @Test func joiningWaitsForTheBodyAndMayBeRepeated() throws {
        let done = Guarded(false)
        let thread = try WorkerThread(name: "test") {
            _ = done.wait(timeoutMilliseconds: 20) { _ in nil as Bool? }
            done.withLock { $0 = true }
        }
        thread.join()
        #expect(done.withLock { $0 })
        thread.join()
    }

    @Test func severalThreadsMayJoinOne() throws {
        let released = Guarded(false)
        let ended = Guarded(0)
        let thread = try WorkerThread(name: "test") {
            _ = released.wait { $0 ? true : nil }
            ended.withLock { $0 += 1 }
        }
        let joiners = try (0..<3).map { _ in
            try WorkerThread(name: "joiner") {
                thread.join()
                ended.withLock { $0 += $0 > 0 ? 1 : 100 }
            }
        }
        released.withLock { $0 = true }
        released.notifyAll()
        for joiner in joiners { joiner.join() }
        #expect(ended.withLock { $0 } == 4)
    }

    @Test func aThreadThatNobodyJoinsStillRuns() throws {
        let done = Guarded(false)
        _ = try WorkerThread(name: "test") {
            done.withLock { $0 = true }
            done.notifyAll()
        }
        #expect(done.wait { $0 ? true : nil } == true)
    }

    #if os(Linux)
    @Test func theNameIsShownToDebuggers() throws {
        let name = Guarded("")
        let thread = try WorkerThread(name: "a-rather-long-name") {
            // The device reads regular files only, which this one claims to be.
            let file = try? PosixDevice.open(path: "/proc/thread-self/comm", writable: false)
            let bytes = (try? file?.readBytes(64, at: 0)) ?? []
            name.withLock { $0 = String(decoding: bytes, as: UTF8.self) }
        }
        thread.join()
        #expect(name.withLock { $0 } == "lsmtx-a-rather-\n")
    }
    #endif

    @Test func theClocksMoveForward() {
        var last = SystemClock.monotonicNanoseconds
        for _ in 0..<10_000 {
            let now = SystemClock.monotonicNanoseconds
            #expect(now >= last)
            last = now
        }
        // The first of January 2024.
        #expect(SystemClock.wallMilliseconds > 1_704_067_200_000)
    }
}
