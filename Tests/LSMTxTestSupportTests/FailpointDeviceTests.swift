import LSMTx
import LSMTxSimulation
import Testing

@Suite struct FailpointDeviceTests {
    /// Between the superblocks.
    private static let place: UInt64 = 8192
    private static let sector = place / UInt64(CrashDevice.sectorBytes)

    private let disk = CrashDevice([UInt8](repeating: 0, count: 16384))
    private let failpoints = Failpoints()
    private var device: FailpointDevice { FailpointDevice(disk, disk: disk, failpoints: failpoints) }

    private func code(_ body: () throws(StoreError) -> Void) -> StoreError.Code? {
        do throws(StoreError) {
            try body()
            return nil
        } catch {
            return error.code
        }
    }

    private func arm(_ place: Failpoint.Place, _ action: Failpoint.Action) throws {
        failpoints.arm(try #require(Failpoint(place, action)))
    }

    @Test func aFailpointIsPassedOnceAndInItsActivityOnly() throws {
        try arm(.flushWrite, .fail)
        #expect(code { () throws(StoreError) in try device.write([1], at: Self.place) } == nil)
        failpoints.during(.flush) {
            #expect(code { () throws(StoreError) in try device.sync() } == nil)
            #expect(code { () throws(StoreError) in try device.write([2], at: Self.place) } == .io)
            #expect(code { () throws(StoreError) in try device.write([3], at: Self.place + 1) } == nil)
        }
        #expect(try disk.readBytes(2, at: Self.place) == [1, 3])
    }

    @Test func aTornWriteIsTheLast() throws {
        try arm(.logAppend, .torn)
        failpoints.during(.commit) {
            #expect(code { () throws(StoreError) in try device.writeDurably([1, 2, 3, 4], at: Self.place + 8) } == .io)
        }
        #expect(try disk.readBytes(4, at: Self.place + 8) == [1, 2, 0, 0])
        #expect(disk.crashPoint().unsyncedSectors == [Self.sector])
        #expect(code { () throws(StoreError) in try device.write([1], at: Self.place) } == .io)
        #expect(code { () throws(StoreError) in try device.sync() } == .io)
        #expect(code { () throws(StoreError) in try device.truncate(to: 0) } == .io)
        #expect(try device.length() == 16384)
        failpoints.restorePower()
        #expect(code { () throws(StoreError) in try device.sync() } == nil)
    }

    @Test func afterAFailedSyncNobodyKnowsWhatIsDurable() throws {
        try device.write([1], at: Self.place)
        try arm(.logSync, .fail)
        failpoints.during(.commit) {
            #expect(code { () throws(StoreError) in try device.writeDurably([2], at: Self.place + 1024) } == .io)
        }
        #expect(try disk.readBytes(1, at: Self.place + 1024) == [2])
        try device.sync()
        #expect(disk.crashPoint().unsyncedSectors == [Self.sector, Self.sector + 2])
    }

    @Test func aSuperblockIsOfNoActivity() throws {
        let slot = try #require(SuperblockSlots.extents.first).offset
        try arm(.logAppend, .full)
        try arm(.superblockWrite, .full)
        failpoints.during(.commit) {
            #expect(code { () throws(StoreError) in try device.write([1], at: slot) } == .diskFull)
            #expect(code { () throws(StoreError) in try device.writeDurably([1], at: slot) } == nil)
            #expect(code { () throws(StoreError) in try device.write([1], at: 1 << 30) } == .diskFull)
        }
    }

    @Test func aSyncCanOnlyFail() {
        for place in Failpoint.Place.allCases {
            #expect(Failpoint(place, .fail) != nil)
            #expect((Failpoint(place, .torn) != nil) == place.isWrite)
            #expect((Failpoint(place, .full) != nil) == place.isWrite)
        }
    }
}

@Suite struct MirrorDeviceTests {
    @Test func bothDevicesGetEveryChangeAndOneIsRead() throws {
        let (file, disk) = (MemoryDevice(), CrashDevice())
        let mirror = MirrorDevice(file, disk: disk)
        try mirror.write([1, 2, 3, 4, 5, 6, 7, 8], at: 0)
        try mirror.reserve(FileRange(offset: 0, length: 4096))
        try mirror.writeDurably([9], at: 600)
        try mirror.punch(FileRange(offset: 2, length: 2))
        try mirror.truncate(to: 1000)
        #expect(try file.readAll() == disk.readAll())
        #expect(try mirror.readAll() == file.readAll())
        #expect(!disk.crashPoint().unsyncedSectors.isEmpty)
        try mirror.anotherHandle().sync()
        #expect(disk.crashPoint().unsyncedSectors.isEmpty)
        try file.write([7], at: 0)
        #expect(try mirror.readBytes(1, at: 0) == [7])
    }
}
