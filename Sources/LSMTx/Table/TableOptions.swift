/// How a table is built.
package struct TableOptions: Sendable {
    /// Bytes of a data block's payload that are aimed at. An entry that is larger has a block of its own.
    package var blockBytes = 4096 - SealedBlock.headerBytes
    /// Bits of filter for each key.
    package var filterBitsPerKey = 10

    package init() {}
}
