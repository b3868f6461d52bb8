import LSMTxSimulation
import Synchronization
import Testing

@testable import LSMTx

/// Slots and blocks without a table.
private final class Owner: @unchecked Sendable {
    // @unchecked: the slots are atomic words.
    let slots: BlockCache.Slot
    let count: Int
    let cache: BlockCache

    init(_ count: Int, _ cache: BlockCache) {
        self.count = count
        self.cache = cache
        slots = .allocate(capacity: count)
        for index in 0..<count { (slots + index).initialize(to: Atomic(0)) }
    }

    deinit {
        cache.remove(slots, count: count)
        slots.deallocate()
    }

    /// Reads block `index` as a table does, and returns whether it was in the cache. Each holds its own number.
    func read(_ index: Int, references: Bool = true, body: (BlockCache.Block) -> Void = { _ in }) -> Bool {
        let epoch = Epoch.pin()
        defer { Epoch.unpin(epoch) }
        if let block = references
            ? BlockCache.referencedBlock(in: slots + index) : BlockCache.block(in: slots + index)
        {
            precondition(block.payload.load(as: Int.self) == index)
            body(block)
            return true
        }
        let block = BlockCache.Block(allocating: SealedBlock.headerBytes + 1000)
        block.payload.storeBytes(of: index, as: Int.self)
        let entered = cache.enter(block, in: slots + index, admission: .probation)
        precondition(entered.payload.load(as: Int.self) == index)
        body(entered)
        return false
    }

    func holds(_ index: Int) -> Bool { BlockCache.block(in: slots + index) != nil }
}

@Suite struct BlockCacheTests {
    @Test func theBudgetIsNeverExceeded() {
        let cache = BlockCache(capacity: 40_000)
        let owner = Owner(500, cache)
        var random = SeededGenerator(seed: 1)
        for _ in 0..<5000 {
            _ = owner.read(Int.random(in: 0..<500, using: &random))
            #expect(cache.statistics.bytes <= 40_000)
        }
        #expect(cache.statistics.bytes > 35_000)
        #expect(cache.statistics.blocks == (0..<500).count { owner.holds($0) })
    }

    @Test func withoutCapacityNothingStays() {
        let cache = BlockCache(capacity: 0)
        let owner = Owner(4, cache)
        for _ in 0..<3 { for index in 0..<4 { #expect(!owner.read(index)) } }
        #expect(cache.statistics.blocks == 0)
        #expect(cache.statistics.bytes == 0)
    }

    @Test func aScanLeavesTheHotSetInPlace() {
        let cache = BlockCache(capacity: 200_000)
        let owner = Owner(5000, cache)
        for _ in 0..<4 { for index in 0..<100 { _ = owner.read(index) } }
        #expect((0..<100).count { owner.holds($0) } == 100)
        for index in 100..<5000 { _ = owner.read(index, references: false) }
        #expect((0..<100).count { owner.holds($0) } >= 90)
    }

    @Test func aBlockThatComesBackSoonEntersTheMainQueue() {
        let cache = BlockCache(capacity: 100_000)
        let owner = Owner(5000, cache)
        for _ in 0..<2 { for index in 0..<50 { _ = owner.read(index) } }
        for index in 100..<260 { _ = owner.read(index, references: false) }
        // The main queue is full now; a block that was pushed out of probation is remembered for its length.
        let gone = (100..<260).last { !owner.holds($0) }!
        #expect(!owner.read(gone, references: false))
        for index in 1000..<1040 { _ = owner.read(index, references: false) }
        #expect(owner.holds(gone))
    }

    @Test func aPinnedBlockOutlivesItsEviction() {
        let cache = BlockCache(capacity: 5000)
        let owner = Owner(100, cache)
        var pinned: BlockCache.Block?
        _ = owner.read(3) {
            $0.pin()
            pinned = $0
        }
        for index in 10..<100 { _ = owner.read(index) }
        #expect(!owner.holds(3))
        Epoch.collect()
        #expect(pinned?.payload.load(as: Int.self) == 3)
        pinned?.unpin()
    }

    @Test func anOwnerThatEndsTakesItsBlocksAlong() {
        let cache = BlockCache(capacity: 1 << 20)
        let stays = Owner(10, cache)
        do {
            let owner = Owner(50, cache)
            for index in 0..<50 { _ = owner.read(index) }
            for index in 0..<10 { _ = stays.read(index) }
            #expect(cache.statistics.blocks == 60)
        }
        #expect(cache.statistics.blocks == 10)
        #expect((0..<10).allSatisfy { stays.holds($0) })
    }

    @Test func chargesTakeFromTheBlocks() {
        let cache = BlockCache(capacity: 50_000)
        let owner = Owner(100, cache)
        for index in 0..<100 { _ = owner.read(index) }
        cache.charge(40_000)
        #expect(cache.statistics.bytes <= 50_000)
        #expect(cache.statistics.blocks < 10)
        cache.charge(-40_000)
    }

    @Test func manyReadersOfATinyCacheSeeTheRightBlocks() async {
        let cache = BlockCache(capacity: 12_000)
        let owner = Owner(64, cache)
        await withTaskGroup(of: Void.self) { group in
            for seed in 1...4 as ClosedRange<UInt64> {
                group.addTask {
                    var random = SeededGenerator(seed: seed)
                    for _ in 0..<4000 {
                        let index = Int.random(in: 0..<64, using: &random)
                        var pinned: BlockCache.Block?
                        _ = owner.read(index) {
                            $0.pin()
                            pinned = $0
                        }
                        precondition(pinned?.payload.load(as: Int.self) == index)
                        pinned?.unpin()
                    }
                }
            }
        }
        #expect(cache.statistics.bytes <= 12_000)
    }
}
