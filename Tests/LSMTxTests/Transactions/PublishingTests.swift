import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct PublishingTests {
    /// A sync publishes the groups behind it all at once, some outside of the lock under which it looked first. Whoever
    /// waits for the last of them is woken, though nobody commits afterwards.
    @Test func whoWaitsForTheLastOfManyGroupsIsWoken() throws {
        for round in 0..<30 {
            let device = GateDevice(MemoryDevice())
            try EngineFixture.format(device)
            let database = try EngineFixture.open(device)
            var threads: [WorkerThread] = []
            func commit(_ durability: Durability) throws {
                let writes = device.returned(.write)
                threads.append(
                    try WorkerThread(name: "commit") {
                        try? database.write(durability: durability) { try $0.put("k", "v") }
                    })
                try #require(device.waitUntilReturned(.write, count: writes + 1))
            }
            try commit(.buffered)
            device.hold(.sync)
            try commit(.sync)
            try #require(device.waitUntilHeld(.sync))
            for _ in 0..<14 { try commit(.buffered) }
            // The threads tell the pipeline that their writes have returned, which nothing shows from outside.
            SystemClock.sleep(microseconds: 5_000)
            let last = database.engine.stampedTimestamp
            let woken = Guarded(0)
            var waiters: [WorkerThread] = []
            for _ in 0..<4 {
                waiters.append(
                    try WorkerThread(name: "waiter") {
                        database.core.pipeline?.waitUntilPublished(last)
                        woken.withLock { $0 += 1 }
                        woken.notifyAll()
                    })
            }
            SystemClock.sleep(microseconds: 2_000)
            device.release(.sync)
            for thread in threads { thread.join() }
            let areWoken = woken.wait(timeoutMilliseconds: 300_000) { $0 == waiters.count ? true : nil }
            #expect(areWoken == true, "round \(round)")
            // Wakes them in any case.
            try database.write(durability: .buffered) { try $0.put("k", "w") }
            for waiter in waiters { waiter.join() }
            try database.close()
            guard areWoken == true else { return }
        }
    }
}
