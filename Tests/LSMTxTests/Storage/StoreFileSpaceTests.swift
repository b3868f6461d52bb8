import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Giving free space back to the file system.
@Suite struct StoreFileSpaceTests {
    private static let page = ExtentAllocator.pageBytes

    private static func file(_ device: any StorageDevice) throws -> StoreFile {
        StoreFile(
            device: device, identity: FileIdentity(high: 1, low: 2),
            allocator: try ExtentAllocator(used: [FileRange(offset: 0, length: page)]), extentBytes: 64 << 10)
    }

    @Test func aFreeTailIsCutAndWhatIsSparedStays() throws {
        let device = MemoryDevice()
        let file = try Self.file(device)
        let low = try file.allocateExtent(bytes: 10 * Self.page)
        let high = try file.allocateExtent(bytes: 40 << 20)
        #expect(try device.length() == high.end)
        file.allocator.releaseUnpublished(high)
        try file.cutTail(leaving: 5 * Self.page)
        #expect(try device.length() == low.end + 5 * Self.page)
        #expect(file.allocator.end == low.end + 5 * Self.page)
        try file.cutTail()
        #expect(try device.length() == low.end && file.allocator.freeRanges.isEmpty)
        // Nothing in use is touched, however often it is asked for.
        try file.cutTail()
        #expect(try device.length() == low.end)
        #expect(try file.allocateExtent(bytes: 1).offset == low.end)
    }

    @Test func onlyWhatIsFreeIsPunchedAndItIsReservedAgainWhenItIsTaken() throws {
        let device = TracingDevice(MemoryDevice())
        let file = try Self.file(device)
        let extents = try (0..<4).map { _ in try file.allocateExtent(bytes: 64 * Self.page) }
        for extent in extents { try device.write([UInt8](repeating: 7, count: Int(extent.length)), at: extent.offset) }
        file.allocator.releaseUnpublished(extents[1])
        try file.punch(FileRangeSet([FileRange(offset: 0, length: extents[3].end)]), limit: .max)
        #expect(file.punchedRanges.ranges == [extents[1]])
        for (index, extent) in extents.enumerated() {
            let bytes = try device.readAll()[Int(extent.offset)..<Int(extent.end)]
            #expect(bytes.allSatisfy { $0 == (index == 1 ? 0 : 7) })
        }
        let again = try file.allocateExtent(bytes: 30 * Self.page)
        #expect(again.offset == extents[1].offset)
        #expect(file.punchedRanges.ranges == [FileRange(offset: again.end, length: 34 * Self.page)])
    }

    /// Space that was punched may be gone when it is needed; that must show when it is taken, not when it is written.
    @Test func takingPunchedSpaceFailsCleanlyWhenThereIsNoneLeft() throws {
        let device = FaultDevice(MemoryDevice())
        let file = try Self.file(device)
        let extent = try file.allocateExtent(bytes: 64 * Self.page)
        _ = try file.allocateExtent(bytes: Self.page)
        file.allocator.releaseUnpublished(extent)
        try file.punch(FileRangeSet([extent]), limit: .max)
        device.setFault(FaultDevice.Fault(.reserve, call: 0, .failure(.diskFull)))
        #expect(throws: StoreError.self) { try file.allocateExtent(bytes: Self.page) }
        #expect(file.punchedRanges.ranges == [extent])
        #expect(file.allocator.freeRanges == [extent])
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func aRangeSetIsASetOfBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var set = FileRangeSet()
        var model: Set<UInt64> = []
        for _ in 0..<500 {
            let range = FileRange(
                offset: .random(in: 0..<100, using: &random), length: .random(in: 0..<20, using: &random))
            if Bool.random(using: &random) {
                set.insert(range)
                model.formUnion(range.offset..<range.end)
            } else {
                set.remove(range)
                model.subtract(range.offset..<range.end)
            }
            #expect(Set(set.ranges.flatMap { $0.offset..<$0.end }) == model, "seed \(seed)")
            #expect(zip(set.ranges, set.ranges.dropFirst()).allSatisfy { $0.end < $1.offset }, "seed \(seed)")
            #expect(set.byteCount == UInt64(model.count))
            let low = UInt64.random(in: 0..<50, using: &random)
            #expect(
                set.dropping(low).ranges.flatMap { $0.offset..<$0.end } == Array(model.sorted().dropFirst(Int(low))))
            let other = FileRangeSet([range])
            #expect(
                Set(set.intersection(other).ranges.flatMap { $0.offset..<$0.end })
                    == model.intersection(range.offset..<range.end))
        }
    }
}
