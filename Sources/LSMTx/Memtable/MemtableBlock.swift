internal import CLSMTxShims

/// A block of memory: on zeroed huge pages if it is large, from the heap and not zeroed if it is small, because a
/// store with small buffers must stay small.
///
/// With ordinary pages, an insert into a fresh memtable takes 125 ns instead of 65, and a seek 100 ns longer: faults
/// and misses of the address translation.
struct MemtableBlock: ~Copyable {
    private static let hugePageBytes = 2 << 20

    let base: UnsafeMutableRawPointer
    /// Whether the block is a mapping of its own, and so began as zeros.
    let isMapped: Bool
    private let length: Int

    /// - Returns: `nil` when the system has not got the memory.
    init?(byteCount: Int) {
        if byteCount >= Self.hugePageBytes / 2 {
            let rounded = (byteCount + Self.hugePageBytes - 1) & ~(Self.hugePageBytes - 1)
            guard let mapped = lsmtx_map_huge(rounded) else { return nil }
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
            lsmtx_unmap(base, length)
        } else {
            base.deallocate()
        }
    }
}
