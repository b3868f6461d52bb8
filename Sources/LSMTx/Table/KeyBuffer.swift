/// Where a cursor puts keys together from a block's prefix, slices and rests.
struct KeyBuffer: ~Copyable {
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    private var prefixCount = 0
    private var count = 0

    /// Bytes beyond a key that a short copy may write.
    private static let slackBytes = 32

    init() {
        capacity = 256
        memory = Self.allocate(capacity)
    }

    deinit { memory.deallocate() }

    /// By type, which goes to the allocator's fast path; by bytes and alignment does not.
    private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(UnsafeMutablePointer<UInt64>.allocate(capacity: (bytes + 7) / 8))
    }

    /// The key, lent until the next change.
    @inline(__always)
    var key: BorrowedBytes { BorrowedBytes(base: memory, count: count) }

    /// Begins a block: every key from now on begins with `prefix`.
    mutating func setPrefix(_ prefix: BorrowedBytes) {
        reserve(prefix.count)
        memory.copyMemory(from: prefix.base, byteCount: prefix.count)
        prefixCount = prefix.count
    }

    /// Sets the key of an entry. After its rest at least 16 more bytes are readable, as cached blocks have it.
    @inline(__always)
    mutating func set(_ entry: DataBlock.Entry, slice: UInt32) {
        count = prefixCount + entry.suffixCount
        if count + Self.slackBytes > capacity { reserve(count) }
        let target = memory + prefixCount
        target.storeBytes(of: slice.bigEndian, as: UInt32.self)
        let restCount = entry.restCount
        if restCount <= 16 {
            // Two moves in place of a call.
            target.storeBytes(of: entry.rest.loadUnaligned(as: UInt64.self), toByteOffset: 4, as: UInt64.self)
            target.storeBytes(
                of: entry.rest.loadUnaligned(fromByteOffset: 8, as: UInt64.self), toByteOffset: 12, as: UInt64.self)
        } else {
            (target + 4).copyMemory(from: entry.rest, byteCount: restCount)
        }
    }

    @inline(never)
    private mutating func reserve(_ keyBytes: Int) {
        guard keyBytes + Self.slackBytes > capacity else { return }
        let grown = max(capacity * 2, keyBytes + Self.slackBytes)
        let target = Self.allocate(grown)
        target.copyMemory(from: memory, byteCount: prefixCount)
        memory.deallocate()
        memory = target
        capacity = grown
    }
}
