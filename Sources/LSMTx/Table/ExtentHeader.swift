/// What each extent of a table begins with, so that it can be recognised when everything that names it is lost.
package struct ExtentHeader: Equatable, Sendable {
    package static let payloadBytes = 24
    package static let blockBytes = SealedBlock.headerBytes + payloadBytes

    package let table: TableID
    /// The extent's place among the table's extents.
    package let ordinal: UInt32
    package let level: UInt8
    /// The generation in which the table was made.
    package let born: Generation

    package init(table: TableID, ordinal: UInt32, level: UInt8, born: Generation) {
        self.table = table
        self.ordinal = ordinal
        self.level = level
        self.born = born
    }

    package init(_ payload: BorrowedBytes, fileOffset: UInt64) throws(StoreError) {
        var reader = ByteReader(payload, structure: BlockKind.extentHeader.name, fileOffset: fileOffset)
        table = TableID(rawValue: try reader.uint64())
        born = Generation(rawValue: try reader.uint64())
        ordinal = try reader.uint32()
        level = try reader.uint8()
        guard try reader.bytes(3).buffer.allSatisfy({ $0 == 0 }) else {
            throw reader.fail("Reserved bytes are not zero.")
        }
        try reader.expectEnd()
    }

    var payload: [UInt8] {
        var writer = ByteWriter(reserving: Self.payloadBytes)
        writer.uint64(table.rawValue)
        writer.uint64(born.rawValue)
        writer.uint32(ordinal)
        writer.uint8(level)
        writer.zeros(3)
        return writer.bytes
    }

    /// Reads the header of an extent that begins at `offset`. No parent holds its checksum, so the block's own stands
    /// in for it.
    package static func read(at offset: UInt64, from file: StoreFile) throws(StoreError) -> ExtentHeader {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blockBytes, alignment: 16)
        defer { buffer.deallocate() }
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        _ = try file.device.read(into: buffer, at: offset)
        let checksum = UInt64(littleEndian: buffer.load(as: UInt64.self))
        let pointer = BlockPointer(offset: offset, length: UInt32(blockBytes), checksum: checksum)
        let payload = try file.seal.verify(UnsafeRawBufferPointer(buffer), pointer: pointer, kind: .extentHeader)
        return try ExtentHeader(payload, fileOffset: offset)
    }
}
