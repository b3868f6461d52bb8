import LSMTx
import LSMTxSimulation
import LSMTxTestSupport
import Testing

@Suite struct TracingDeviceTests {
    @Test func callsAreRememberedInOrderWithTheirRanges() throws {
        let device = TracingDevice(MemoryDevice())
        try device.reserve(FileRange(offset: 0, length: 100))
        try device.write([1, 2, 3], at: 10)
        try device.sync()
        #expect(try device.readBytes(5, at: 9) == [0, 1, 2, 3, 0])
        try device.truncate(to: 50)
        let expected = [
            DeviceCall(.reserve, FileRange(offset: 0, length: 100)), DeviceCall(.write, at: 10, count: 3),
            DeviceCall(.sync), DeviceCall(.read, at: 9, count: 5), DeviceCall(.truncate, at: 50, count: 0),
        ]
        #expect(device.calls == expected)
        #expect(device.takeCalls() == expected)
        #expect(device.calls.isEmpty)
        #expect("\(expected[1])" == "write [10, 13)" && "\(expected[2])" == "sync")
    }

    @Test func aFailedCallIsNotRemembered() throws {
        let faulty = FaultDevice(MemoryDevice(), fault: .init(.write, call: 0, .failure(.io)))
        let device = TracingDevice(faulty)
        #expect(throws: StoreError.self) { try device.write([1], at: 0) }
        try device.sync()
        #expect(device.calls == [DeviceCall(.sync)])
    }
}
