/// A group that has its place in the log and is laid out in memory, ready to be written.
///
/// It owns its buffer. Dropping one without performing it leaves a hole at which every later replay ends: only right
/// when the log takes no further writes.
package struct LogWrite: ~Copyable, @unchecked Sendable {
    // @unchecked: the pointers are owned by this value alone, which cannot be copied.

    /// Bytes of the buffer that lie together in the file.
    struct Piece {
        let fileOffset: UInt64
        let start: Int
        let count: Int
    }

    private let buffer: LogBuffer
    private let first: Piece
    /// The pieces in the further segments, for a write that crosses into them.
    private let rest: UnsafeMutablePointer<Piece>?
    private let restCount: Int
    /// Where the group's first record lies: what a replay calls the group.
    package let start: LogSequenceNumber
    /// The record boundary after it: once a sync that began after the write has returned, the log is durable up to
    /// here, if all before it is.
    package let end: LogSequenceNumber

    init(
        buffer: LogBuffer, first: Piece, rest: UnsafeMutablePointer<Piece>?, restCount: Int, start: LogSequenceNumber,
        end: LogSequenceNumber
    ) {
        self.buffer = buffer
        self.first = first
        self.rest = rest
        self.restCount = restCount
        self.start = start
        self.end = end
    }

    deinit {
        rest?.deallocate()
        buffer.deallocate()
    }

    package var pieceCount: Int { 1 + restCount }

    /// The bytes of one piece, lent until the write ends, and where they go.
    func piece(_ index: Int) -> (bytes: UnsafeRawBufferPointer, fileOffset: UInt64) {
        let piece = index == 0 ? first : rest![index - 1]
        return (UnsafeRawBufferPointer(start: buffer.bytes + piece.start, count: piece.count), piece.fileOffset)
    }

    /// Ends the write and keeps its buffer.
    consuming func takeBuffer() -> LogBuffer {
        let kept = buffer
        rest?.deallocate()
        discard self
        return kept
    }
}

/// Takes the payload of a group, in order, and puts it where it goes in the buffer: around the record headers when
/// the group is cut into fragments.
package struct LogPayload: ~Copyable {
    private var target: UnsafeMutableRawPointer
    private var room: Int
    private var left: Int
    private let nextRoom: Int

    /// Between two fragments lie the end of one segment, up to the copy of its last record, and the header of the
    /// next fragment.
    static let bytesBetweenFragments =
        LogFormat.segmentTailBytes - LogFormat.sectorBytes + LogFormat.segmentEndBytes + LogFormat.recordHeaderBytes

    /// - Parameters:
    ///   - target: Where the first fragment's payload goes.
    ///   - room: How much of it goes there.
    ///   - nextRoom: How much goes into each further fragment.
    ///   - count: All of it.
    @inline(__always)
    init(target: UnsafeMutableRawPointer, room: Int, nextRoom: Int, count: Int) {
        self.target = target
        self.room = room
        self.nextRoom = nextRoom
        left = count
    }

    /// How many of the promised bytes are still to come.
    package var remaining: Int { left }

    @inline(__always)
    package mutating func append(_ bytes: BorrowedBytes) {
        precondition(bytes.count <= left, "a log payload is longer than it was said to be")
        if bytes.count <= room {
            target.copyMemory(from: bytes.base, byteCount: bytes.count)
            target += bytes.count
            room -= bytes.count
            left -= bytes.count
        } else {
            appendOverFragments(bytes)
        }
    }

    /// Appends the number's bytes in the file's order, least significant first.
    @inline(__always)
    package mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { append(BorrowedBytes($0)) }
    }

    @inline(never)
    private mutating func appendOverFragments(_ bytes: BorrowedBytes) {
        var done = 0
        while done < bytes.count {
            if room == 0 {
                target += LogPayload.bytesBetweenFragments
                room = nextRoom
            }
            let count = min(room, bytes.count - done)
            target.copyMemory(from: bytes.base + done, byteCount: count)
            target += count
            room -= count
            done += count
        }
        left -= bytes.count
    }
}
