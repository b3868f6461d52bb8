internal import CLSMTxShims
internal import Synchronization

/// An immutable table: versions of keys in order, in blocks that are read when they are needed.
///
/// Opening one reads nothing. The index and the filter are read at the first use, and like data blocks they live in
/// the block cache, found through slots that the table owns. What a lookup returns is lent until the epoch in which
/// the caller made it ends.
package final class Table: @unchecked Sendable {
    // @unchecked: the slots are atomic words, and which memory they are in never changes once it was published.
    package let descriptor: TableDescriptor
    let file: StoreFile
    let cache: BlockCache
    private let smallestTimestamp: UInt64
    private let largestTimestamp: UInt64
    /// The first bytes of the smallest and largest keys: enough to turn most other keys away.
    private let smallestSlice: UInt64
    private let largestSlice: UInt64
    let indexSlot: BlockCache.Slot
    let filterSlot: BlockCache.Slot
    /// The slots of the data blocks: 0 until the index was first read, which says how many there are.
    let dataSlots = Atomic<UInt>(0)
    /// Set when the filter's bytes are bad, or are too many for the cache: every key may be here then.
    let isFilterUnusable = Atomic<Bool>(false)
    /// A retained ``RangeTombstones`` from their first use on, 0 until then.
    let rangeTombstonePointer = Atomic<UInt>(0)
    package let hasRangeTombstones: Bool
    /// The descriptor's bounds, lent for the table's life: a search in a level compares with them. The upper one means
    /// nothing when there is no end.
    package let lowerBound: BorrowedBytes
    package let upperBound: BorrowedBytes
    package let isEndless: Bool
    private let extentsUse: ExtentsUse

    package convenience init(descriptor: TableDescriptor, file: StoreFile, cache: BlockCache) {
        self.init(descriptor: descriptor, file: file, cache: cache, extentsUse: ExtentsUse())
    }

    private init(descriptor: TableDescriptor, file: StoreFile, cache: BlockCache, extentsUse: ExtentsUse) {
        self.descriptor = descriptor
        self.extentsUse = extentsUse
        self.file = file
        self.cache = cache
        smallestTimestamp = descriptor.smallestTimestamp.rawValue
        largestTimestamp = descriptor.largestTimestamp.rawValue
        let bounds = descriptor.bounds
        lowerBound = .copy(bounds.lowerBound)
        upperBound = .copy(bounds.upperBound ?? [])
        isEndless = bounds.upperBound == nil
        hasRangeTombstones = descriptor.statistics.rangeTombstoneCount > 0
        smallestSlice = descriptor.smallestKey.withUnsafeBytes { KeyOrder.slice64(BorrowedBytes($0), from: 0) }
        largestSlice = descriptor.largestKey.withUnsafeBytes { KeyOrder.slice64(BorrowedBytes($0), from: 0) }
        indexSlot = .allocate(capacity: 2)
        indexSlot.initialize(to: Atomic(0))
        filterSlot = indexSlot + 1
        filterSlot.initialize(to: Atomic(0))
    }

    deinit {
        cache.remove(indexSlot, count: 2)
        indexSlot.deallocate()
        releaseRangeTombstones()
        lowerBound.base.deallocate()
        upperBound.base.deallocate()
        guard let slots = BlockCache.Slot(bitPattern: dataSlots.load(ordering: .acquiring)) else { return }
        let count = Int(descriptor.statistics.dataBlockCount)
        cache.remove(slots, count: count)
        slots.deallocate()
        cache.charge(-Table.slotBytes(count))
    }

    /// The same table in another level.
    ///
    /// Old views go on with this object, new ones take the other; each has cached blocks of its own, through slots of
    /// its own. Both read the same extents, so these are held until both are gone, whichever became obsolete.
    package func moved(toLevel level: Int) -> Table {
        Table(descriptor: descriptor.moved(toLevel: level), file: file, cache: cache, extentsUse: extentsUse)
    }

    /// Says that the current version has no use for the table any more: its extents are free for others once nothing
    /// reads it, which is when this object and those that it was moved from or to are gone. Called once.
    package func becomeObsolete(holding extents: HeldExtents) { extentsUse.end(holding: extents) }

    /// What the objects of one table share, so that its extents outlast them all.
    private final class ExtentsUse: Sendable {
        private let held = Guarded(HeldExtents?.none)

        func end(holding extents: HeldExtents) {
            held.withLock { held in
                precondition(held == nil, "a table became obsolete twice")
                held = extents
            }
        }
    }

    /// What so many slots take.
    static func slotBytes(_ count: Int) -> Int { count * MemoryLayout<UInt>.stride }

    /// The newest version of `key` at or before `timestamp` in this table; `nil` when there is none.
    ///
    /// The caller is inside an epoch; the value is lent until it ends.
    ///
    /// - Parameter hash: `xxh3(key)`.
    @inline(__always)
    package func find(
        _ key: BorrowedBytes, hash: UInt64, at timestamp: Timestamp
    ) throws(StoreError) -> TableEntry? {
        let slice = KeyOrder.slice64(key, from: 0)
        guard timestamp.rawValue >= smallestTimestamp, slice >= smallestSlice, slice <= largestSlice,
            mayContain(hash)
        else { return nil }
        return try search(key, at: timestamp.rawValue)
    }

    /// When the newest version of `key` in this table was committed; `nil` when there is none. The caller is inside
    /// an epoch.
    package func newestTimestamp(of key: BorrowedBytes, hash: UInt64) throws(StoreError) -> Timestamp? {
        try find(key, hash: hash, at: .max)?.timestamp
    }

    /// Asks for the memory that the filter will read, so that the filters of several tables are fetched together.
    @inline(__always)
    package func prefetch(hash: UInt64) {
        guard let filter = BlockCache.block(in: filterSlot) else { return }
        FilterBlock(verified: filter.payload).prefetch(hash)
    }

    @inline(__always)
    private func mayContain(_ hash: UInt64) -> Bool {
        if let filter = BlockCache.referencedBlock(in: filterSlot) {
            return FilterBlock(verified: filter.payload).mayContain(hash)
        }
        guard let filter = loadFilter() else { return true }
        return FilterBlock(verified: filter.payload).mayContain(hash)
    }

    private func search(_ key: BorrowedBytes, at timestamp: UInt64) throws(StoreError) -> TableEntry? {
        let index = try index()
        let number = index.pointee.find(key, at: timestamp)
        let block = DataBlock(verified: try dataBlock(number, index: index, isPointRead: true).payload)
        let position = block.search(key, at: timestamp)
        guard position.isMatch else { return nil }
        let entry = block.entry(position.index)
        return TableEntry(
            kind: entry.kind, timestamp: Timestamp(rawValue: entry.timestamp), value: entry.value)
    }

    /// The index, lent until the caller's epoch ends.
    @inline(__always)
    func index() throws(StoreError) -> UnsafePointer<IndexBlock> { IndexBlock.view(try indexBlock()) }

    @inline(__always)
    func indexBlock() throws(StoreError) -> BlockCache.Block {
        if let block = BlockCache.referencedBlock(in: indexSlot) { return block }
        return try loadIndex()
    }

    /// A data block, lent until the caller's epoch ends.
    ///
    /// - Parameter isPointRead: Whether the read speaks for keeping the block. A scan's does not.
    @inline(__always)
    func dataBlock(
        _ number: Int, index: UnsafePointer<IndexBlock>, isPointRead: Bool
    ) throws(StoreError) -> BlockCache.Block {
        let slot = index.pointee.slots + number
        guard let block = isPointRead ? BlockCache.referencedBlock(in: slot) : BlockCache.block(in: slot) else {
            return try loadDataBlock(number, index: index, slot: slot)
        }
        if isPointRead {
            // Header, slices and offsets of a block of common size: the search needs them all.
            lsmtx_prefetch(block.payload)
            lsmtx_prefetch(block.payload + 64)
            lsmtx_prefetch(block.payload + 128)
            lsmtx_prefetch(block.payload + 192)
        }
        return block
    }

    /// The newest version after `timestamp`, range tombstones apart, of any key from `lower` up to but not including `upper`; `nil` when
    /// nothing there is so new. The caller is inside an epoch.
    package func newestTimestamp(
        from lower: BorrowedBytes, upTo upper: BorrowedBytes?, after timestamp: Timestamp
    ) throws(StoreError) -> Timestamp? {
        guard largestTimestamp > timestamp.rawValue else { return nil }
        let index = try index()
        var newest = timestamp.rawValue
        var number = index.pointee.find(lower, at: Timestamp.max.rawValue)
        while number < index.pointee.blockCount {
            if index.pointee.newest(number) > newest {
                let block = DataBlock(verified: try dataBlock(number, index: index, isPointRead: true).payload)
                let start = block.search(lower, at: Timestamp.max.rawValue).index
                let end = upper.map { block.search($0, at: Timestamp.max.rawValue).index } ?? block.count
                var entry = start
                while entry < end {
                    newest = max(newest, block.timestamp(entry))
                    entry += 1
                }
            }
            if let upper, index.pointee.find(upper, at: Timestamp.max.rawValue) <= number { break }
            number += 1
        }
        return newest > timestamp.rawValue ? Timestamp(rawValue: newest) : nil
    }

    /// A cursor over what is visible at `timestamp`.
    package func cursor(at timestamp: Timestamp) -> TableCursor { TableCursor(self, at: timestamp) }

    /// A cursor over all versions, past the cache.
    package func versions() -> TableVersionCursor { TableVersionCursor(self) }
}
