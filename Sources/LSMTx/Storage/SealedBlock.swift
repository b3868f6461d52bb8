/// Where a block is and what its checksum must be: the form in which a parent names a child.
///
/// The checksum stands in the block and in its parent, so that a block that is valid in itself but stale, or in the
/// wrong place, is detected.
package struct BlockPointer: Hashable, Sendable {
    package let offset: UInt64
    /// Bytes, the header included.
    package let length: UInt32
    package let checksum: UInt64

    package init(offset: UInt64, length: UInt32, checksum: UInt64) {
        self.offset = offset
        self.length = length
        self.checksum = checksum
    }

    package var range: FileRange { FileRange(offset: offset, length: UInt64(length)) }
    package static let encodedBytes = 20

    package func encode(to writer: inout ByteWriter) {
        writer.uint64(offset)
        writer.uint32(length)
        writer.uint64(checksum)
    }

    package init(from reader: inout ByteReader) throws(StoreError) {
        offset = try reader.uint64()
        length = try reader.uint32()
        checksum = try reader.uint64()
        guard length >= SealedBlock.headerBytes, offset <= Limits.maximumFileBytes else {
            throw reader.fail("A block pointer is out of range.")
        }
    }
}

/// What a block holds. The raw values are part of the file format.
package enum BlockKind: UInt8, Sendable {
    case extentHeader = 1
    case data = 2
    case index = 3
    case filter = 4
    case properties = 5
    case manifestBase = 6
    case manifestEdit = 7
    case largeValue = 8
    case rangeTombstones = 9

    package var name: String {
        switch self {
        case .extentHeader: "extent header"
        case .data: "data block"
        case .index: "index block"
        case .filter: "filter block"
        case .properties: "table properties"
        case .manifestBase: "manifest base"
        case .manifestEdit: "manifest edit"
        case .largeValue: "large value"
        case .rangeTombstones: "range tombstones"
        }
    }
}

/// How a block's payload is stored. The raw values are part of the file format; others are reserved for compression.
package enum BlockCodec: UInt8, Sendable {
    case plain = 0
}

/// Puts checksums on blocks and checks them.
///
/// A sealed block is a 24-byte header and a payload. The checksum is XXH3-64 over the rest of the header and the
/// payload, seeded with the file's identity and the block's place, so that it also fails for a block of another
/// file, or one that was written to the wrong place. FileFormat in the documentation has the layout.
package struct SealedBlock: Sendable {
    package static let headerBytes = 24
    /// Larger than any block that is written; a length beyond it is damage.
    package static let maximumBytes = 1 << 30

    private let fileSeed: UInt64

    package init(file: FileIdentity) {
        fileSeed = file.seed
    }

    func seed(at offset: UInt64) -> UInt64 { fileSeed ^ (offset &* 0x9E37_79B9_7F4A_7C15) }

    /// Fills in the header of `block`, whose payload is in place after ``headerBytes``, and returns its pointer.
    ///
    /// - Parameters:
    ///   - block: Header and payload.
    ///   - offset: Where the block will be written.
    package func seal(
        _ block: UnsafeMutableRawBufferPointer, kind: BlockKind, codec: BlockCodec = .plain, generation: Generation,
        offset: UInt64
    ) -> BlockPointer {
        precondition(block.count >= Self.headerBytes && block.count <= Self.maximumBytes)
        fillHeader(
            block, payloadBytes: block.count - Self.headerBytes, kind: kind, codec: codec, generation: generation)
        let checksum = checksum(of: UnsafeRawBufferPointer(block), at: offset)
        block.storeBytes(of: checksum.littleEndian, toByteOffset: 0, as: UInt64.self)
        return BlockPointer(offset: offset, length: UInt32(block.count), checksum: checksum)
    }

    /// Fills in all of a header but the checksum.
    func fillHeader(
        _ header: UnsafeMutableRawBufferPointer, payloadBytes: Int, kind: BlockKind, codec: BlockCodec,
        generation: Generation
    ) {
        header.storeBytes(of: generation.rawValue.littleEndian, toByteOffset: 8, as: UInt64.self)
        header.storeBytes(of: UInt32(payloadBytes).littleEndian, toByteOffset: 16, as: UInt32.self)
        header.storeBytes(of: kind.rawValue, toByteOffset: 20, as: UInt8.self)
        header.storeBytes(of: codec.rawValue, toByteOffset: 21, as: UInt8.self)
        header.storeBytes(of: 0, toByteOffset: 22, as: UInt16.self)
    }

    private func checksum(of block: UnsafeRawBufferPointer, at offset: UInt64) -> UInt64 {
        xxh3(BorrowedBytes(UnsafeRawBufferPointer(rebasing: block[8...])), seed: seed(at: offset))
    }

    /// Checks `block`, read from where `pointer` says, against its own header and its parent's checksum, and returns
    /// its payload, lent for as long as `block` is.
    ///
    /// - Throws: `corrupt`, with the block's place and kind.
    package func verify(
        _ block: UnsafeRawBufferPointer, pointer: BlockPointer, kind: BlockKind
    ) throws(StoreError) -> BorrowedBytes {
        guard block.count == Int(pointer.length), block.count >= Self.headerBytes else {
            throw .corrupt("The file ends inside a block.", structure: kind.name, offset: pointer.offset)
        }
        let stored = UInt64(littleEndian: block.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        guard stored == pointer.checksum, checksum(of: block, at: pointer.offset) == stored else {
            throw .corrupt("A block's checksum does not match.", structure: kind.name, offset: pointer.offset)
        }
        let payloadBytes = UInt32(littleEndian: block.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
        guard Int(payloadBytes) == block.count - Self.headerBytes,
            block.load(fromByteOffset: 20, as: UInt8.self) == kind.rawValue,
            block.load(fromByteOffset: 21, as: UInt8.self) == BlockCodec.plain.rawValue
        else {
            throw .corrupt("A block is not what its parent says.", structure: kind.name, offset: pointer.offset)
        }
        return BorrowedBytes(UnsafeRawBufferPointer(rebasing: block[Self.headerBytes...]))
    }
}
