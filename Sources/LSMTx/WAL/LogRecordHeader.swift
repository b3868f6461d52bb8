/// The 48 bytes in front of every record's payload.
enum LogRecordHeader {
    /// Fills in the header at `record`, whose payload is in place behind it, and returns the checksum.
    @inline(__always)
    static func seal(
        _ record: UnsafeMutableRawPointer, seed: UInt64, epoch: UInt64, lsn: UInt64, previousChecksum: UInt64,
        durable: UInt64, payloadBytes: Int, kind: LogRecordKind, flags: UInt8
    ) -> UInt64 {
        record.storeBytes(of: epoch.littleEndian, toByteOffset: 8, as: UInt64.self)
        record.storeBytes(of: lsn.littleEndian, toByteOffset: 16, as: UInt64.self)
        record.storeBytes(of: previousChecksum.littleEndian, toByteOffset: 24, as: UInt64.self)
        record.storeBytes(of: durable.littleEndian, toByteOffset: 32, as: UInt64.self)
        let tail = UInt64(payloadBytes) | UInt64(kind.rawValue) << 32 | UInt64(flags) << 40
        record.storeBytes(of: tail.littleEndian, toByteOffset: 40, as: UInt64.self)
        let count = LogFormat.recordHeaderBytes - 8 + payloadBytes
        let checksum = xxh3(BorrowedBytes(base: record + 8, count: count), seed: seed)
        record.storeBytes(of: checksum.littleEndian, as: UInt64.self)
        return checksum
    }

    /// Writes the record that ends a segment and names the next one.
    static func sealSegmentEnd(
        _ record: UnsafeMutableRawPointer, seed: UInt64, epoch: UInt64, lsn: UInt64, previousChecksum: UInt64,
        durable: UInt64, next: LogSegment
    ) -> UInt64 {
        let payload = record + LogFormat.recordHeaderBytes
        payload.storeBytes(of: next.range.offset.littleEndian, as: UInt64.self)
        payload.storeBytes(of: next.range.length.littleEndian, toByteOffset: 8, as: UInt64.self)
        payload.storeBytes(of: next.epoch.littleEndian, toByteOffset: 16, as: UInt64.self)
        return seal(
            record, seed: seed, epoch: epoch, lsn: lsn, previousChecksum: previousChecksum, durable: durable,
            payloadBytes: LogFormat.segmentEndPayloadBytes, kind: .segmentEnd, flags: 0)
    }
}

/// A record that was found whole: right place, right epoch, right checksum. Whether it belongs to the chain is for
/// the caller to see from ``previousChecksum``.
struct LogRecord {
    let checksum: UInt64
    let previousChecksum: UInt64
    let durable: LogSequenceNumber
    /// `nil` for a kind, or a flag, that this build does not know.
    let kind: LogRecordKind?
    let continues: Bool
    /// Lent for as long as the segment's bytes are.
    let payload: BorrowedBytes
    /// The offset of the next record in the segment.
    let end: Int
}

extension LogSegment {
    /// The record at `offset` of the segment, whose bytes are `bytes`, if a whole one lies there.
    ///
    /// - Parameter hashed: Grows by the number of bytes whose checksum was computed.
    func record(at offset: Int, in bytes: UnsafeRawBufferPointer, seed: UInt64, hashed: inout Int) -> LogRecord? {
        func field(_ index: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8 * index, as: UInt64.self))
        }
        guard offset >= LogFormat.sectorBytes, offset <= bytes.count - LogFormat.recordHeaderBytes,
            field(1) == epoch, field(2) == base.advanced(by: offset).rawValue
        else { return nil }
        let tail = field(5)
        let payloadBytes = Int(tail & 0xFFFF_FFFF)
        let rest = bytes.count - offset - LogFormat.recordHeaderBytes
        guard tail >> 48 == 0, payloadBytes <= rest, LogFormat.aligned(payloadBytes) <= rest else { return nil }
        let covered = LogFormat.recordHeaderBytes - 8 + payloadBytes
        hashed += covered
        let start = bytes.baseAddress! + offset
        guard field(0) == xxh3(BorrowedBytes(base: start + 8, count: covered), seed: seed) else { return nil }
        let flags = UInt8(truncatingIfNeeded: tail >> 40)
        let kind = LogRecordKind(rawValue: UInt8(truncatingIfNeeded: tail >> 32))
        return LogRecord(
            checksum: field(0), previousChecksum: field(3), durable: LogSequenceNumber(rawValue: field(4)),
            kind: flags & ~LogFormat.continues == 0 ? kind : nil, continues: flags & LogFormat.continues != 0,
            payload: BorrowedBytes(base: start + LogFormat.recordHeaderBytes, count: payloadBytes),
            end: offset + LogFormat.recordHeaderBytes + LogFormat.aligned(payloadBytes))
    }
}
