/// The last block of a table, from which everything else in it is found.
struct TableProperties {
    let id: TableID
    let statistics: TableStatistics
    let index: BlockPointer
    let filter: BlockPointer
    /// There when the table has range tombstones.
    let rangeTombstones: BlockPointer?
    /// How many extents the table's large values own; the manifest lists them.
    let largeValueCount: Int

    init(
        id: TableID, statistics: TableStatistics, index: BlockPointer, filter: BlockPointer,
        rangeTombstones: BlockPointer?, largeValueCount: Int = 0
    ) {
        self.largeValueCount = largeValueCount
        self.id = id
        self.statistics = statistics
        self.index = index
        self.filter = filter
        self.rangeTombstones = rangeTombstones
    }

    func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: 256)
        writer.uint64(id.rawValue)
        index.encode(to: &writer)
        filter.encode(to: &writer)
        statistics.encode(to: &writer)
        rangeTombstones?.encode(to: &writer)
        writer.varint(UInt64(largeValueCount))
        return writer.bytes
    }

    /// Reads the properties and checks them against what the manifest says of the table.
    init(_ payload: BorrowedBytes, descriptor: TableDescriptor) throws(StoreError) {
        let offset = descriptor.properties.offset
        var reader = ByteReader(payload, structure: BlockKind.properties.name, fileOffset: offset)
        id = TableID(rawValue: try reader.uint64())
        index = try BlockPointer(from: &reader)
        filter = try BlockPointer(from: &reader)
        statistics = try TableStatistics(from: &reader)
        rangeTombstones = statistics.rangeTombstoneCount > 0 ? try BlockPointer(from: &reader) : nil
        largeValueCount = descriptor.largeValues.count
        guard try reader.varint() == UInt64(largeValueCount) else {
            throw reader.fail("A table has another number of large values than the manifest says.")
        }
        try reader.expectEnd()
        guard id == descriptor.id, statistics == descriptor.statistics else {
            throw reader.fail("A table's properties are not those that the manifest names.")
        }
        for pointer in [index, filter] + (rangeTombstones.map { [$0] } ?? []) {
            guard pointer.length <= UInt32(SealedBlock.maximumBytes),
                descriptor.extents.contains(where: { $0.contains(pointer.range) })
            else { throw reader.fail("A block lies outside the table.") }
        }
    }
}
