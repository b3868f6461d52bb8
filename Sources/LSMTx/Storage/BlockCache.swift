internal import Synchronization

/// Keeps blocks that were read and verified in memory, within a budget of bytes.
///
/// The algorithm (S3-FIFO's queues with CLOCK's bit, and slots in place of a hash table):
/// 1. Whoever owns blocks keeps a slot for each: a word that holds the block's address, or not, and whether it was
///    referenced. A hit is one load of the slot inside an epoch, and sets that bit only while it is clear: it takes
///    no lock, and in the steady state it writes to no memory at all.
/// 2. A miss reads and verifies a block of its own, and enters it under the lock. When two threads miss at once, the
///    first to enter wins and the other takes the winner's.
/// 3. A block enters the probation queue, a tenth of the budget. When it reaches the end, it goes to the main queue
///    if it was referenced meanwhile, else out. The main queue is a clock: referenced blocks go round once more. A
///    scan references nothing, so it flows through probation, and the main queue stays.
/// 4. An evicted block's slot keeps the time of the eviction (an odd number; addresses are even). A block that comes
///    back within the length of the main queue goes there at once.
/// 5. An evicted block is retired to the epochs, and freed when in addition nobody has it pinned.
///
/// Rejected: the referenced bit in the block's header, which is one more cache line from memory at each hit (390 ns a
/// lookup against 345). A hash table of blocks, which costs a hash and two dependent misses at each hit. A referenced
/// counter instead of a bit: more writes to shared lines, for scans that step 3 keeps out already.
///
/// Invariant: the blocks in the queues and the charges together are within the budget, or the queues are empty.
package final class BlockCache: Sendable {
    /// Where the owner of a block keeps its address. It starts as 0; only the cache changes it.
    typealias Slot = UnsafeMutablePointer<Atomic<UInt>>

    /// What is known of a block that enters.
    enum Admission: Sendable {
        /// A data block: it has to earn its place.
        case probation
        /// An index or a filter, which many reads need.
        case main
    }

    /// What the cache holds and did.
    package struct Statistics: Sendable, Equatable {
        package fileprivate(set) var capacity = 0
        /// Bytes of blocks, with their allocation overhead, and of charges.
        package fileprivate(set) var bytes = 0
        package fileprivate(set) var blocks = 0
        package fileprivate(set) var entered: UInt64 = 0
        package fileprivate(set) var evicted: UInt64 = 0
    }

    private struct State: @unchecked Sendable {
        // @unchecked: the queues' links are only reached with the lock held.
        var probation = Queue(tag: 1)
        var main = Queue(tag: 2)
        var charged = 0
        var entered: UInt64 = 0
        var evicted: UInt64 = 0
        var held: Int { probation.bytes + main.bytes + charged }
    }

    package let capacity: Int
    private let state = Guarded(State())

    /// - Parameter capacity: The budget in bytes. With 0, every read goes to the device.
    package init(capacity: Int) {
        self.capacity = capacity
    }

    deinit {
        state.withLock { state in
            precondition(state.probation.count + state.main.count == 0, "a table outlived its block cache")
        }
    }

    package var statistics: Statistics {
        state.withLock { state in
            Statistics(
                capacity: capacity, bytes: state.held, blocks: state.probation.count + state.main.count,
                entered: state.entered, evicted: state.evicted)
        }
    }

    /// In a slot's word, besides the address, which is a multiple of 64: it holds the time of an eviction instead.
    private static let evictedBit: UInt = 1
    /// The block was useful since its last turn in the queue.
    private static let referencedBit: UInt = 2

    /// The block in `slot`, if there is one. The caller is inside an epoch, and may use the block until its end, or
    /// for longer if it pins it.
    @inline(__always)
    static func block(in slot: Slot) -> Block? { block(of: slot.pointee.load(ordering: .acquiring)) }

    @inline(__always)
    private static func block(of word: UInt) -> Block? {
        guard word & evictedBit == 0, let base = UnsafeMutableRawPointer(bitPattern: word & ~referencedBit) else {
            return nil
        }
        return Block(base: base)
    }

    /// The same, for a reader that may come again: it speaks for keeping the block.
    @inline(__always)
    static func referencedBlock(in slot: Slot) -> Block? {
        let word = slot.pointee.load(ordering: .acquiring)
        guard let block = block(of: word) else { return nil }
        if word & referencedBit == 0 { reference(slot, word) }
        return block
    }

    /// Sets the bit, unless the block has just been evicted.
    @inline(never)
    private static func reference(_ slot: Slot, _ word: UInt) {
        _ = slot.pointee.compareExchange(expected: word, desired: word | referencedBit, ordering: .relaxed)
    }

    /// Clears the referenced bit and returns what it was. The lock is held, and the block in its slot.
    private static func takeReference(_ block: Block) -> Bool {
        guard block.slot.pointee.load(ordering: .relaxed) & referencedBit != 0 else { return false }
        block.slot.pointee.store(UInt(bitPattern: block.base), ordering: .releasing)
        return true
    }

    /// Enters a verified block, and returns the one to use, which is another's if that was faster. It may have been
    /// evicted already, but stays valid in the caller's epoch, which must have begun.
    func enter(_ block: Block, in slot: Slot, admission: Admission) -> Block {
        var evicted: Block?
        let winner = state.withLock { state -> Block? in
            if let winner = Self.block(in: slot) { return winner }
            let word = slot.pointee.load(ordering: .relaxed)
            let isReturning =
                word & Self.evictedBit != 0 && state.evicted &- UInt64(word >> 1) <= UInt64(state.main.count)
            block.slot = slot
            slot.pointee.store(UInt(bitPattern: block.base), ordering: .releasing)
            state.entered += 1
            if isReturning || admission == .main { state.main.push(block) } else { state.probation.push(block) }
            evicted = shrink(&state)
            return nil
        }
        Self.retire(evicted)
        guard let winner else { return block }
        block.unpin()
        return winner
    }

    /// Takes the blocks of `count` slots out, for an owner that ends.
    func remove(_ slots: Slot, count: Int) {
        let removed = state.withLock { state -> Block? in
            var chain: Block?
            for index in 0..<count {
                guard let block = Self.block(in: slots + index) else { continue }
                if block.queueTag == state.main.tag { state.main.remove(block) } else { state.probation.remove(block) }
                (slots + index).pointee.store(0, ordering: .releasing)
                block.next = chain
                chain = block
            }
            return chain
        }
        Self.retire(removed)
    }

    /// Counts memory that belongs to the budget, but not to a block: slot arrays. Negative gives it back.
    func charge(_ bytes: Int) {
        let evicted = state.withLock { state -> Block? in
            state.charged += bytes
            return shrink(&state)
        }
        Self.retire(evicted)
    }

    /// Unlinks blocks until the rest is within the budget, and returns them as a chain. The lock is held.
    private func shrink(_ state: inout State) -> Block? {
        var chain: Block?
        // Readers may set bits while the clock goes round; after one round nobody is spared any more.
        var spared = state.main.count + state.probation.count
        while state.held > capacity {
            let fromProbation = state.probation.bytes > capacity / 10 || state.main.count == 0
            guard let block = fromProbation ? state.probation.pop() : state.main.pop() else { break }
            if spared > 0, Self.takeReference(block) {
                spared -= 1
                state.main.push(block)
                continue
            }
            state.evicted += 1
            let mark = fromProbation ? UInt(truncatingIfNeeded: state.evicted << 1) | Self.evictedBit : 0
            block.slot.pointee.store(mark, ordering: .releasing)
            block.next = chain
            chain = block
        }
        return chain
    }

    private static func retire(_ chain: Block?) {
        var rest = chain
        while let block = rest {
            rest = block.next
            Epoch.retire(block.base) { Block(base: $0).unpin() }
        }
    }
}
