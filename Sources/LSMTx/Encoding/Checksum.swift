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

/// XXH3-64 of bytes that come in parts: the same as of all of them at once.
package struct RunningChecksum: ~Copyable {
    private let state: UnsafeMutableRawPointer

    package init(seed: UInt64) {
        state = .allocate(byteCount: lsmtx_xxh3_state_bytes(), alignment: 64)
        lsmtx_xxh3_begin(state, seed)
    }

    deinit { state.deallocate() }

    package mutating func add(_ bytes: BorrowedBytes) { lsmtx_xxh3_add(state, bytes.base, bytes.count) }

    /// Of everything that was added.
    package var value: UInt64 { lsmtx_xxh3_end(state) }
}
