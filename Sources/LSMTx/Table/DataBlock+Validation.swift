extension DataBlock {
    /// What a block must fit between: the index's words about its neighbours.
    struct Bounds {
        /// No key of the block is below it. `nil` for the first block.
        var lower: [UInt8]?
        /// When the block before ended with a version of `lower`, that version's timestamp.
        var lowerTimestamp: UInt64?
        /// Every key of the block is below it, but for one that goes on in the next block. `nil` for the last block.
        var upper: [UInt8]?
        /// When a key goes on in the next block, the timestamp of its last version in this one.
        var upperTimestamp: UInt64?
    }

    /// Checks everything that the searches and cursors rely on: the arrays and entries lie inside the payload, kinds
    /// are known, slices say what they must, entries are in strict order, and the first and last fit the index.
    static func validate(_ payload: BorrowedBytes, bounds: Bounds, fileOffset: UInt64) throws(StoreError) {
        var reader = ByteReader(payload, structure: BlockKind.data.name, fileOffset: fileOffset)
        let count = Int(try reader.uint32())
        let prefixCount = Int(try reader.uint16())
        let offsetBytes = Int(try reader.uint8())
        guard try reader.uint8() == 0, offsetBytes == 2 || offsetBytes == 4 else {
            throw reader.fail("A data block's header is malformed.")
        }
        let oldest = try reader.uint64()
        guard count > 0, count <= reader.remaining / (4 + offsetBytes) else {
            throw reader.fail("A count is larger than its data.")
        }
        let slices = try reader.bytes(count * 4)
        let offsets = try reader.bytes((count + 1) * offsetBytes)
        _ = try reader.bytes(prefixCount)

        var start = reader.position
        guard offset(0, in: offsets, width: offsetBytes) == start else {
            throw reader.fail("Entries do not begin where they must.")
        }
        var previous: CheckedEntry?
        for index in 0..<count {
            let end = offset(index + 1, in: offsets, width: offsetBytes)
            guard end > start, end <= payload.count else { throw reader.fail("An entry's place is out of range.") }
            let slice = UInt32(littleEndian: slices.base.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
            let bytes = BorrowedBytes(base: payload.base + start, count: end - start)
            let entry = try CheckedEntry(
                bytes, slice: slice, prefixCount: prefixCount, oldest: oldest, fileOffset: fileOffset + UInt64(start))
            if let previous, !previous.isBefore(entry) { throw reader.fail("Entries are out of order.") }
            previous = entry
            start = end
        }
        guard start == payload.count else { throw reader.fail("There are bytes after the end of the structure.") }
        try DataBlock(verified: payload.base).validate(bounds, fileOffset: fileOffset)
    }

    private static func offset(_ index: Int, in offsets: BorrowedBytes, width: Int) -> Int {
        if width == 2 {
            return Int(UInt16(littleEndian: offsets.base.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)))
        }
        return Int(UInt32(littleEndian: offsets.base.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
    }

    /// An entry whose parts were found inside its bytes.
    private struct CheckedEntry {
        let slice: UInt32
        let suffixCount: Int
        let rest: BorrowedBytes
        let timestamp: UInt64

        init(
            _ bytes: BorrowedBytes, slice: UInt32, prefixCount: Int, oldest: UInt64, fileOffset: UInt64
        ) throws(StoreError) {
            var reader = ByteReader(bytes, structure: BlockKind.data.name, fileOffset: fileOffset)
            let head = try reader.varint()
            guard head >> 2 <= UInt64(Limits.maximumKeyBytes - prefixCount) else {
                throw reader.fail("A key is over its limit.")
            }
            guard let kind = EntryKind(rawValue: UInt8(head & 3) + 1), kind != .rangeTombstone else {
                throw reader.fail("An entry is of no known kind.")
            }
            let (timestamp, overflow) = oldest.addingReportingOverflow(try reader.varint())
            guard !overflow, timestamp < Timestamp.max.rawValue else {
                throw reader.fail("A timestamp is out of range.")
            }
            self.slice = slice
            self.timestamp = timestamp
            suffixCount = Int(head >> 2)
            guard suffixCount >= 4 || slice << UInt32(8 * suffixCount) == 0 else {
                throw reader.fail("A key has bytes past its end.")
            }
            rest = try reader.bytes(max(suffixCount - 4, 0))
            switch kind {
            case .value, .rangeTombstone: break
            case .tombstone:
                guard reader.remaining == 0 else { throw reader.fail("A tombstone has a value.") }
            case .largeValue:
                guard LargeValueReference(try reader.bytes(reader.remaining)) != nil else {
                    throw reader.fail("A reference to a large value is out of range.")
                }
            }
        }

        func isBefore(_ other: CheckedEntry) -> Bool {
            guard slice == other.slice else { return slice < other.slice }
            let order: Int
            if suffixCount > 4, other.suffixCount > 4 {
                order = KeyOrder.compare(rest, other.rest)
            } else {
                order = suffixCount - other.suffixCount
            }
            return order != 0 ? order < 0 : timestamp > other.timestamp
        }
    }

    private func validate(_ bounds: Bounds, fileOffset: UInt64) throws(StoreError) {
        let misplaced = StoreError.corrupt(
            "A data block does not fit its index.", structure: BlockKind.data.name, offset: fileOffset)
        if let lower = bounds.lower {
            let order = compare(0, with: lower)
            if let timestamp = bounds.lowerTimestamp {
                guard order == 0, self.timestamp(0) < timestamp else { throw misplaced }
            } else {
                guard order >= 0 else { throw misplaced }
            }
        }
        if let upper = bounds.upper {
            let order = compare(count - 1, with: upper)
            if let timestamp = bounds.upperTimestamp {
                guard order == 0, self.timestamp(count - 1) == timestamp else { throw misplaced }
            } else {
                guard order < 0 else { throw misplaced }
            }
        }
    }

    private func compare(_ index: Int, with other: [UInt8]) -> Int {
        key(index).withUnsafeBytes { key in
            other.withUnsafeBytes { KeyOrder.compare(BorrowedBytes(key), BorrowedBytes($0)) }
        }
    }
}
