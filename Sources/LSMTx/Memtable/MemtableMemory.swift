internal import Synchronization

/// The one piece of memory that a memtable lives in: counters, hash slots, the list of changes, and the arena.
///
/// Everything in it is addressed by 32-bit offsets in 8-byte units from ``arena``, which reaches 32 GiB. Slots and
/// changes start as zeros; the arena's bytes are always written before anything refers to them.
struct MemtableMemory: ~Copyable, @unchecked Sendable {
    // @unchecked: threads share the memory only through its atomics, and through arena bytes that are written before
    // a releasing store makes their offset known.

    /// What every insert changes, on cache lines of its own, so that lookups share none with inserts.
    struct Counters: ~Copyable {
        /// The next free unit of the arena in the low half, the number of inserts, and so how many places of the list
        /// of changes are taken, in the high half: one addition serves both.
        let used: Atomic<UInt64>
        /// How many keys are in the index.
        let keys: Atomic<UInt64>
        let smallestTimestamp: Atomic<UInt64>
        let timestampBound: Atomic<UInt64>
        let frozen: Atomic<UInt32>
    }

    static let unitBytes = 8
    private static let counterBytes = 128
    /// More would not fit the 32-bit offsets, with room for the first unit, which stands for "none".
    private static let maximumCapacity = (Int(UInt32.max) - 1) * unitBytes
    /// Of 64-byte entries, so many slots are three quarters full when the arena is at 48 bytes in 64; entries of the
    /// usual 140 bytes fill the arena while the slots are less than half full.
    private static let arenaBytesPerSlot = 64
    /// The smallest space that an insert must have is 32 bytes, so that what fits by its bytes fits into an empty list.
    private static let changesPerSlot = 2

    private let block: MemtableBlock

    let counters: UnsafeMutablePointer<Counters>
    /// {hash fragment, high 32 bits | node offset, low 32 bits}; 0 is a free slot. A power of two of them.
    let slots: UnsafeMutablePointer<Atomic<UInt64>>
    let slotMask: Int
    let maximumKeys: Int
    /// What was inserted, in the order in which it came: a ``MemtableChange`` each; 0 where an insert has taken the
    /// place and not yet filled it. Only those that are used are ever touched, apart from small memtables.
    let changes: UnsafeMutablePointer<Atomic<UInt64>>
    let maximumChanges: Int
    let arena: UnsafeMutableRawPointer
    /// The first unit past the arena.
    let unitLimit: Int

    /// - Parameters:
    ///   - capacity: Bytes that entries may take, as ``Memtable/spaceNeeded(keyBytes:valueBytes:)`` counts them.
    ///   - entries: At least so many keys fit, however small they are.
    ///   - reserve: Where the memory comes from and goes to, if it is large.
    init(capacity: Int, entries: Int, reserve: MemtableReserve? = nil) throws(StoreError) {
        guard capacity >= 0, capacity <= Self.maximumCapacity, entries >= 0, entries <= capacity / Self.unitBytes else {
            throw StoreError(
                .tooLarge, "A write buffer of \(capacity) bytes is beyond what can be addressed.",
                remedy: "Configure smaller write buffers or smaller transactions.")
        }
        let wanted = max(capacity / Self.arenaBytesPerSlot, entries + entries / 3 + 1, 8)
        let slotCount = 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount)
        let changesStart = Self.changesStart(slotCount: slotCount)
        let maximumChanges = slotCount * Self.changesPerSlot
        let arenaStart = changesStart + maximumChanges * MemoryLayout<UInt64>.stride
        let unitLimit = 1 + (capacity + Self.unitBytes - 1) / Self.unitBytes
        let needed = arenaStart + unitLimit * Self.unitBytes

        guard let block = MemtableBlock(byteCount: needed, zeroBytes: arenaStart, reserve: reserve) else {
            throw StoreError(
                .io, "The system has no memory for a write buffer of \(capacity) bytes.",
                remedy: "Free some memory, or configure smaller write buffers.")
        }
        let base = block.base
        if !block.isMapped { base.initializeMemory(as: UInt8.self, repeating: 0, count: arenaStart) }
        self.block = block
        maximumKeys = slotCount / 4 * 3
        self.maximumChanges = maximumChanges
        self.unitLimit = unitLimit
        slotMask = slotCount - 1
        counters = base.bindMemory(to: Counters.self, capacity: 1)
        counters.initialize(
            to: Counters(
                used: Atomic(1), keys: Atomic(0), smallestTimestamp: Atomic(.max), timestampBound: Atomic(0),
                frozen: Atomic(0)))
        slots = (base + Self.counterBytes).bindMemory(to: Atomic<UInt64>.self, capacity: slotCount)
        changes = (base + changesStart).bindMemory(to: Atomic<UInt64>.self, capacity: maximumChanges)
        arena = base + arenaStart
    }

    private static func changesStart(slotCount: Int) -> Int {
        counterBytes + slotCount * MemoryLayout<UInt64>.stride
    }

    /// Makes the memory of a memtable that is gone into what one begins with: zeros up to the arena.
    ///
    /// Of the list of changes only what was used is written, because the rest never got memory from the system.
    static func clear(_ base: UnsafeMutableRawPointer, zeroBytes: Int) {
        let slotCount = (zeroBytes - counterBytes) / ((1 + changesPerSlot) * MemoryLayout<UInt64>.stride)
        let used = base.assumingMemoryBound(to: Counters.self).pointee.used.load(ordering: .relaxed)
        let end = changesStart(slotCount: slotCount) + Int(used >> 32) * MemoryLayout<UInt64>.stride
        base.initializeMemory(as: UInt8.self, repeating: 0, count: min(end, zeroBytes))
    }

    /// Takes a place in the list of changes, and `units` of the arena, for one insert.
    @inline(__always)
    func allocate(units: Int) -> (place: Int, first: UInt32) {
        let used = counters.pointee.used.wrappingAdd(1 << 32 | UInt64(units), ordering: .relaxed).oldValue
        let first = UInt32(truncatingIfNeeded: used)
        let place = Int(used >> 32)
        precondition(
            Int(first) + units <= unitLimit && place < maximumChanges,
            "The memtable is over its capacity; hasRoom was not asked.")
        return (place, first)
    }
}
