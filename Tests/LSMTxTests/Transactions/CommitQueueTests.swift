import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct CommitQueueTests {
    private final class Shared: @unchecked Sendable {
        // @unchecked: `order` and `leaders` are only touched by the thread that holds the baton, which is what is tested.
        let queue = CommitQueue()
        var order: [Timestamp] = []
        var leaders = 0
        var largestGroup = 0

        func commit(_ request: CommitQueue.Request) {
            if queue.arrive(request) { lead() }
            while request.waitForPhase() != CommitRequest.Phase.done {
                request.resetPhase()
                lead()
            }
        }

        private func lead() {
            leaders += 1
            precondition(leaders == 1, "two threads lead")
            var next = queue.takeAll()
            var taken: [CommitQueue.Request] = []
            // Every third group is cut off, so that requests are left to the next leader.
            let limit = order.count % 3 == 0 ? 1 : Int.max
            while let request = next, taken.count < limit {
                next = request.pointee.next
                taken.append(request)
            }
            queue.leave(next)
            largestGroup = max(largestGroup, taken.count)
            for request in taken { order.append(request.pointee.validatedUpTo) }
            leaders -= 1
            queue.passBaton()
            for request in taken {
                request.pointee.outcome = .committed
                request.enter(CommitRequest.Phase.done)
            }
        }
    }

    @Test(.timeLimit(.minutes(2))) func everyRequestIsServedOnceByOneLeaderAtATime() throws {
        #if DEBUG
        let rounds = 2_000
        #else
        let rounds = 50_000
        #endif
        let shared = Shared()
        var threads: [WorkerThread] = []
        for thread in 0..<6 {
            threads.append(
                try WorkerThread(name: "committer") {
                    let hash = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
                    hash.initialize(to: 0)
                    let request = CommitQueue.Request.allocate(capacity: 1)
                    for round in 0..<rounds {
                        request.initialize(
                            to: CommitRequest(
                                operations: .empty, operationCount: 0, hashes: hash, memtableBytes: 0, conflictSet: nil,
                                validatedUpTo: Timestamp(rawValue: UInt64(round * 8 + thread)), isDurable: false))
                        shared.commit(request)
                        request.deinitialize(count: 1)
                    }
                    request.deallocate()
                    hash.deallocate()
                })
        }
        for thread in threads { thread.join() }
        #expect(shared.order.count == 6 * rounds)
        for thread in 0..<6 {
            let own = shared.order.map(\.rawValue).filter { $0 % 8 == UInt64(thread) }
            #expect(own == (0..<rounds).map { UInt64($0 * 8 + thread) }, "thread \(thread) was served out of order")
        }
    }
}
