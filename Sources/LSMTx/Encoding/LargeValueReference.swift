/// Where a value lives that has an extent of its own, and what must be found there: what stands in the place of the
/// value in a batch, the log, a memtable and a table. FileFormat in the documentation has the layout.
///
/// The extent holds a sealed block, and the reference is its parent: it has the block's checksum and the generation in
/// which it was written, so that a stale or misplaced block is detected.
package struct LargeValueReference: Equatable, Sendable {
    package static let encodedBytes = 28
    /// What the block has in front of the value.
    package static let headerBytes = 24

    /// Of the block, which begins its extent.
    package let offset: UInt64
    /// Bytes of the value.
    package let count: Int
    /// Of the block.
    package let checksum: UInt64
    package let born: Generation

    package init(offset: UInt64, count: Int, checksum: UInt64, born: Generation) {
        self.offset = offset
        self.count = count
        self.checksum = checksum
        self.born = born
    }

    /// Reads a reference from bytes that nobody has verified.
    ///
    /// - Returns: `nil` when they are none, or name an extent that no file can have.
    package init?(_ bytes: BorrowedBytes) {
        guard bytes.count == Self.encodedBytes else { return nil }
        self.init(verified: bytes)
        guard offset % FileRange.pageBytes == 0, count > 0, count <= Limits.maximumValueBytes,
            offset <= Limits.maximumFileBytes - Self.extentBytes(for: count)
        else { return nil }
    }

    /// Reads a reference that has been verified, or comes from this process.
    package init(verified bytes: BorrowedBytes) {
        precondition(bytes.count == Self.encodedBytes, "a large value has no reference")
        offset = UInt64(littleEndian: bytes.base.loadUnaligned(as: UInt64.self))
        count = Int(UInt32(littleEndian: bytes.base.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        checksum = UInt64(littleEndian: bytes.base.loadUnaligned(fromByteOffset: 12, as: UInt64.self))
        born = Generation(
            rawValue: UInt64(littleEndian: bytes.base.loadUnaligned(fromByteOffset: 20, as: UInt64.self)))
    }

    /// Calls `body` with the form that is stored.
    package func withEncoded<R, E: Error>(_ body: (BorrowedBytes) throws(E) -> R) throws(E) -> R {
        var writer = ByteWriter(reserving: Self.encodedBytes)
        writer.uint64(offset)
        writer.uint32(UInt32(count))
        writer.uint64(checksum)
        writer.uint64(born.rawValue)
        return try writer.bytes.span.withUnsafeBytes { bytes throws(E) in try body(BorrowedBytes(bytes)) }
    }

    /// The pages that the value owns.
    package var extent: FileRange { FileRange(offset: offset, length: Self.extentBytes(for: count)) }

    private static func extentBytes(for count: Int) -> UInt64 {
        let page = FileRange.pageBytes
        return (UInt64(count + headerBytes) + page - 1) / page * page
    }
}
