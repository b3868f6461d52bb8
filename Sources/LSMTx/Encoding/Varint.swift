/// Numbers in 7-bit groups, least significant first, over raw memory: the form for hot paths, where space has been
/// reserved or the bytes verified beforehand. ``ByteReader`` is the checked form.
package enum Varint {
    package static let maximumBytes = 10

    @inline(__always)
    package static func size(_ value: UInt64) -> Int {
        (70 - (value | 1).leadingZeroBitCount) / 7
    }

    /// Writes `value` and returns the number of bytes.
    @inline(__always)
    package static func write(_ value: UInt64, to target: UnsafeMutableRawPointer) -> Int {
        var rest = value
        var count = 0
        while rest >= 0x80 {
            target.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: count, as: UInt8.self)
            rest >>= 7
            count += 1
        }
        target.storeBytes(of: UInt8(rest), toByteOffset: count, as: UInt8.self)
        return count + 1
    }

    /// Reads a number from verified bytes and moves `source` past it.
    @inline(__always)
    package static func read(_ source: inout UnsafeRawPointer) -> UInt64 {
        var byte = source.load(as: UInt8.self)
        source += 1
        if byte < 0x80 { return UInt64(byte) }
        var value = UInt64(byte & 0x7f)
        var shift: UInt64 = 7
        repeat {
            byte = source.load(as: UInt8.self)
            source += 1
            value |= UInt64(byte & 0x7f) &<< shift
            shift &+= 7
        } while byte >= 0x80 && shift < 64
        return value
    }
}
