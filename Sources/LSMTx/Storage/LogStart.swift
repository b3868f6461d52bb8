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

    package static let minimumSegmentBytes: UInt64 = 4096
    /// Bounds the memory that a hostile file can make a reader take: segments are read whole.
    package static let maximumSegmentBytes: UInt64 = 64 << 20
    /// Far above any log that can be written, and far enough below the end of the numbers to add to.
    package static let maximumLSN: UInt64 = 1 << 62

    /// Whether a range read from the file can be a segment at all.
    package static func isPlausible(segment range: FileRange) -> Bool {
        range.offset % ExtentAllocator.pageBytes == 0 && range.length % ExtentAllocator.pageBytes == 0
            && range.length >= minimumSegmentBytes && range.length <= maximumSegmentBytes
            && range.offset <= Limits.maximumFileBytes
    }

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
        guard Self.isPlausible(segment: segment), position.lsn.rawValue <= Self.maximumLSN else {
            throw reader.fail("The start of the log is out of range.")
        }
    }
}
