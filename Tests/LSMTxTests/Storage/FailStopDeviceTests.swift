import LSMTx
import LSMTxSimulation
import LSMTxTestSupport
import Testing

@Suite struct FailStopDeviceTests {
    @Test func aDurableWriteThatWasUnderWayWhenASyncFailedIsNotBelieved() throws {
        let gate = GateDevice(MemoryDevice())
        let faults = FaultDevice(gate)
        let device = FailStopDevice(faults)
        let outcome = Guarded(StoreError.Code?.none)
        gate.hold(.writeDurably)
        let writer = try WorkerThread(name: "writer") {
            let code = EngineFixture.code { try device.writeDurably([1, 2, 3], at: 0) }
            outcome.withLock { $0 = code }
        }
        try #require(gate.waitUntilHeld(.writeDurably))
        faults.setFault(FaultDevice.Fault(.sync, call: 0, .failure(.io)))
        #expect(EngineFixture.code { try device.sync() } == .io)
        gate.release(.writeDurably)
        writer.join()
        #expect(outcome.withLock { $0 } == .io)
        #expect(EngineFixture.code { try device.sync() } == .io)
    }

    /// The failed sync takes the commit's bytes with it, and the commit's own write is told nothing.
    @Test func aCommitIsNotAcknowledgedWhenASyncOfOthersHasLostIt() throws {
        let base = CrashDevice()
        try EngineFixture.format(base)
        let faults = FaultDevice(base)
        let database = try EngineFixture.open(faults)
        try database.write { try $0.put("first", "1") }
        let isHeld = Guarded(false)
        let isReleased = Guarded(false)
        base.onCrashPoint { point in
            guard point.moment == .beforeDurableWrite else { return }
            isHeld.withLock { $0 = true }
            isHeld.notifyAll()
            _ = isReleased.wait { $0 ? true : nil }
        }
        let isAcknowledged = Guarded(false)
        let writer = try WorkerThread(name: "writer") {
            guard (try? database.write(.serializable, { try $0.put("second", "2") })) != nil else { return }
            isAcknowledged.withLock { $0 = true }
        }
        _ = isHeld.wait { $0 ? true : nil }
        faults.setFault(FaultDevice.Fault(.sync, call: 0, .failure(.io)))
        #expect(EngineFixture.code { try database.engine.file.device.sync() } == .io)
        isReleased.withLock { $0 = true }
        isReleased.notifyAll()
        writer.join()
        let left = base.crashImage(choosing: .nothing)
        try? database.close()
        let reopened = try EngineFixture.open(left)
        let survived = try reopened.read { try $0.get("second") } != nil
        #expect(survived || !isAcknowledged.withLock { $0 })
        try reopened.close()
    }
}
