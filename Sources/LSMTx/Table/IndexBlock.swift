internal import Synchronization

/// A table's index in the form that is searched: made and checked once from the stored form, then kept in the cache.
///
/// Between data blocks i and i + 1 stands separator i: above every key of the one, not above any of the other. When
/// a key's versions go on in the next block, the separator is that key, and the timestamp of its last version in
/// block i decides; so the search ends at the one block that can hold a version, however many the key spans.
///
/// The memory holds this view itself, then: slices of the separators (8 bytes after their common prefix, as numbers),
/// where separators begin, the span timestamps, newest timestamps, and pointers.
struct IndexBlock {
    let blockCount: Int
    private let prefix: BorrowedBytes
    private let slices: UnsafePointer<UInt64>
    /// Where each separator's bytes after the prefix begin; one more than separators.
    private let starts: UnsafePointer<UInt32>
    private let suffixes: UnsafeRawPointer
    private let spanTimestamps: UnsafePointer<UInt64>
    private let newestTimestamps: UnsafePointer<UInt64>
    private let pointers: UnsafePointer<BlockPointer>
    /// The table's slots for data blocks, one each.
    let slots: BlockCache.Slot

    /// In place of a span timestamp: the key does not go on. No version has this timestamp.
    private static let noSpan = UInt64.max

    @inline(__always)
    static func view(_ block: BlockCache.Block) -> UnsafePointer<IndexBlock> {
        UnsafePointer(block.payload.assumingMemoryBound(to: IndexBlock.self))
    }

    @inline(__always)
    func pointer(_ block: Int) -> BlockPointer { pointers[block] }

    /// The newest timestamp in a block.
    @inline(__always)
    func newest(_ block: Int) -> UInt64 { newestTimestamps[block] }

    /// The timestamp of the last version in a block when its key goes on in the next one.
    @inline(__always)
    func spanTimestamp(_ block: Int) -> UInt64? {
        guard block < blockCount - 1, spanTimestamps[block] != Self.noSpan else { return nil }
        return spanTimestamps[block]
    }

    @inline(__always)
    private func suffix(_ separator: Int) -> BorrowedBytes {
        BorrowedBytes(
            base: suffixes + Int(starts[separator]), count: Int(starts[separator + 1] - starts[separator]))
    }

    /// The one block in which version `timestamp` of `key`, or the first entry after it, lies; only when that block
    /// has no such entry it is the first of the next.
    @inline(__always)
    func find(_ key: BorrowedBytes, at timestamp: UInt64) -> Int {
        let order = KeyOrder.compare(BorrowedBytes(base: key.base, count: min(key.count, prefix.count)), prefix)
        guard order == 0 else { return order < 0 ? 0 : blockCount - 1 }
        let suffix = BorrowedBytes(base: key.base + prefix.count, count: key.count - prefix.count)
        let slice = KeyOrder.slice64(suffix, from: 0)
        var low = 0
        var length = blockCount - 1
        while length > 1 {
            let half = length / 2
            low = slices[low &+ half &- 1] < slice ? low &+ half : low
            length &-= half
        }
        if length == 1, slices[low] < slice { low += 1 }
        guard low < blockCount - 1, slices[low] == slice else { return low }
        return findRun(suffix, slice: slice, from: low, at: timestamp)
    }

