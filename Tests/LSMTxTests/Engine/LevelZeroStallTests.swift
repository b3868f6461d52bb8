import LSMTx
import LSMTxSimulation
import Testing

/// Writers that are stopped because level 0 is too long.
@Suite struct LevelZeroStallTests {
    private static func open(_ device: any StorageDevice) throws -> Database {
        var options = EngineFixture.options(background: true)
        options.levelZeroStop = options.levelZeroTables
        return try Database(device: device, path: nil, configuration: EngineFixture.configuration, options: options)
    }

    /// A compaction that finds no space shortens nothing, and nobody would ever wake who waits for it. The space ends
    /// at another call each time: in a flush, or in the compaction behind it.
    @Test(arguments: 0..<12) func theyAreToldThatACompactionFindsNoSpace(call: Int) throws {
        let device = FaultDevice(MemoryDevice())
        try EngineFixture.format(device)
        let database = try Self.open(device)
        let value = [UInt8](repeating: 7, count: 1000)
        @Sendable func write(_ round: Int) throws {
            try database.write { t in for key in 0..<30 { try t.put("key \(key) of \(round)", value) } }
        }
        for round in 0..<3 {
            try write(round)
            try database.flush()
        }
        device.setFault(FaultDevice.Fault(.reserve, call: call, isSticky: true, .failure(.diskFull)))
        let outcome = Guarded<StoreError.Code??>(nil)
        let writer = try WorkerThread(name: "writer") {
            let code = EngineFixture.code { for round in 3..<100 { try write(round) } }
            outcome.withLock { $0 = .some(code) }
            outcome.notifyAll()
        }
        let ended: StoreError.Code?? = outcome.wait(timeoutMilliseconds: 300_000) { $0 }
        #expect(ended == .some(.some(.diskFull)))
        device.setFault(nil)
        writer.join()
        // The worker tries again every second, and until then writers are told what it found last.
        var tries = 0
        while EngineFixture.code({ try write(100) }) == .diskFull, tries < 600 {
            SystemClock.sleep(microseconds: 50_000)
            tries += 1
        }
        #expect(try database.read { try $0.get("key 0 of 100") } != nil)
        #expect(try database.check().findings.isEmpty)
        try database.close()
    }
}
