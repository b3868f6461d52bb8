internal import CLSMTxShims

/// A block of memory: on zeroed huge pages if it is large, from the heap and not zeroed if it is small, because a
/// store with small buffers must stay small.
///
/// With ordinary pages, an insert into a fresh memtable takes 125 ns instead of 65, and a seek 100 ns longer: faults
/// and misses of the address translation.
struct MemtableBlock: ~Copyable {
    private static let hugePageBytes = 2 << 20

    let base: UnsafeMutableRawPointer
    /// Whether the block is a mapping of its own. It began as zeros, if it does not come from a reserve.
    let isMapped: Bool
    private let length: Int
    private let zeroBytes: Int
    /// Gets the memory when the block ends.
    private let reserve: MemtableReserve?

    /// - Parameters:
    ///   - zeroBytes: How many bytes from the beginning are zero in a mapped block that comes from a reserve.
    ///   - reserve: Where mapped blocks come from, and go to.
    /// - Returns: `nil` when the system has not got the memory.
    init?(byteCount: Int, zeroBytes: Int = 0, reserve: MemtableReserve? = nil) {
        self.reserve = reserve
        self.zeroBytes = zeroBytes
        if byteCount >= Self.hugePageBytes / 2 {
            let rounded = (byteCount + Self.hugePageBytes - 1) & ~(Self.hugePageBytes - 1)
            let kept = reserve?.take(length: rounded, zeroBytes: zeroBytes)
            guard let mapped = kept ?? lsmtx_map_huge(rounded) else { return nil }
            base = mapped
            length = rounded
            isMapped = true
        } else {
            base = .allocate(byteCount: byteCount, alignment: 128)
            length = byteCount
            isMapped = false
        }
    }

    deinit {
        if isMapped {
            if reserve?.keep(base, length: length, zeroBytes: zeroBytes) != true { lsmtx_unmap(base, length) }
        } else {
            base.deallocate()
        }
    }
}
