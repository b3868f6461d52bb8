/// Appends numbers and byte strings to a growing array, in the form that ``ByteReader`` reads.
package struct ByteWriter {
    package private(set) var bytes: [UInt8] = []

    package init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    package mutating func uint8(_ value: UInt8) { bytes.append(value) }

    package mutating func uint16(_ value: UInt16) { fixed(value) }

    package mutating func uint32(_ value: UInt32) { fixed(value) }

    package mutating func uint64(_ value: UInt64) { fixed(value) }

    private mutating func fixed<Number: FixedWidthInteger>(_ value: Number) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    package mutating func raw(_ source: BorrowedBytes) { bytes.append(contentsOf: source.buffer) }

    package mutating func lengthPrefixed(_ source: BorrowedBytes) {
        varint(UInt64(source.count))
        raw(source)
    }

    package mutating func lengthPrefixed(_ source: [UInt8]) {
        varint(UInt64(source.count))
        bytes.append(contentsOf: source)
    }

    /// Appends zeros. From an array, they are copied at once; unoptimised, a repeated element costs a call for each byte.
    package mutating func zeros(_ count: Int) { bytes.append(contentsOf: [UInt8](repeating: 0, count: count)) }
}
