import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct StoreLanesTests {
    private static let failed = StoreError(.io, "The write-back failed.", remedy: "")
    private static let byte: [UInt8] = [1]

    @Test func afterAFailureOnOneLaneNoLaneChangesAnything() throws {
        for failing in 0..<4 {
            let base = MemoryDevice()
            let fault = FaultDevice(base)
            let lanes = try StoreLanes(over: fault)
            let all: [any StorageDevice] = [lanes.tables, lanes.segments, lanes.commits, lanes.values]
            for lane in all {
                try lane.write(Self.byte, at: 0)
                try lane.sync()
            }
            fault.setFault(FaultDevice.Fault(.sync, call: 0, .failure(.io)))
            #expect(throws: StoreError.self) { try all[failing].sync() }
            for lane in all {
                #expect(throws: StoreError.self) { try lane.sync() }
                #expect(throws: StoreError.self) { try lane.write(Self.byte, at: 0) }
                #expect(throws: StoreError.self) { try lane.writeDurably(Self.byte, at: 0) }
                #expect(try lane.readBytes(1, at: 0) == Self.byte)
            }
            #expect(fault.failureCount == 1)
        }
    }

    @Test func wantOfSpaceIsNoFailureUnlessASyncReportsIt() throws {
        let fault = FaultDevice(MemoryDevice())
        let lanes = try StoreLanes(over: fault)
        fault.setFault(FaultDevice.Fault(.reserve, call: 0, .failure(.diskFull)))
        #expect { try lanes.tables.reserve(FileRange(offset: 0, length: 1)) } throws: {
            ($0 as? StoreError)?.code == .diskFull
        }
        try lanes.tables.reserve(FileRange(offset: 0, length: 1))
        fault.setFault(FaultDevice.Fault(.sync, call: 0, .failure(.diskFull)))
        #expect { try lanes.commits.sync() } throws: { ($0 as? StoreError)?.code == .io }
        #expect { try lanes.tables.reserve(FileRange(offset: 0, length: 1)) } throws: {
            ($0 as? StoreError)?.code == .io
        }
    }

    /// The system reports a failed write-back once to each open file. Here a flush's sync takes the report of its own
    /// handle; the commit's sync, which began at the same time, must still get one.
    @Test func eachLaneHasAHandleOfItsOwn() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/file"
            let created = try PosixDevice.create(path: path) { device throws(StoreError) in
                #expect(try device.lock(exclusive: true) == nil)
            }
            let device = try #require(created)
            let other = try device.anotherHandle()
            #expect(other !== device)
            try other.write(Self.byte, at: 4096)
            try other.sync()
            #expect(try device.readBytes(1, at: 4096) == Self.byte)
            // The lock is the first handle's, whatever happens to the other one.
            other.close()
            let third = try PosixDevice.open(path: path, writable: true)
            #expect(try third.lock(exclusive: true)?.isThisProcess == true)
            third.close()
            device.close()
        }
    }

    @Test func syncsOfCommitsWaitForEachOther() throws {
        let gate = GateDevice(MemoryDevice())
        let lanes = try StoreLanes(over: gate)
        gate.hold(.sync)
        let first = try WorkerThread(name: "first") { try? lanes.commits.sync() }
        #expect(gate.waitUntilHeld(.sync))
        let second = try WorkerThread(name: "second") { try? lanes.commits.writeDurably(Self.byte, at: 0) }
        SystemClock.sleep(microseconds: 20_000)
        #expect(gate.returned(.writeDurably) == 0)
        gate.release(.sync)
        first.join()
        second.join()
        #expect(gate.returned(.writeDurably) == 1)
    }
}