    private func findRun(_ suffix: BorrowedBytes, slice: UInt64, from start: Int, at timestamp: UInt64) -> Int {
        var low = start
        var high = blockCount - 1
        while low < high {
            let middle = (low + high) / 2
            let order = slices[middle] == slice ? KeyOrder.compare(self.suffix(middle), suffix) : 1
            let covers = order > 0 || (order == 0 && covers(middle, timestamp))
            if covers { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func covers(_ block: Int, _ timestamp: UInt64) -> Bool {
        spanTimestamps[block] <= timestamp && spanTimestamps[block] != Self.noSpan
    }

    /// The separator after a block, copied; `nil` for the last block.
    func separator(_ block: Int) -> [UInt8]? {
        guard block < blockCount - 1 else { return nil }
        return prefix.array + suffix(block).array
    }

    /// What the entries of a block must lie between.
    func bounds(_ block: Int) -> DataBlock.Bounds {
        DataBlock.Bounds(
            lower: block > 0 ? separator(block - 1) : nil, lowerTimestamp: block > 0 ? spanTimestamp(block - 1) : nil,
            upper: separator(block), upperTimestamp: spanTimestamp(block))
    }
}

extension IndexBlock {
    /// What the table's other structures say, which the index must agree with.
    struct Expectations {
        let extents: [FileRange]
        let oldest: UInt64
        let newest: UInt64
        let blockCount: Int
    }

    /// Reads the stored form, checks it, and lays out the searchable form in a block for the cache.
    ///
    /// - Parameter slots: Gives the slots for so many data blocks.
    static func load(
        _ payload: BorrowedBytes, expecting table: Expectations, fileOffset: UInt64, slots: (Int) -> BlockCache.Slot
    ) throws(StoreError) -> BlockCache.Block {
        var reader = ByteReader(payload, structure: BlockKind.index.name, fileOffset: fileOffset)
        // The smallest stored block: jump, length, checksum, newest.
        let count = try reader.count(minimumBytes: 11)
        guard count > 0, count == table.blockCount else { throw reader.fail("The number of blocks is wrong.") }
        let prefix = try reader.lengthPrefixed(limit: Limits.maximumKeyBytes)

        // Suffixes are at most as long as the payload.
        let layout = Layout(count: count, prefixCount: prefix.count, suffixBytes: reader.remaining)
        let block = BlockCache.Block(allocating: SealedBlock.headerBytes + layout.totalBytes)
        do throws(StoreError) {
            try fill(block, layout: layout, prefix: prefix, expecting: table, from: &reader)
        } catch {
            block.unpin()
            throw error
        }
        let base = block.payload
        base.initializeMemory(
            as: IndexBlock.self,
            to: IndexBlock(
                blockCount: count,
                prefix: BorrowedBytes(base: base + layout.prefix, count: prefix.count),
                slices: UnsafePointer((base + layout.slices).assumingMemoryBound(to: UInt64.self)),
                starts: UnsafePointer((base + layout.starts).assumingMemoryBound(to: UInt32.self)),
                suffixes: UnsafeRawPointer(base + layout.suffixes),
                spanTimestamps: UnsafePointer((base + layout.spans).assumingMemoryBound(to: UInt64.self)),
                newestTimestamps: UnsafePointer((base + layout.newest).assumingMemoryBound(to: UInt64.self)),
                pointers: UnsafePointer((base + layout.pointers).assumingMemoryBound(to: BlockPointer.self)),
                slots: slots(count)))
        return block
    }

    /// Where in the block's memory the parts lie.
    private struct Layout {
        let slices: Int
        let spans: Int
        let newest: Int
        let pointers: Int
        let starts: Int
        let prefix: Int
        let suffixes: Int
        let totalBytes: Int

        init(count: Int, prefixCount: Int, suffixBytes: Int) {
            slices = (MemoryLayout<IndexBlock>.size + 63) / 64 * 64
            spans = slices + count * 8
            newest = spans + count * 8
            pointers = newest + count * 8
            starts = pointers + count * MemoryLayout<BlockPointer>.stride
            prefix = starts + count * 4
            suffixes = prefix + prefixCount
            totalBytes = suffixes + suffixBytes
        }
    }

    private static func fill(
        _ block: BlockCache.Block, layout: Layout, prefix: BorrowedBytes, expecting table: Expectations,
        from reader: inout ByteReader
    ) throws(StoreError) {
        let base = block.payload
        (base + layout.prefix).copyMemory(from: prefix.base, byteCount: prefix.count)
        var suffixBytes = 0
        var expected: UInt64 = 0
        var extent = 0
        var previous: BorrowedBytes?
        var previousSpan = noSpan
        let count = table.blockCount
        for index in 0..<count {
            let pointer = try readPointer(expected: expected, from: &reader)
            // Blocks go through the extents in their order.
            let before = extent
            while extent < table.extents.count, !table.extents[extent].contains(pointer.range) { extent += 1 }
            guard extent < table.extents.count else { throw reader.fail("A block lies outside the table.") }
            guard index == 0 || extent > before || pointer.offset >= expected else {
                throw reader.fail("Blocks overlap.")
            }
            expected = pointer.range.end
            (base + layout.pointers).storeBytes(
                of: pointer, toByteOffset: index * MemoryLayout<BlockPointer>.stride, as: BlockPointer.self)
            let newest = try readTimestamp(table, from: &reader)
            (base + layout.newest).storeBytes(of: newest, toByteOffset: index * 8, as: UInt64.self)
            (base + layout.starts).storeBytes(of: UInt32(suffixBytes), toByteOffset: index * 4, as: UInt32.self)
            guard index < count - 1 else { break }

            let head = try reader.varint()
            guard head >> 1 <= UInt64(Limits.maximumKeyBytes - prefix.count) else {
                throw reader.fail("A separator is over its limit.")
            }
            let suffix = try reader.bytes(Int(head >> 1))
            let span = head & 1 == 1 ? try readTimestamp(table, from: &reader) : noSpan
            if let previous {
                let order = KeyOrder.compare(previous, suffix)
                // A block may hold nothing but versions of the key at which it begins.
                guard order < 0 || (order == 0 && span < previousSpan) else {
                    throw reader.fail("Separators are out of order.")
                }
            }
            previous = suffix
            previousSpan = span
            (base + layout.spans).storeBytes(of: span, toByteOffset: index * 8, as: UInt64.self)
            (base + layout.slices).storeBytes(
                of: KeyOrder.slice64(suffix, from: 0), toByteOffset: index * 8, as: UInt64.self)
            (base + layout.suffixes + suffixBytes).copyMemory(from: suffix.base, byteCount: suffix.count)
            suffixBytes += suffix.count
        }
        try reader.expectEnd()
    }

    private static func readPointer(expected: UInt64, from reader: inout ByteReader) throws(StoreError) -> BlockPointer
    {
        let zigzag = try reader.varint()
        let jump = Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
        let offset = expected &+ UInt64(bitPattern: jump)
        let length = try reader.varint()
        guard length > UInt64(SealedBlock.headerBytes), length <= UInt64(SealedBlock.maximumBytes),
            offset <= Limits.maximumFileBytes
        else { throw reader.fail("A block pointer is out of range.") }
        return BlockPointer(offset: offset, length: UInt32(length), checksum: try reader.uint64())
    }

    private static func readTimestamp(_ table: Expectations, from reader: inout ByteReader) throws(StoreError) -> UInt64
    {
        let delta = try reader.varint()
        guard delta <= table.newest - table.oldest else { throw reader.fail("A timestamp is out of range.") }
        return table.oldest + delta
    }
}
