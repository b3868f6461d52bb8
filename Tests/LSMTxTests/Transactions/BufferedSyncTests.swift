import LSMTx
import LSMTxSimulation
import LSMTxTestSupport
import Testing

@Suite struct BufferedSyncTests {
    /// A durable write is under way, and a buffered commit waits behind it for longer than the keeper's interval. The
    /// keeper, which may come by at any moment of this, must have synced it in the end, though no other commit follows.
    @Test func aBufferedCommitBehindADurableOneIsSyncedInTheEnd() throws {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let device = GateDevice(base)
        let database = try EngineFixture.open(device, background: true)
        try database.write(durability: .sync) { try $0.put("first", "1") }
        device.hold(.writeDurably)
        let durable = try WorkerThread(name: "durable") {
            try? database.write(durability: .sync) { try $0.put("a", "1") }
        }
        try #require(device.waitUntilHeld(.writeDurably))
        let syncs = device.returned(.sync)
        let buffered = try WorkerThread(name: "buffered") {
            try? database.write(durability: .buffered) { try $0.put("b", "1") }
        }
        SystemClock.sleep(microseconds: 400_000)
        device.release(.writeDurably)
        durable.join()
        buffered.join()
        #expect(device.waitUntilReturned(.sync, count: syncs + 1))
        try database.close()
    }
}
