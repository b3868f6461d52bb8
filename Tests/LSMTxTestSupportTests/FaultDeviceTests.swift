import LSMTx
import LSMTxSimulation
import Testing

@Suite struct FaultDeviceTests {
    private static func code(_ body: () throws(StoreError) -> Void) -> StoreError.Code? {
        do throws(StoreError) {
            try body()
            return nil
        } catch {
            return error.code
        }
    }

    /// Calls every function that can throw, and returns the codes of what it threw.
    private static func exercise(_ device: FaultDevice) -> [StoreError.Code?] {
        let range = FileRange(offset: 0, length: 8)
        return [
            code { () throws(StoreError) in _ = try device.length() },
            code { () throws(StoreError) in _ = try device.readBytes(4, at: 0) },
            code { () throws(StoreError) in try device.write([1, 2, 3, 4], at: 0) },
            code { () throws(StoreError) in try device.writeDurably([5, 6, 7, 8], at: 4) },
            code { () throws(StoreError) in try device.sync() },
            code { () throws(StoreError) in try device.reserve(range) },
            code { () throws(StoreError) in try device.punch(range) },
            code { () throws(StoreError) in try device.truncate(to: 4) },
            code { () throws(StoreError) in _ = try device.lock(exclusive: true) },
        ]
    }

    @Test func withoutAFaultNothingFails() {
        let device = FaultDevice(MemoryDevice())
        #expect(Self.exercise(device).allSatisfy { $0 == nil })
        #expect(device.callCount() == DeviceCall.Kind.throwing.count)
        #expect(device.failureCount == 0)
    }

    @Test(arguments: DeviceCall.Kind.throwing)
    func eachKindFailsOnceAndAlone(kind: DeviceCall.Kind) {
        let device = FaultDevice(MemoryDevice(), fault: .init(kind, call: 1, .failure(.diskFull)))
        #expect(Self.exercise(device).allSatisfy { $0 == nil })
        let second = Self.exercise(device)
        #expect(second.filter { $0 == .diskFull }.count == 1)
        #expect(second[DeviceCall.Kind.throwing.firstIndex(of: kind)!] == .diskFull)
        #expect(Self.exercise(device).allSatisfy { $0 == nil })
        #expect(device.failureCount == 1)
        #expect(device.callCount(kind) == 3)
    }

    @Test func everyCallFailsFromAStickyOneOnUntilTheRepair() {
        let count = DeviceCall.Kind.throwing.count
        for call in 0..<count {
            let device = FaultDevice(MemoryDevice(), fault: .init(nil, call: call, isSticky: true, .failure(.io)))
            let codes = Self.exercise(device)
            #expect(codes.firstIndex { $0 != nil } == call)
            #expect(codes[call...].allSatisfy { $0 == .io })
            device.setFault(nil)
            #expect(Self.exercise(device).allSatisfy { $0 == nil })
        }
    }

    @Test func aWriteCanStopHalfway() throws {
        for kind in [DeviceCall.Kind.write, .writeDurably] {
            let base = CrashDevice([9, 9, 9, 9])
            let device = FaultDevice(base, fault: .init(kind, call: 0, .failureHalfway(.io)))
            let code = Self.code { () throws(StoreError) in
                try kind == .write ? device.write([1, 2, 3, 4], at: 0) : device.writeDurably([1, 2, 3, 4], at: 0)
            }
            #expect(code == .io)
            #expect(try base.readAll() == [1, 2, 9, 9])
            #expect(try base.crashImage(choosing: .nothing).readAll() == [9, 9, 9, 9])
        }
    }

    @Test func aShortReadLooksLikeTheEndOfTheFile() throws {
        let device = FaultDevice(CrashDevice([1, 2, 3, 4]), fault: .init(nil, call: 0, isSticky: true, .shortRead))
        #expect(try device.readBytes(4, at: 0) == [1, 2])
        try device.write([5], at: 0)
        device.setFault(nil)
        #expect(try device.readBytes(4, at: 0) == [5, 2, 3, 4])
    }

    @Test func aFailedSyncLosesWhatALaterOneWouldHaveSaved() throws {
        let base = CrashDevice([1])
        let device = FaultDevice(base, fault: .init(.sync, call: 0, .failure(.io)))
        try device.write([2], at: 0)
        #expect(throws: StoreError.self) { try device.sync() }
        try device.sync()
        #expect(try base.crashImage(choosing: .nothing).readAll() == [1])
        #expect(try base.crashImage(choosing: .everything).readAll() == [2])
    }
}
