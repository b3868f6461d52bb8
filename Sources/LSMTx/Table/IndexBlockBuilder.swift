/// Collects what the index says of each data block. The common prefix of the separators is known at the end, so they
/// are kept whole until then.
struct IndexBlockBuilder {
    private struct Block {
        let pointer: BlockPointer
        let newest: UInt64
        /// Where the separator ends in `separators`; it begins where the one before ends.
        var separatorEnd: Int
        /// The last version's timestamp when its key goes on in the next block.
        var spanTimestamp: UInt64?
    }

    private var blocks: [Block] = []
    private var separators: [UInt8] = []

    var count: Int { blocks.count }

    /// About what the block will take.
    var estimatedBytes: Int { separators.count + blocks.count * 16 }

    /// Adds a block; unless it is the last of the table, ``endBlock(lastKey:lastTimestamp:next:)`` follows.
    mutating func add(_ pointer: BlockPointer, newest: UInt64) {
        blocks.append(Block(pointer: pointer, newest: newest, separatorEnd: separators.count, spanTimestamp: nil))
    }

    /// Says what separates the block that was added last from the next one.
    ///
    /// The separator is the shortest string that is above every key of the one and not above any of the other. When
    /// a key goes on in the next block, the separator is that key, and the timestamp tells the two apart.
    mutating func endBlock(lastKey: BorrowedBytes, lastTimestamp: UInt64, next: BorrowedBytes) {
        let common = KeyOrder.commonPrefixLength(lastKey, next)
        if common == next.count {
            blocks[blocks.count - 1].spanTimestamp = lastTimestamp
            separators.append(contentsOf: next.buffer)
        } else {
            separators.append(contentsOf: next.buffer[...common])
        }
        blocks[blocks.count - 1].separatorEnd = separators.count
    }

    func encode(oldest: UInt64) -> [UInt8] {
        var writer = ByteWriter(reserving: estimatedBytes + blocks.count * 8)
        writer.varint(UInt64(blocks.count))
        let prefixCount = commonPrefixCount
        writer.varint(UInt64(prefixCount))
        separators.withUnsafeBytes { bytes in
            writer.raw(BorrowedBytes(UnsafeRawBufferPointer(rebasing: bytes[..<prefixCount])))
            var expected: UInt64 = 0
            var start = 0
            for (index, block) in blocks.enumerated() {
                let jump = Int64(bitPattern: block.pointer.offset &- expected)
                writer.varint(UInt64(bitPattern: (jump << 1) ^ (jump >> 63)))
                writer.varint(UInt64(block.pointer.length))
                writer.uint64(block.pointer.checksum)
                writer.varint(block.newest - oldest)
                expected = block.pointer.range.end
                guard index < blocks.count - 1 else { break }
                let suffix = bytes[start + prefixCount..<block.separatorEnd]
                writer.varint(UInt64(suffix.count) << 1 | (block.spanTimestamp == nil ? 0 : 1))
                writer.raw(BorrowedBytes(UnsafeRawBufferPointer(rebasing: suffix)))
                if let timestamp = block.spanTimestamp { writer.varint(timestamp - oldest) }
                start = block.separatorEnd
            }
        }
        return writer.bytes
    }

    /// Separators are in order, so what the first and the last share, all do.
    private var commonPrefixCount: Int {
        guard blocks.count > 1 else { return 0 }
        let lastStart = blocks.count > 2 ? blocks[blocks.count - 3].separatorEnd : 0
        let lastEnd = blocks[blocks.count - 2].separatorEnd
        return separators.withUnsafeBytes { bytes in
            KeyOrder.commonPrefixLength(
                BorrowedBytes(UnsafeRawBufferPointer(rebasing: bytes[..<blocks[0].separatorEnd])),
                BorrowedBytes(UnsafeRawBufferPointer(rebasing: bytes[lastStart..<lastEnd])))
        }
    }
}
