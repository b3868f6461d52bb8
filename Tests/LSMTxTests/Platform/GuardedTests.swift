import Testing

@testable import LSMTx

@Suite struct GuardedTests {
    @Test func threadsDoNotInterleaveUnderTheLock() throws {
        let count = Guarded(0)
        let threads = try (0..<4).map { _ in
            try WorkerThread(name: "test") { for _ in 0..<5_000 { count.withLock { $0 += 1 } } }
        }
        for thread in threads { thread.join() }
        #expect(count.withLock { $0 } == 20_000)
    }

    @Test func aThrownErrorKeepsItsTypeAndReleasesTheLock() {
        let value = Guarded(1)
        let failure = StoreError(.misuse, "no", remedy: "")
        do throws(StoreError) {
            try value.withLock { value throws(StoreError) in
                value = 2
                throw failure
            }
        } catch {
            #expect(error == failure)
        }
        #expect(value.withLock { $0 } == 2)
    }

    @Test func aWaiterWakesWhenTheStateSuitsIt() throws {
        let queue = Guarded<[Int]>([])
        let taken = Guarded<[Int]>([])
        let consumers = try (0..<3).map { _ in
            try WorkerThread(name: "consumer") {
                while let next = queue.wait(for: { $0.isEmpty ? nil : $0.removeFirst() }), next >= 0 {
                    taken.withLock { $0.append(next) }
                }
            }
        }
        for number in Array(0..<500) + [-1, -1, -1] {
            queue.withLock { $0.append(number) }
            queue.notifyAll()
        }
        for consumer in consumers { consumer.join() }
        #expect(taken.withLock { $0.sorted() } == Array(0..<500))
    }

    @Test(arguments: [0, 1, 15])
    func aWaitWithALimitEnds(milliseconds: Int) {
        let value = Guarded(0)
        var looks = 0
        let result: Int? = value.wait(timeoutMilliseconds: milliseconds) { _ in
            looks += 1
            return nil
        }
        #expect(result == nil)
        // Once before the wait and once after its end.
        #expect(looks >= 2)
    }

    @Test func aStateThatSuitsIsTakenWithoutWaiting() {
        let value = Guarded(7)
        #expect(value.wait(timeoutMilliseconds: 0) { $0 } == 7)
        #expect(value.wait { $0 == 7 ? "seven" : nil } == "seven")
    }
}
