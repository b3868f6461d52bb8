/// Reads numbers and byte strings from bytes that nobody has verified yet.
///
/// Every read is checked against what is left, so that a damaged or hostile file gives an error and never a trap,
/// an overflow or a read outside its bytes. The error's type is the caller's choice, through `structure`.
package struct ByteReader: ~Copyable {
    private let bytes: BorrowedBytes
    private let structure: String
    private let fileOffset: UInt64
    package private(set) var position = 0

    /// - Parameters:
    ///   - bytes: What is read; must stay valid for the reader's life.
    ///   - structure: The structure's name in the error.
    ///   - fileOffset: Where the bytes begin in the file, for the error.
    package init(_ bytes: BorrowedBytes, structure: String, fileOffset: UInt64) {
        self.bytes = bytes
        self.structure = structure
        self.fileOffset = fileOffset
    }

    package var remaining: Int { bytes.count - position }

    package func fail(_ message: String) -> StoreError {
        .corrupt(message, structure: structure, offset: fileOffset &+ UInt64(position))
    }

    private mutating func take(_ count: Int) throws(StoreError) -> UnsafeRawPointer {
        guard count >= 0, count <= remaining else { throw fail("The bytes end before the structure does.") }
        defer { position += count }
        return bytes.base + position
    }

    package mutating func uint8() throws(StoreError) -> UInt8 {
        try take(1).load(as: UInt8.self)
    }

    package mutating func uint16() throws(StoreError) -> UInt16 {
        UInt16(littleEndian: try take(2).loadUnaligned(as: UInt16.self))
    }

    package mutating func uint32() throws(StoreError) -> UInt32 {
        UInt32(littleEndian: try take(4).loadUnaligned(as: UInt32.self))
    }

    package mutating func uint64() throws(StoreError) -> UInt64 {
        UInt64(littleEndian: try take(8).loadUnaligned(as: UInt64.self))
    }

    /// A number in 7-bit groups, least significant first. At most ten bytes; the tenth may hold only one bit.
    package mutating func varint() throws(StoreError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try uint8()
            if shift == 63, byte > 1 { throw fail("A number is longer than 64 bits.") }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    /// A number that counts something of which each takes at least `minimumBytes` of what is left, so that a damaged
    /// count can reserve no more memory than the file has bytes.
    package mutating func count(minimumBytes: Int) throws(StoreError) -> Int {
        let value = try varint()
        guard value <= UInt64(remaining / max(minimumBytes, 1)) else { throw fail("A count is larger than its data.") }
        return Int(value)
    }

    /// `count` bytes, lent for as long as the reader's bytes are.
    package mutating func bytes(_ count: Int) throws(StoreError) -> BorrowedBytes {
        BorrowedBytes(base: try take(count), count: count)
    }

    /// A byte string that carries its length in front, at most `limit` bytes.
    package mutating func lengthPrefixed(limit: Int) throws(StoreError) -> BorrowedBytes {
        let count = try varint()
        guard count <= UInt64(limit) else { throw fail("A length is over its limit.") }
        return try bytes(Int(count))
    }

    package mutating func expectEnd() throws(StoreError) {
        guard remaining == 0 else { throw fail("There are bytes after the end of the structure.") }
    }
}
