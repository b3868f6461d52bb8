import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct FlushWaitTests {
    /// The leader decided to wait for the last memtable, and its flush was done before it began to.
    @Test func aLeaderDoesNotWaitForAFlushThatHasFinished() throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        try database.write { try $0.put("k", "1") }
        try database.flush()
        let ended = Guarded(false)
        let leader = try WorkerThread(name: "leader") {
            try? database.engine.waitForFlush(.log, of: 1)
            ended.withLock { $0 = true }
            ended.notifyAll()
        }
        let hasEnded = ended.wait(timeoutMilliseconds: 300_000) { $0 ? true : nil } ?? false
        #expect(hasEnded)
        if hasEnded { leader.join() }
        try database.close()
    }
}
