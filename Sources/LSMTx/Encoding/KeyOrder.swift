#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The order of keys: unsigned bytes, a shorter key before a longer one that it begins.
package enum KeyOrder {
    /// Below zero when `a` comes first, above when `b` does, zero when they are equal.
    @inline(__always)
    package static func compare(_ a: BorrowedBytes, _ b: BorrowedBytes) -> Int {
        let common = min(a.count, b.count)
        let order = memcmp(a.base, b.base, common)
        return order != 0 ? Int(order) : a.count - b.count
    }

    @inline(__always)
    package static func isEqual(_ a: BorrowedBytes, _ b: BorrowedBytes) -> Bool {
        a.count == b.count && memcmp(a.base, b.base, a.count) == 0
    }

    /// The number of leading bytes that `a` and `b` share.
    package static func commonPrefixLength(_ a: BorrowedBytes, _ b: BorrowedBytes) -> Int {
        let limit = min(a.count, b.count)
        var index = 0
        while index < limit,
            a.base.load(fromByteOffset: index, as: UInt8.self)
                == b.base.load(fromByteOffset: index, as: UInt8.self)
        {
            index += 1
        }
        return index
    }

    /// The `width` bytes of `key` after its first `start`, as a big-endian number padded with zeros.
    ///
    /// Two keys that agree in their first `start` bytes order as their slices do; only equal slices need a full
    /// comparison.
    @inline(__always)
    package static func slice32(_ key: BorrowedBytes, from start: Int) -> UInt32 {
        let left = key.count - start
        if left >= 4 {
            return UInt32(bigEndian: key.base.loadUnaligned(fromByteOffset: start, as: UInt32.self))
        }
        return UInt32(truncatingIfNeeded: shortSlice(key, from: start, count: left) >> 32)
    }

    @inline(__always)
    package static func slice64(_ key: BorrowedBytes, from start: Int) -> UInt64 {
        let left = key.count - start
        if left >= 8 {
            return UInt64(bigEndian: key.base.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        }
        return shortSlice(key, from: start, count: left)
    }

    private static func shortSlice(_ key: BorrowedBytes, from start: Int, count: Int) -> UInt64 {
        var value: UInt64 = 0
        var index = 0
        while index < count {
            value |= UInt64(key.base.load(fromByteOffset: start + index, as: UInt8.self)) << UInt64(56 - 8 * index)
            index += 1
        }
        return value
    }
}
