import LSMTx
import LSMTxSimulation
import LSMTxTestSupport
import Testing

@Suite struct CommitPipelineTests {
    /// What happens, thread by thread; the device holds calls back to make it so:
    ///
    ///     B buffered  written
    ///     C durable       written . . . . . . . . . . syncs, done
    ///     D buffered              written, in a new sector
    ///     E buffered                                        written, in D's last sector
    ///
    /// C's sync reaches D's bytes. Were D's end then taken for durable, the write of E, which the power interrupts, would
    /// have destroyed a sector on which someone relies, and a record after E would call that damage.
    @Test func aSectorThatIsSaidToBeDurableIsNeverWrittenAgain() throws {
        let base = CrashDevice()
        try EngineFixture.format(base)
        let device = GateDevice(base)
        let database = try EngineFixture.open(device)
        try database.write { try $0.put("first", "1") }
        var threads: [WorkerThread] = []
        func commit(_ key: String, _ durability: Durability, bytes: Int = 10) throws {
            threads.append(
                try WorkerThread(name: key) {
                    try? database.write(durability: durability) { t in
                        try t.put(key, [UInt8](repeating: 1, count: bytes))
                    }
                })
        }
        var writes = device.returned(.write)
        func commitAndWaitForWrite(_ key: String, _ durability: Durability, bytes: Int = 10) throws {
            try commit(key, durability, bytes: bytes)
            writes += 1
            try #require(device.waitUntilReturned(.write, count: writes))
        }
        try commitAndWaitForWrite("b", .buffered)
        device.hold(.sync)
        try commitAndWaitForWrite("c", .sync)
        try #require(device.waitUntilHeld(.sync))
        try commitAndWaitForWrite("d", .buffered)
        // D's thread tells the pipeline that its write has returned, which nothing shows from outside.
        SystemClock.sleep(microseconds: 20_000)
        device.release(.sync)
        threads[1].join()
        try commitAndWaitForWrite("e", .buffered, bytes: 700)
        for thread in threads { thread.join() }

        device.hold(.sync)
        let beforeLast = base.crashPoint()
        try commitAndWaitForWrite("f", .sync)
        _ = beforeLast
        let point = base.crashPoint()
        device.release(.sync)
        for thread in threads { thread.join() }
        try database.close()

        for point in [beforeLast, point] {
            for sector in point.unsyncedSectors {
                for fate in [SectorFate.version(0), .garbage(seed: sector)] {
                    let image = point.image(CrashChoice(.new, fates: [sector: fate]))
                    do {
                        let reopened = try EngineFixture.open(image)
                        for key in ["first", "b", "c"] {
                            #expect(try reopened.read { try $0.get(key) } != nil, "\(key), sector \(sector) \(fate)")
                        }
                        try reopened.close()
                    } catch {
                        Issue.record("sector \(sector) \(fate): \(error)")
                    }
                }
            }
        }
    }
}
