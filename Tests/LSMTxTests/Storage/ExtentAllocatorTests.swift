import LSMTxSimulation
import Testing

@testable import LSMTx

@Suite struct ExtentAllocatorTests {
    private static let page = ExtentAllocator.pageBytes

    @Test func overlapIsCorruption() {
        #expect(throws: StoreError.self) {
            try ExtentAllocator(used: [
                FileRange(offset: 0, length: 2 * Self.page), FileRange(offset: Self.page, length: Self.page),
            ])
        }
    }

    @Test func aReleasedExtentWaitsForBothSlots() throws {
        let allocator = try ExtentAllocator(used: [FileRange(offset: 0, length: Self.page)])
        let extent = try allocator.allocate(bytes: 1)
        allocator.release(extent, lastNamedIn: Generation(rawValue: 7))
        allocator.reclaim(oldestSlot: Generation(rawValue: 7))
        #expect(allocator.freeRanges.isEmpty)
        allocator.reclaim(oldestSlot: Generation(rawValue: 8))
        #expect(allocator.freeRanges == [extent])
        #expect(allocator.cutTail() == Self.page)
    }

    @Test func aHeldExtentIsNeitherFreeNorRetiredUntilItsHoldEnds() throws {
        let allocator = try ExtentAllocator(used: [FileRange(offset: 0, length: Self.page)])
        let extent = try allocator.allocate(bytes: Self.page)
        var hold: HeldExtents? = allocator.hold([extent], lastNamedIn: Generation(rawValue: 7))
        allocator.reclaim(oldestSlot: Generation(rawValue: 7))
        #expect(allocator.heldRanges == [extent])
        #expect(allocator.freeRanges.isEmpty && allocator.retiredRanges.isEmpty)
        #expect(try allocator.allocate(bytes: Self.page) != extent)
        withExtendedLifetime(hold) {}
        hold = nil
        // The older slot still names it.
        #expect(allocator.heldRanges.isEmpty)
        #expect(allocator.retiredRanges == [extent])
        allocator.reclaim(oldestSlot: Generation(rawValue: 8))
        #expect(allocator.freeRanges == [extent])
    }

    @Test func aHoldThatEndsAfterBothSlotsAreNewerFreesAtOnce() throws {
        let allocator = try ExtentAllocator(used: [FileRange(offset: 0, length: Self.page)])
        let extents = [try allocator.allocate(bytes: Self.page), try allocator.allocate(bytes: 3 * Self.page)]
        var first: HeldExtents? = allocator.hold([extents[1]], lastNamedIn: Generation(rawValue: 7))
        var second: HeldExtents? = allocator.hold([extents[0]], lastNamedIn: Generation(rawValue: 8))
        allocator.reclaim(oldestSlot: Generation(rawValue: 8))
        #expect(allocator.heldRanges == extents)
        #expect(allocator.cutTail() == 5 * Self.page)
        withExtendedLifetime((first, second)) {}
        first = nil
        #expect(allocator.freeRanges == [extents[1]])
        second = nil
        #expect(allocator.retiredRanges == [extents[0]])
        // The oldest slot never goes back.
        allocator.reclaim(oldestSlot: Generation(rawValue: 9))
        #expect(allocator.cutTail() == Self.page)
    }

    @Test func placementAboveLeavesTheGapFree() throws {
        let allocator = try ExtentAllocator(used: [FileRange(offset: 0, length: Self.page)])
        let high = try allocator.allocate(bytes: Self.page, placement: .atOrAbove(10 * Self.page))
        #expect(high.offset == 10 * Self.page)
        #expect(allocator.freeRanges == [FileRange(offset: Self.page, length: 9 * Self.page)])
        #expect(try allocator.allocate(bytes: Self.page).offset == Self.page)
    }

    /// Random allocation and release against a set of pages.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func everyPageHasAtMostOneOwner(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let allocator = try ExtentAllocator(used: [])
        var owned: [FileRange] = []
        for _ in 0..<5_000 {
            if owned.isEmpty || Bool.random(using: &random) {
                let bytes = UInt64.random(in: 1...5 * Self.page, using: &random)
                let placement: ExtentAllocator.Placement =
                    Bool.random(using: &random)
                    ? .lowest : .atOrAbove(UInt64.random(in: 0...100, using: &random) * Self.page)
                let extent = try allocator.allocate(bytes: bytes, placement: placement)
                #expect(extent.length >= bytes && extent.length < bytes + Self.page)
                #expect(!owned.contains { $0.overlaps(extent) }, "seed \(seed)")
                owned.append(extent)
            } else {
                let index = Int.random(in: owned.indices, using: &random)
                allocator.releaseUnpublished(owned.remove(at: index))
            }
            let freeBytes = allocator.freeRanges.reduce(0) { $0 + $1.length }
            #expect(freeBytes + owned.reduce(0) { $0 + $1.length } == allocator.end, "seed \(seed)")
        }
    }
}
