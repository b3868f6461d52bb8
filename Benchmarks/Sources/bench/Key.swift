import LSMTx

/// A key of 16 bytes: eight that all keys share, then eight hexadecimal digits, which order as the number does.
///
/// Keys of the data set have even numbers, so that odd ones are missing keys inside the range.
struct Key: ByteSource, Sendable {
    private let shared: UInt64 = 0x3030_3030_3079_656B  // "key00000" in memory
    /// The digits, as they lie in memory.
    let digits: UInt64

    static let byteCount = 16

    /// - Parameter number: Below 2^32.
    @inline(__always)
    init(_ number: Int) {
        // One digit to each byte, the highest first in memory.
        var spread = UInt64(UInt32(truncatingIfNeeded: number))
        spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
        spread = (spread | spread << 4) & 0x0F0F_0F0F_0F0F_0F0F
        let isLetter = ((spread &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
        digits = (spread &+ 0x3030_3030_3030_3030 &+ isLetter &* 39).bigEndian
    }

    /// The digits of a key's bytes, if it can be one of ours.
    @inline(__always)
    static func digits(of bytes: UnsafeRawBufferPointer) -> UInt64? {
        bytes.count == byteCount ? bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self) : nil
    }

    var bytes: [UInt8] { withUnsafeBytes(of: self) { [UInt8]($0) } }

    @inline(__always)
    func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try withUnsafeBytes(of: self) { bytes throws(E) in try body(bytes.bytes) }
    }
}

/// Values of 100 bytes: a generation, then numbers that follow from key and generation, so that every value read can
/// be checked by its content for a few nanoseconds.
struct Value: ByteSource {
    static let byteCount = 100
    private static let words = 12
    private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    private var bytes:
        (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt32)

    @inline(__always)
    init(of key: Key, generation: UInt64) {
        let seed = Self.mix(key.digits &+ generation)
        let step = Self.step
        bytes = (
            generation, seed, seed &+ step, seed &+ step &* 2, seed &+ step &* 3, seed &+ step &* 4,
            seed &+ step &* 5, seed &+ step &* 6, seed &+ step &* 7, seed &+ step &* 8, seed &+ step &* 9,
            seed &+ step &* 10, UInt32(truncatingIfNeeded: seed)
        )
    }

    /// What a check must not take for a value.
    var withOneBitChanged: Value {
        var changed = self
        changed.bytes.6 ^= 1 << 17
        return changed
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &* 0xFF51_AFD7_ED55_8CCD
        mixed ^= mixed >> 32
        return mixed &* 0xC4CE_B9FE_1A85_EC53
    }

    /// Whether `bytes` are a value of the key.
    @inline(__always)
    static func isValid(_ bytes: UnsafeRawBufferPointer, digits: UInt64) -> Bool {
        guard bytes.count == byteCount else { return false }
        let generation = bytes.loadUnaligned(as: UInt64.self)
        let seed = mix(digits &+ generation)
        var expected = seed
        var difference: UInt64 = 0
        for word in 1..<words {
            difference |= bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self) ^ expected
            expected &+= step
        }
        let tail = bytes.loadUnaligned(fromByteOffset: words * 8, as: UInt32.self)
        return difference == 0 && tail == UInt32(truncatingIfNeeded: seed)
    }

    @inline(__always)
    static func generation(_ bytes: UnsafeRawBufferPointer) -> UInt64 { bytes.loadUnaligned(as: UInt64.self) }

    @inline(__always)
    func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try withUnsafeBytes(of: bytes) { bytes throws(E) in
            try body(UnsafeRawBufferPointer(rebasing: bytes[..<Self.byteCount]).bytes)
        }
    }
}

/// A small generator, one for each thread, with a fixed seed.
struct Generator {
    private var state: UInt64

    init(seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    @inline(__always)
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below `limit`, which is below 2^32.
    @inline(__always)
    mutating func below(_ limit: Int) -> Int { Int(truncatingIfNeeded: ((next() >> 32) &* UInt64(limit)) >> 32) }
}
