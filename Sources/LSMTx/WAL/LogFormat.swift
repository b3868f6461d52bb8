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
    /// In `flags`: the payload goes on in the next group record.
    static let continues: UInt8 = 1

    @inline(__always)
    static func nextSector(_ offset: Int) -> Int { (offset + sectorBytes - 1) & ~(sectorBytes - 1) }

    @inline(__always)
    static func aligned(_ bytes: Int) -> Int { (bytes + 7) & ~7 }
}

/// What a log record holds. The raw values are part of the file format; others are reserved.
enum LogRecordKind: UInt8 {
    /// The commits of one group, or a fragment of them.
    case group = 1
    /// The last record of a segment, which names the next segment. A copy of it lies in the segment's last sector.
    case segmentEnd = 2
}
