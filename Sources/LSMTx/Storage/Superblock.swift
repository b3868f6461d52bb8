/// One published state of the file: everything else is reached from here.
///
/// Two slots hold the two newest states. A state is published by writing the older slot and syncing it; the file
/// therefore always has at least one whole superblock, and after a loss of the newer slot the older one still opens,
/// because nothing that it names is overwritten before it is replaced itself (R4 in Recovery).
package struct Superblock: Sendable, Equatable {
    /// Which state this is; the newer of the two slots has the larger.
    package var generation: Generation
    /// Random bits that name the file for life.
    package var identity: FileIdentity
    /// Whether the store was closed: no log record follows `logReach` unless the file was opened again.
    package var isClean: Bool
    /// The size in which tables and the log take space.
    package var extentBytes: UInt64
    /// Every commit from now on gets a timestamp above this one.
    package var timestampFloor: Timestamp
    /// The newest timestamp that is in tables.
    package var flushedTimestamp: Timestamp
    package var nextTableID: TableID
    /// Space freed at or before this generation may be in use again: a reader of another process whose pinned state
    /// is older must take a newer one.
    package var reuseFloor: Generation
    /// Where replay begins.
    package var logStart: LogStart
    /// The log is known to have reached this place; ending before it is corruption, not a torn tail.
    package var logReach: LogSequenceNumber
    /// The manifest: a base and the edits that follow it, oldest first.
    package var manifest: ManifestPointers

    package init(
        generation: Generation, identity: FileIdentity, isClean: Bool, extentBytes: UInt64,
        timestampFloor: Timestamp, flushedTimestamp: Timestamp, nextTableID: TableID, reuseFloor: Generation,
        logStart: LogStart, logReach: LogSequenceNumber, manifest: ManifestPointers
    ) {
        self.generation = generation
        self.identity = identity
        self.isClean = isClean
        self.extentBytes = extentBytes
        self.timestampFloor = timestampFloor
        self.flushedTimestamp = flushedTimestamp
        self.nextTableID = nextTableID
        self.reuseFloor = reuseFloor
        self.logStart = logStart
        self.logReach = logReach
        self.manifest = manifest
    }
}

/// Where the manifest's blocks are. Each lies in an extent of its own.
package struct ManifestPointers: Sendable, Equatable {
    /// More edits than this are folded into a new base; a superblock slot has room for them all.
    package static let maximumEdits = 64

    package var base: BlockPointer
    package var edits: [BlockPointer]

    package init(base: BlockPointer, edits: [BlockPointer] = []) {
        self.base = base
        self.edits = edits
    }

    /// The extents that the blocks occupy.
    package var extents: [FileRange] {
        ([base] + edits).map {
            FileRange(offset: $0.offset, length: ExtentAllocator.wholePages(UInt64($0.length)))
        }
    }
}

extension Superblock {
    /// Bytes of a slot.
    package static let slotBytes = 4096
    /// The slots' offsets: far enough apart that no single torn or misdirected write can reach both.
    package static let slotOffsets: [UInt64] = [0, 65_536]
    /// The first bytes of a store: a byte that text files do not have, the name, and line ends that a transfer in
    /// text mode would change.
    package static let magic: [UInt8] = [0x89, 0x4c, 0x53, 0x4d, 0x54, 0x78, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0]
    /// The version of the format that this build writes, and the only one that it reads.
    package static let formatVersion: UInt32 = 2

    /// Far above any number that is ever given, and far enough below the end of the numbers to count on from.
    package static let maximumCounter: UInt64 = 1 << 62

    private static let checksumOffset = 16
    private static let cleanFlag: UInt32 = 1

