internal import Synchronization

/// Misses: what is read, verified, checked and entered into the cache. Callers are inside an epoch.
extension Table {
    /// The error of a damaged structure, with the keys that cannot be read because of it.
    static func error(_ error: StoreError, covering keys: KeyRange) -> StoreError { error.covering(keys) }

    /// The keys that the table has something to say about.
    var keyRange: KeyRange { descriptor.bounds }

    /// The keys that block `number` holds, as far as the index knows.
    func keyRange(ofBlock number: Int, index: UnsafePointer<IndexBlock>) -> KeyRange {
        let lower = number > 0 ? index.pointee.separator(number - 1)! : descriptor.smallestKey
        guard let upper = index.pointee.separator(number) else {
            return KeyRange(from: lower, upTo: descriptor.largestKey + [0])
        }
        return KeyRange(from: lower, upTo: index.pointee.spanTimestamp(number) == nil ? upper : upper + [0])
    }

    /// Reads a block into memory of its own, pinned once, and verifies its seal.
    func readBlock(_ pointer: BlockPointer, kind: BlockKind) throws(StoreError) -> BlockCache.Block {
        let block = BlockCache.Block(allocating: Int(pointer.length))
        let buffer = UnsafeMutableRawBufferPointer(start: block.content, count: Int(pointer.length))
        do throws(StoreError) {
            _ = try file.readBlock(pointer, kind: kind, into: buffer)
        } catch {
            block.unpin()
            throw error
        }
        return block
    }

    static func payload(of block: BlockCache.Block, _ pointer: BlockPointer) -> BorrowedBytes {
        BorrowedBytes(base: block.payload, count: Int(pointer.length) - SealedBlock.headerBytes)
    }

    func readProperties() throws(StoreError) -> TableProperties {
        let block = try readBlock(descriptor.properties, kind: .properties)
        defer { block.unpin() }
        return try TableProperties(Self.payload(of: block, descriptor.properties), descriptor: descriptor)
    }

    /// Reads the index into memory of its own, pinned once.
    func readIndex(_ pointer: BlockPointer) throws(StoreError) -> BlockCache.Block {
        let stored = try readBlock(pointer, kind: .index)
        defer { stored.unpin() }
        let statistics = descriptor.statistics
        let expectations = IndexBlock.Expectations(
            extents: descriptor.extents, oldest: statistics.smallestTimestamp.rawValue,
            newest: statistics.largestTimestamp.rawValue, blockCount: Int(statistics.dataBlockCount))
        return try IndexBlock.load(
            Self.payload(of: stored, pointer), expecting: expectations, fileOffset: pointer.offset,
            slots: publishedSlots)
    }

    @inline(never)
    func loadIndex() throws(StoreError) -> BlockCache.Block {
        do throws(StoreError) {
            let block = try readIndex(try readProperties().index)
            return cache.enter(block, in: indexSlot, admission: .main)
        } catch {
            throw Self.error(error, covering: keyRange)
        }
    }

    /// The slots for the data blocks. They are made once, and stay when the index is evicted.
    private func publishedSlots(_ count: Int) -> BlockCache.Slot {
        if let known = BlockCache.Slot(bitPattern: dataSlots.load(ordering: .acquiring)) { return known }
        let slots = BlockCache.Slot.allocate(capacity: count)
        for number in 0..<count { (slots + number).initialize(to: Atomic(0)) }
        let (exchanged, original) = dataSlots.compareExchange(
            expected: 0, desired: UInt(bitPattern: slots), ordering: .acquiringAndReleasing)
        if exchanged {
            cache.charge(Self.slotBytes(count))
            return slots
        }
        slots.deallocate()
        return BlockCache.Slot(bitPattern: original)!
    }

    /// The filter, or `nil` when there is none to use: it is damaged, cannot be read now, or is so large that
    /// reading it would cost more than it saves.
    @inline(never)
    func loadFilter() -> BlockCache.Block? {
        guard !isFilterUnusable.load(ordering: .relaxed) else { return nil }
        do throws(StoreError) {
            let pointer = try readProperties().filter
            guard Int(pointer.length) <= cache.capacity / 2 else {
                isFilterUnusable.store(true, ordering: .relaxed)
                return nil
            }
            return cache.enter(try readFilter(pointer), in: filterSlot, admission: .main)
        } catch {
            if error.code == .corrupt { isFilterUnusable.store(true, ordering: .relaxed) }
            return nil
        }
    }

    func readFilter(_ pointer: BlockPointer) throws(StoreError) -> BlockCache.Block {
        let block = try readBlock(pointer, kind: .filter)
        do throws(StoreError) {
            try FilterBlock.validate(Self.payload(of: block, pointer), fileOffset: pointer.offset)
        } catch {
            block.unpin()
            throw error
        }
        return block
    }

    @inline(never)
    func loadDataBlock(
        _ number: Int, index: UnsafePointer<IndexBlock>, slot: BlockCache.Slot
    ) throws(StoreError) -> BlockCache.Block {
        let pointer = index.pointee.pointer(number)
        do throws(StoreError) {
            let block = try readBlock(pointer, kind: .data)
            do throws(StoreError) {
                try validate(number, Self.payload(of: block, pointer), index: index)
            } catch {
                block.unpin()
                throw error
            }
            return cache.enter(block, in: slot, admission: .probation)
        } catch {
            throw Self.error(error, covering: keyRange(ofBlock: number, index: index))
        }
    }

    /// Checks a data block's structure and its place among its neighbours.
    func validate(
        _ number: Int, _ payload: BorrowedBytes, index: UnsafePointer<IndexBlock>
    ) throws(StoreError) {
        try DataBlock.validate(
            payload, bounds: index.pointee.bounds(number), fileOffset: index.pointee.pointer(number).offset)
    }
}
