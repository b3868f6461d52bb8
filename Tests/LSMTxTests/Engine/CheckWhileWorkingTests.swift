import LSMTx
import LSMTxSimulation
import Testing

@Suite struct CheckWhileWorkingTests {
    #if DEBUG
    private static let flushes = 200
    #else
    private static let flushes = 600
    #endif

    /// Memtables are flushed and log segments used again all the time; a check must not take that for damage.
    @Test func aCheckFindsNothingWrongWhileTheStoreIsAtWork() throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        let isEnding = Guarded(false)
        let writer = try WorkerThread(name: "writer") {
            var round = 0
            while !isEnding.withLock({ $0 }) {
                try? database.write(durability: .buffered) { t in
                    for key in 0..<20 { try t.put("k\(key)", [UInt8](repeating: UInt8(round & 255), count: 400)) }
                }
                round += 1
                SystemClock.sleep(microseconds: 200)
            }
        }
        var findings: [Finding] = []
        while findings.isEmpty, try database.statistics.flushes < Self.flushes {
            findings += try database.check().findings
        }
        isEnding.withLock { $0 = true }
        writer.join()
        try database.close()
        #expect(findings.isEmpty, "\(findings)")
    }
}
