/// Sizes and numbers of the log's layout; FileFormat in the documentation has the layout itself.
enum LogFormat {
    /// What a device writes as one unit at best: no sector that holds synced bytes is ever written again.
    static let sectorBytes = 512
    /// "LSMTxLog" in the file's byte order.
    static let magic: UInt64 = 0x676F_4C78_544D_534C
    static let recordHeaderBytes = 48
    /// Offset, length and epoch of the next segment.
    static let segmentEndPayloadBytes = 24
    static let segmentEndBytes = recordHeaderBytes + segmentEndPayloadBytes
    /// Kept free at the end of each segment: a sector for the record that ends it, and one for that record's copy. They
    /// always are sectors without synced bytes.
    static let segmentTailBytes = 2 * sectorBytes
    /// With less room than this for payload, a segment ends rather than taking a fragment.
    static let minimumFragmentBytes = 64
    static let minimumSegmentBytes: UInt64 = 4096
    /// Bounds the memory that a hostile file can make a reader take: segments are read whole.
    static let maximumSegmentBytes: UInt64 = 64 << 20
    /// Far above any log that can be written, and far enough below the end of the numbers to add to.
    static let maximumLSN: UInt64 = 1 << 62
    /// In `flags`: the payload goes on in the next group record.
    static let continues: UInt8 = 1

    @inline(__always)
    static func nextSector(_ offset: Int) -> Int { (offset + sectorBytes - 1) & ~(sectorBytes - 1) }

    @inline(__always)
    static func aligned(_ bytes: Int) -> Int { (bytes + 7) & ~7 }

    /// Whether a range read from the file can be a segment at all.
    static func isPlausible(_ range: FileRange) -> Bool {
        range.offset % ExtentAllocator.pageBytes == 0 && range.length % ExtentAllocator.pageBytes == 0
            && range.length >= minimumSegmentBytes && range.length <= maximumSegmentBytes
            && range.offset <= Limits.maximumFileBytes
    }
}

/// What a log record holds. The raw values are part of the file format; others are reserved, for named snapshots
/// and changes of the retention among them.
enum LogRecordKind: UInt8 {
    /// The commits of one group, or a fragment of them.
    case group = 1
    /// The last record of a segment, which names the next segment. A copy of it lies in the segment's last sector.
    case segmentEnd = 2
}

/// A record boundary, with what is needed to go on from there: the checksum of the record before it.
package struct LogPosition: Hashable, Sendable {
    package let lsn: LogSequenceNumber
    package let previousChecksum: UInt64
    package init(lsn: LogSequenceNumber, previousChecksum: UInt64) {
        self.lsn = lsn
        self.previousChecksum = previousChecksum
    }
}

/// Where replay starts: what the superblock says about the log.
package struct LogStart: Hashable, Sendable {
    /// The first live segment.
    package let segment: FileRange
    /// Its epoch.
    package let epoch: UInt64
    /// The record boundary in it from which on the log is live.
    package let position: LogPosition

    package init(segment: FileRange, epoch: UInt64, position: LogPosition) {
        self.segment = segment
        self.epoch = epoch
        self.position = position
    }

    package static let encodedBytes = 40

    package func encode(to writer: inout ByteWriter) {
        writer.uint64(segment.offset)
        writer.uint64(segment.length)
        writer.uint64(epoch)
        writer.uint64(position.lsn.rawValue)
        writer.uint64(position.previousChecksum)
    }

    package init(from reader: inout ByteReader) throws(StoreError) {
        segment = FileRange(offset: try reader.uint64(), length: try reader.uint64())
        epoch = try reader.uint64()
        position = LogPosition(
            lsn: LogSequenceNumber(rawValue: try reader.uint64()), previousChecksum: try reader.uint64())
        guard LogFormat.isPlausible(segment), position.lsn.rawValue <= LogFormat.maximumLSN else {
            throw reader.fail("The start of the log is out of range.")
        }
    }
}
