/// The last block of a table, from which everything else in it is found.
struct TableProperties {
    let id: TableID
    let statistics: TableStatistics
    let index: BlockPointer
    let filter: BlockPointer
    /// There when the table has range tombstones.
    let rangeTombstones: BlockPointer?

    init(
        id: TableID, statistics: TableStatistics, index: BlockPointer, filter: BlockPointer,
        rangeTombstones: BlockPointer?
    ) {
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
        // Extents that belong to large values: reserved.
        writer.varint(0)
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
        guard try reader.varint() == 0 else { throw reader.fail("Large values are not known to this version.") }
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