    /// The slot's bytes, for the place at `offset`.
    func encoded(at offset: UInt64) -> [UInt8] {
        var writer = ByteWriter(reserving: Self.slotBytes)
        for byte in Self.magic { writer.uint8(byte) }
        writer.uint32(Self.formatVersion)
        writer.uint64(0)
        writer.uint64(identity.high)
        writer.uint64(identity.low)
        writer.uint64(generation.rawValue)
        writer.uint32(isClean ? Self.cleanFlag : 0)
        writer.uint32(0)
        writer.uint64(extentBytes)
        writer.uint64(timestampFloor.rawValue)
        writer.uint64(flushedTimestamp.rawValue)
        writer.uint64(nextTableID.rawValue)
        writer.uint64(reuseFloor.rawValue)
        logStart.encode(to: &writer)
        writer.uint64(logReach.rawValue)
        manifest.base.encode(to: &writer)
        precondition(manifest.edits.count <= ManifestPointers.maximumEdits)
        writer.uint16(UInt16(manifest.edits.count))
        for edit in manifest.edits { edit.encode(to: &writer) }
        precondition(writer.bytes.count <= Self.slotBytes)
        writer.zeros(Self.slotBytes - writer.bytes.count)
        var bytes = writer.bytes
        let checksum = Self.checksum(of: bytes, at: offset)
        withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(16..<24, with: $0) }
        return bytes
    }

    /// XXH3-64 over the slot without its checksum field, seeded with the slot's place.
    private static func checksum(of bytes: [UInt8], at offset: UInt64) -> UInt64 {
        var covered = bytes
        covered.replaceSubrange(checksumOffset..<checksumOffset + 8, with: repeatElement(0, count: 8))
        return covered.withUnsafeBytes { xxh3(BorrowedBytes($0), seed: offset &+ 1) }
    }

    /// What the bytes of a slot turn out to be.
    enum SlotContents: Equatable {
        case valid(Superblock)
        /// Not the beginning of a store.
        case foreign
        /// A store of a format version that this build does not read.
        case otherVersion(UInt32)
        /// A store's slot whose checksum does not match, or that is cut off.
        case damaged
    }

    /// Reads a slot's bytes.
    static func decode(_ bytes: [UInt8], at offset: UInt64) -> SlotContents {
        guard bytes.starts(with: magic) else { return .foreign }
        guard bytes.count >= magic.count + 4 else { return .damaged }
        return bytes.withUnsafeBytes { raw in
            let version = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: magic.count, as: UInt32.self))
            guard version == formatVersion else { return .otherVersion(version) }
            guard bytes.count == slotBytes else { return .damaged }
            let stored = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: checksumOffset, as: UInt64.self))
            guard stored == checksum(of: bytes, at: offset) else { return .damaged }
            let fields = BorrowedBytes(UnsafeRawBufferPointer(rebasing: raw[(checksumOffset + 8)...]))
            var reader = ByteReader(fields, structure: "superblock", fileOffset: offset)
            guard let superblock = try? Superblock(from: &reader) else { return .damaged }
            return .valid(superblock)
        }
    }

    private init(from reader: inout ByteReader) throws(StoreError) {
        identity = FileIdentity(high: try reader.uint64(), low: try reader.uint64())
        generation = Generation(rawValue: try reader.uint64())
        isClean = try reader.uint32() & Self.cleanFlag != 0
        _ = try reader.uint32()
        extentBytes = try reader.uint64()
        guard Self.extentBytesAreLegal(extentBytes) else { throw reader.fail("The extent size is out of range.") }
        timestampFloor = Timestamp(rawValue: try reader.uint64())
        flushedTimestamp = Timestamp(rawValue: try reader.uint64())
        nextTableID = TableID(rawValue: try reader.uint64())
        reuseFloor = Generation(rawValue: try reader.uint64())
        let counters = [
            generation.rawValue, timestampFloor.rawValue, flushedTimestamp.rawValue, nextTableID.rawValue,
            reuseFloor.rawValue,
        ]
        guard generation.rawValue > 0, counters.allSatisfy({ $0 <= Self.maximumCounter }) else {
            throw reader.fail("A number is out of range.")
        }
        logStart = try LogStart(from: &reader)
        logReach = LogSequenceNumber(rawValue: try reader.uint64())
        let base = try BlockPointer(from: &reader)
        let editCount = try reader.uint16()
        guard editCount <= ManifestPointers.maximumEdits else { throw reader.fail("There are too many edits.") }
        var edits: [BlockPointer] = []
        for _ in 0..<editCount { edits.append(try BlockPointer(from: &reader)) }
        manifest = ManifestPointers(base: base, edits: edits)
    }

    /// Whether a file may have this extent size: whole pages, from 16 KiB to the largest log segment, 64 MiB.
    package static func extentBytesAreLegal(_ bytes: UInt64) -> Bool {
        bytes % ExtentAllocator.pageBytes == 0 && bytes >= 16 << 10 && bytes <= LogStart.maximumSegmentBytes
    }
}
