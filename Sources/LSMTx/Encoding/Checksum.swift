internal import CXXHash

/// XXH3-64 of `bytes`: the one hash of the store, for checksums, filters and the memtable's index.
@inline(__always)
package func xxh3(_ bytes: BorrowedBytes) -> UInt64 {
    lsmtx_xxh3_64(bytes.base, bytes.count)
}

@inline(__always)
package func xxh3(_ bytes: BorrowedBytes, seed: UInt64) -> UInt64 {
    lsmtx_xxh3_64_seeded(bytes.base, bytes.count, seed)
}
