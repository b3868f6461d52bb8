extension Table {
    /// Keys between which there is about as much of the table's data, by its index: the smallest key, and separators
    /// of blocks.
    ///
    /// - Parameter count: How many at most; at least one.
    /// - Returns: In order.
    /// - Throws: `corrupt` or `io` when the index cannot be read.
    /// - Complexity: O(`count`), and a read of the index if it is not in the cache.
    package func evenKeys(_ count: Int) throws(StoreError) -> [[UInt8]] {
        let epoch = Epoch.pin()
        defer { Epoch.unpin(epoch) }
        let index = try index()
        let blocks = index.pointee.blockCount
        let pieces = min(count, blocks)
        return [descriptor.smallestKey]
            + (1..<max(pieces, 1)).compactMap { index.pointee.separator($0 * blocks / pieces - 1) }
    }
}
