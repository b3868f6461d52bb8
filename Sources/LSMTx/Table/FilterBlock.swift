internal import CLSMTxShims

/// A Bloom filter over user keys of which each probe touches one cache line. A view of a verified payload.
///
/// The upper half of a key's hash chooses the line, the lower half six bits of its 512. At ten bits a key about one
/// absent key in a hundred passes.
struct FilterBlock {
    /// Pads the payload so that lines are cache lines in memory.
    static let headerBytes = 40
    static let lineBytes = 64
    private static let probes = 6
    /// Spreads the lower half of the hash again for each bit.
    private static let multiplier: UInt32 = 0x9E37_79B9

    private let lines: UnsafeRawPointer
    private let lineCount: UInt64

    @inline(__always)
    init(verified payload: UnsafeRawPointer) {
        lineCount = UInt64(UInt32(littleEndian: payload.load(as: UInt32.self)))
        lines = payload + Self.headerBytes
    }

    @inline(__always)
    private static func line(of hash: UInt64, count: UInt64) -> Int { Int(((hash >> 32) &* count) >> 32) }

    /// Whether a key of this hash may be in the table.
    @inline(__always)
    func mayContain(_ hash: UInt64) -> Bool {
        let line = lines + Self.line(of: hash, count: lineCount) * Self.lineBytes
        var bits = UInt32(truncatingIfNeeded: hash)
        for _ in 0..<Self.probes {
            let byte = line.load(fromByteOffset: Int(bits >> 26), as: UInt8.self)
            guard (byte >> UInt8(bits >> 23 & 7)) & 1 == 1 else { return false }
            bits = bits &* Self.multiplier
        }
        return true
    }

    /// Asks for the line that ``mayContain(_:)`` will read.
    @inline(__always)
    func prefetch(_ hash: UInt64) {
        lsmtx_prefetch(lines + Self.line(of: hash, count: lineCount) * Self.lineBytes)
    }

    static func validate(_ payload: BorrowedBytes, fileOffset: UInt64) throws(StoreError) {
        var reader = ByteReader(payload, structure: BlockKind.filter.name, fileOffset: fileOffset)
        let lineCount = Int(try reader.uint32())
        let probeCount = Int(try reader.uint32())
        _ = try reader.bytes(headerBytes - 8)
        guard lineCount > 0, reader.remaining == lineCount * lineBytes, probeCount == probes else {
            throw reader.fail("A filter is not of its declared size.")
        }
    }

    /// The number of lines for `keyCount` keys.
    static func lineCount(keyCount: Int, bitsPerKey: Int) -> Int {
        max(1, (keyCount * bitsPerKey + lineBytes * 8 - 1) / (lineBytes * 8))
    }

    /// Writes a filter over keys of the given hashes; `target` has place for the header and `lineCount` lines.
    static func build(_ hashes: [UInt64], lineCount: Int, into target: UnsafeMutableRawPointer) {
        target.initializeMemory(as: UInt8.self, repeating: 0, count: headerBytes + lineCount * lineBytes)
        target.storeBytes(of: UInt32(lineCount).littleEndian, as: UInt32.self)
        target.storeBytes(of: UInt32(probes).littleEndian, toByteOffset: 4, as: UInt32.self)
        let lines = target + headerBytes
        for hash in hashes {
            let line = lines + Self.line(of: hash, count: UInt64(lineCount)) * lineBytes
            var bits = UInt32(truncatingIfNeeded: hash)
            for _ in 0..<probes {
                let byte = line.assumingMemoryBound(to: UInt8.self) + Int(bits >> 26)
                byte.pointee |= 1 << UInt8(bits >> 23 & 7)
                bits = bits &* multiplier
            }
        }
    }
}
