/// One use of an extent by the log.
///
/// The byte at offset `o` of the segment has the sequence number `base + o`, so that a sequence number and its place
/// agree modulo the sector size. The next segment's base is this one's plus its length.
package struct LogSegment: Hashable, Sendable {
    package let range: FileRange
    /// Random, and new for each use of the extent: records of earlier uses, which stay where they are, do not match.
    package let epoch: UInt64
    /// Counts the segments of the file.
    package let number: UInt64
    /// The sequence number of the segment's first byte.
    package let base: LogSequenceNumber

    package init(range: FileRange, epoch: UInt64, number: UInt64, base: LogSequenceNumber) {
        self.range = range
        self.epoch = epoch
        self.number = number
        self.base = base
    }

    var length: Int { Int(range.length) }

    /// Group records end here at the latest, and the record that ends the segment begins here at the latest.
    var dataEnd: Int { length - LogFormat.segmentTailBytes }

    /// Where the copy of the record that ends the segment lies.
    var copyOffset: Int { length - LogFormat.sectorBytes }

    /// The base of the segment that follows.
    package var nextBase: LogSequenceNumber { base.advanced(by: length) }

    func contains(_ lsn: LogSequenceNumber) -> Bool { base <= lsn && lsn < nextBase }
}

extension LogSegment {
    /// Fills the header sector.
    func encodeHeader(to sector: UnsafeMutableRawBufferPointer, file: FileIdentity, born: Generation) {
        precondition(sector.count == LogFormat.sectorBytes)
        sector.initializeMemory(as: UInt8.self, repeating: 0)
        let fields = [
            LogFormat.magic, file.high, file.low, epoch, number, base.rawValue, born.rawValue, range.offset,
            range.length,
        ]
        for (index, field) in fields.enumerated() {
            sector.storeBytes(of: field.littleEndian, toByteOffset: 8 + 8 * index, as: UInt64.self)
        }
        let checksum = Self.headerChecksum(UnsafeRawBufferPointer(sector), file: file, range: range)
        sector.storeBytes(of: checksum.littleEndian, toByteOffset: 0, as: UInt64.self)
    }

    private static func headerChecksum(
        _ sector: UnsafeRawBufferPointer, file: FileIdentity, range: FileRange
    ) -> UInt64 {
        let seed = file.seed ^ (range.offset &* 0x9E37_79B9_7F4A_7C15)
        return xxh3(BorrowedBytes(UnsafeRawBufferPointer(rebasing: sector[8..<LogFormat.sectorBytes])), seed: seed)
    }

    /// Reads the header sector of the segment that should lie at `range`.
    ///
    /// - Returns: The segment and its birth, or `nil` when the sector is not the header of that segment in `epoch`.
    init?(header sector: UnsafeRawBufferPointer, file: FileIdentity, range: FileRange, epoch: UInt64) {
        func field(_ index: Int) -> UInt64 {
            UInt64(littleEndian: sector.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        }
        guard sector.count >= LogFormat.sectorBytes,
            field(0) == Self.headerChecksum(sector, file: file, range: range),
            field(1) == LogFormat.magic, field(2) == file.high, field(3) == file.low, field(4) == epoch,
            field(8) == range.offset, field(9) == range.length,
            field(5) < .max, field(6) <= LogStart.maximumLSN, field(6) % UInt64(LogFormat.sectorBytes) == 0
        else { return nil }
        self.init(range: range, epoch: epoch, number: field(5), base: LogSequenceNumber(rawValue: field(6)))
    }
}
