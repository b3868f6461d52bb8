/// What a table's blocks take beside its entries.
extension Table {
    /// - Returns: Bytes of the index, the filter, the range tombstones, and of extent headers and properties together.
    /// - Throws: `corrupt` or `io` when the properties cannot be read.
    package func blockBytes() throws(StoreError) -> (
        index: UInt64, filter: UInt64, rangeTombstones: UInt64, headers: UInt64
    ) {
        let properties = try readProperties()
        return (
            UInt64(properties.index.length), UInt64(properties.filter.length),
            UInt64(properties.rangeTombstones?.length ?? 0),
            UInt64(descriptor.extents.count * ExtentHeader.blockBytes) + UInt64(descriptor.properties.length)
        )
    }
}
