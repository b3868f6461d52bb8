/// Places sealed blocks in extents, one after the other without gaps, and writes them in large pieces.
///
/// 1. A block never straddles extents: when the present one has no place for it, the next is taken, of the file's
///    extent size, or larger when the block is.
/// 2. Each extent begins with its header.
/// 3. Blocks gather in a buffer, which is written when it is full or the extent ends.
/// 4. The last extent is cut to the pages that are used. Others keep a small rest, because single pages that come
///    free between extents are too small for anything.
struct ExtentWriter: ~Copyable {
    private let file: StoreFile
    private let table: TableID
    private let level: UInt8
    private let born: Generation
    private(set) var extents: [FileRange] = []
    private(set) var writtenBytes: UInt64 = 0
    private let buffer: UnsafeMutableRawBufferPointer
    private var buffered = 0
    /// Where in the file the buffer begins, and the present extent ends.
    private var bufferOffset: UInt64 = 0
    private var extentEnd: UInt64 = 0

    private static let bufferBytes = 256 << 10
    /// A rest of this size is given back also in the middle of a table.
    private static let usefulRestBytes: UInt64 = 64 << 10

    init(file: StoreFile, table: TableID, level: UInt8, born: Generation) {
        self.file = file
        self.table = table
        self.level = level
        self.born = born
        buffer = .allocate(byteCount: Self.bufferBytes, alignment: 64)
    }

    deinit { buffer.deallocate() }

    private var position: UInt64 { bufferOffset + UInt64(buffered) }

    /// Seals and writes a block whose payload `fill` puts in place.
    mutating func write(
        _ kind: BlockKind, payloadBytes: Int, fill: (UnsafeMutableRawPointer) -> Void
    ) throws(StoreError) -> BlockPointer {
        let length = SealedBlock.headerBytes + payloadBytes
        guard length <= SealedBlock.maximumBytes else {
            throw StoreError(
                .tooLarge, "A block of \(length) bytes is over the limit of \(SealedBlock.maximumBytes).",
                remedy: "Store the value in several parts.")
        }
        try makeRoom(for: UInt64(length))
        if length > buffer.count {
            try flush()
            let alone = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 16)
            defer { alone.deallocate() }
            fill(alone.baseAddress! + SealedBlock.headerBytes)
            let pointer = file.seal.seal(alone, kind: kind, generation: born, offset: position)
            try file.writeInBackground(UnsafeRawBufferPointer(alone), at: position)
            bufferOffset += UInt64(length)
            writtenBytes += UInt64(length)
            return pointer
        }
        if buffered + length > buffer.count { try flush() }
        return place(kind, length: length, fill: fill)
    }

    private mutating func place(
        _ kind: BlockKind, length: Int, fill: (UnsafeMutableRawPointer) -> Void
    ) -> BlockPointer {
        let block = UnsafeMutableRawBufferPointer(rebasing: buffer[buffered..<buffered + length])
        fill(block.baseAddress! + SealedBlock.headerBytes)
        let pointer = file.seal.seal(block, kind: kind, generation: born, offset: position)
        buffered += length
        writtenBytes += UInt64(length)
        return pointer
    }

    private mutating func makeRoom(for length: UInt64) throws(StoreError) {
        guard extents.isEmpty || extentEnd - position < length else { return }
        try flush()
        if !extents.isEmpty { trim(ifRestIsAtLeast: Self.usefulRestBytes) }
        let needed = UInt64(ExtentHeader.blockBytes) + length
        let extent = try file.allocateExtent(bytes: max(file.extentBytes, needed))
        extents.append(extent)
        bufferOffset = extent.offset
        extentEnd = extent.end
        let header = ExtentHeader(table: table, ordinal: UInt32(extents.count - 1), level: level, born: born)
        let payload = header.payload
        _ = place(.extentHeader, length: ExtentHeader.blockBytes) { target in
            payload.withUnsafeBytes { target.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        }
    }

    private mutating func flush() throws(StoreError) {
        guard buffered > 0 else { return }
        try file.writeInBackground(UnsafeRawBufferPointer(rebasing: buffer[..<buffered]), at: bufferOffset)
        bufferOffset += UInt64(buffered)
        buffered = 0
    }

    private mutating func trim(ifRestIsAtLeast minimum: UInt64) {
        let extent = extents[extents.count - 1]
        let used = ExtentAllocator.wholePages(position - extent.offset)
        guard used < extent.length, extent.length - used >= minimum else { return }
        file.allocator.releaseUnpublished(FileRange(offset: extent.offset + used, length: extent.length - used))
        extents[extents.count - 1] = FileRange(offset: extent.offset, length: used)
        extentEnd = extent.offset + used
    }

    /// Writes what is left. No block may follow.
    mutating func finish() throws(StoreError) {
        try flush()
        if !extents.isEmpty { trim(ifRestIsAtLeast: 1) }
    }

    /// Gives all space back.
    mutating func abandon() {
        file.allocator.releaseUnpublished(extents)
        extents = []
        buffered = 0
    }
}
