/// The one file: its device, its identity and its space.
///
/// Layers above write extents that they allocate here, and read blocks through pointers that say what they must
/// find. Nothing above this layer knows where on the device anything lies, beyond passing such pointers on.
package final class StoreFile: Sendable {
    package let lanes: StoreLanes
    package let identity: FileIdentity
    package let seal: SealedBlock
    package let allocator: ExtentAllocator
    /// The size in which tables and the log take space, in bytes; chosen when the file is created.
    package let extentBytes: UInt64

    /// Free ranges that were given back to the file system. Held while space is taken or given back.
    private let punched = Guarded(FileRangeSet())

    /// What reads, and writes tables and manifests, goes through.
    package var device: any StorageDevice { lanes.tables }

    package init(lanes: StoreLanes, identity: FileIdentity, allocator: ExtentAllocator, extentBytes: UInt64) {
        self.lanes = lanes
        self.identity = identity
        self.seal = SealedBlock(file: identity)
        self.allocator = allocator
        self.extentBytes = extentBytes
    }

    /// A file whose every use goes through one device, as while it is made.
    package convenience init(
        device: any StorageDevice, identity: FileIdentity, allocator: ExtentAllocator, extentBytes: UInt64
    ) {
        self.init(
            lanes: StoreLanes(sharing: device), identity: identity, allocator: allocator, extentBytes: extentBytes)
    }

    /// Takes an extent of at least `bytes` bytes and makes sure that writing to it cannot run out of space.
    ///
    /// Rejected: growing the file by 16 MiB at a time, reserved or only made longer, and reserving nothing twice. In the
    /// medians of 8 runs in turns, on ext4 with busy processors, synced commits beside 40 MB/s of puts took 20.2 and
    /// 20.2 ms at the 99th percentile, not 19.1; a fill wrote 325 and 371 MB in 4 s, not 418; putting 70 KB took 29 and
    /// 36 us, not 48 (3 runs), of some 400 with the commit. What a sync waits for is the first write to the space.
    ///
    /// - Throws: `diskFull`, with nothing taken.
    package func allocateExtent(
        bytes: UInt64, placement: ExtentAllocator.Placement = .lowest
    ) throws(StoreError) -> FileRange {
        try withSpaceHeld { punched throws(StoreError) in
            let extent = try allocator.allocate(bytes: bytes, placement: placement)
            do throws(StoreError) {
                try device.reserve(extent)
            } catch {
                allocator.releaseUnpublished(extent)
                throw error
            }
            punched.remove(extent)
            return extent
        }
    }

    /// Takes an extent for a large value, which is pending then, likewise.
    ///
    /// - Throws: `diskFull`, with nothing taken.
    func allocatePendingExtent(bytes: UInt64) throws(StoreError) -> FileRange {
        try withSpaceHeld { punched throws(StoreError) in
            let extent = try allocator.allocatePending(bytes: bytes)
            do throws(StoreError) {
                try device.reserve(extent)
            } catch {
                allocator.releasePending(extent)
                throw error
            }
            punched.remove(extent)
            return extent
        }
    }

    /// Calls `body` while nobody takes space.
    func withSpaceHeld<R>(_ body: (inout FileRangeSet) throws(StoreError) -> R) throws(StoreError) -> R {
        try punched.withLock { punched throws(StoreError) in try body(&punched) }
    }

    /// Free bytes of the file that the file system has back.
    package var punchedRanges: FileRangeSet { punched.withLock { $0 } }

    /// Reads a block into `buffer`, which has exactly the pointer's length, and returns its verified payload.
    ///
    /// - Throws: `corrupt` when the block is not what the pointer says; `io` when it cannot be read.
    package func readBlock(
        _ pointer: BlockPointer, kind: BlockKind, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StoreError) -> BorrowedBytes {
        precondition(buffer.count == Int(pointer.length))
        let count = try device.read(into: buffer, at: pointer.offset)
        let block = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        return try seal.verify(block, pointer: pointer, kind: kind)
    }

    /// Background writes are cut into pieces of this size: a buffered write holds the file's lock in the kernel, and
    /// a commit's log write waits behind it.
    package static let backgroundWriteBytes = 64 << 10

    /// Writes `bytes` at `offset` in pieces small enough that commits do not wait long behind them.
    ///
    /// - Parameter lane: Through which device; that of tables, unless given.
    package func writeInBackground(
        _ bytes: UnsafeRawBufferPointer, at offset: UInt64, through lane: (any StorageDevice)? = nil
    ) throws(StoreError) {
        let device = lane ?? device
        var done = 0
        while done < bytes.count {
            let count = min(Self.backgroundWriteBytes, bytes.count - done)
            try device.write(UnsafeRawBufferPointer(rebasing: bytes[done..<done + count]), at: offset + UInt64(done))
            done += count
        }
    }
}
