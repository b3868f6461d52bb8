/// How a table is built.
package struct TableOptions: Sendable {
    /// Bytes of a data block's payload that are aimed at. An entry that is larger has a block of its own.
    ///
    /// Measured with entries of 16 + 100 bytes: 8 KiB makes the file 0.5% smaller and a cached lookup no slower or
    /// faster, but a lookup past the cache reads and checks twice as much; 2 KiB makes it 1.3% larger, and lookups
    /// and scans a fifth slower.
    package var blockBytes = 4096 - SealedBlock.headerBytes
    /// Bits of filter for each key.
    package var filterBitsPerKey = 10
    /// The timestamps that the entries are kept for: every one from the floor on, and single ones before it. A table
    /// that keeps everything has none of the latter, and zero for a floor.
    package var floor = Timestamp.zero
    package var olderReadPoints: [Timestamp] = []

    package init() {}
}
