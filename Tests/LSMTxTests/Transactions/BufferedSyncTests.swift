import LSMTx
import LSMTxTestSupport
import Testing

@Suite struct BufferedSyncTests {
    /// A durable write is under way when the keeper comes by, and a buffered commit stands behind it: the keeper can
    /// cover nothing yet, and has to come again.
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
        let writes = device.returned(.write)
        let syncs = device.returned(.sync)
        let buffered = try WorkerThread(name: "buffered") {
            try? database.write(durability: .buffered) { try $0.put("b", "1") }
        }
        try #require(device.waitUntilReturned(.write, count: writes + 1))
        // Longer than the keeper's interval. On a machine where it is not, the keeper comes later, and the test passes.
        SystemClock.sleep(microseconds: 400_000)
        device.release(.writeDurably)
        durable.join()
        buffered.join()
        #expect(device.waitUntilReturned(.sync, count: syncs + 1))
        try database.close()
    }
}
