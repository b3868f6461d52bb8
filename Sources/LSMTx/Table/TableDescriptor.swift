/// All that the manifest holds of a table, so that opening a store reads no table.
package struct TableDescriptor: Equatable, Sendable {
    package let id: TableID
    package let level: Int
    package let born: Generation
    /// What the table takes in the file, in the order of its blocks.
    package let extents: [FileRange]
    package let properties: BlockPointer
    package let statistics: TableStatistics
    /// The extents that the entries' large values own, in order of their place in the file. They go where the entries
    /// go: a table that is made of this one owns those of the entries that it keeps.
    package let largeValues: [FileRange]
    /// From the first key that an entry has or a range tombstone covers to behind the last. Tables keep apart, and meet,
    /// by their bounds, so that range tombstones stay above what they hide.
    package let bounds: KeyRange

    /// Bytes in the file, without those of large values.
    package var fileBytes: UInt64 { extents.reduce(0) { $0 + $1.length } }

    package var smallestKey: [UInt8] { statistics.smallestKey }
    package var largestKey: [UInt8] { statistics.largestKey }
    package var smallestTimestamp: Timestamp { statistics.smallestTimestamp }
    package var largestTimestamp: Timestamp { statistics.largestTimestamp }

    init(
        id: TableID, level: Int, born: Generation, extents: [FileRange], properties: BlockPointer,
        statistics: TableStatistics, largeValues: [FileRange] = []
    ) {
        self.largeValues = largeValues
        self.id = id
        self.level = level
        self.born = born
        self.extents = extents
        self.properties = properties
        self.statistics = statistics
        bounds = Self.bounds(of: statistics)
    }

    /// From the first key that an entry has to behind the last.
    package var entryRange: KeyRange { Self.entryRange(of: statistics) }

    private static func entryRange(of statistics: TableStatistics) -> KeyRange {
        KeyRange(from: statistics.smallestKey, upTo: statistics.largestKey + [0])
    }

    private static func bounds(of statistics: TableStatistics) -> KeyRange {
        let entries = entryRange(of: statistics)
        guard statistics.rangeTombstoneCount > 0 else { return entries }
        return entries.hull(KeyRange(from: statistics.rangeLower, upTo: statistics.rangeUpper))
    }

    /// Whether the table can have a version or a range tombstone at or below `timestamp` of a key in `range`.
    package func mayHoldKeys(in range: KeyRange, at timestamp: Timestamp) -> Bool {
        smallestTimestamp <= timestamp && bounds.overlaps(range)
    }

    /// The same table in another level: what moving it down without rewriting it gives.
    package func moved(toLevel level: Int) -> TableDescriptor {
        TableDescriptor(
            id: id, level: level, born: born, extents: extents, properties: properties, statistics: statistics,
            largeValues: largeValues)
    }

    /// Everything that the table owns in the file.
    package var ownedExtents: [FileRange] { extents + largeValues }

    package var largeValueBytes: UInt64 { largeValues.reduce(0) { $0 + $1.length } }

    package func encode(to writer: inout ByteWriter) {
        writer.uint64(id.rawValue)
        writer.uint8(UInt8(level))
        writer.uint64(born.rawValue)
        properties.encode(to: &writer)
        statistics.encode(to: &writer)
        writer.varint(UInt64(extents.count))
        for extent in extents {
            writer.varint(extent.offset / ExtentAllocator.pageBytes)
            writer.varint(extent.length / ExtentAllocator.pageBytes)
        }
        writer.varint(UInt64(largeValues.count))
        var end: UInt64 = 0
        for extent in largeValues {
            writer.varint((extent.offset - end) / ExtentAllocator.pageBytes)
            writer.varint(extent.length / ExtentAllocator.pageBytes)
            end = extent.end
        }
    }

    package init(from reader: inout ByteReader) throws(StoreError) {
        id = TableID(rawValue: try reader.uint64())
        level = Int(try reader.uint8())
        born = Generation(rawValue: try reader.uint64())
        let properties = try BlockPointer(from: &reader)
        self.properties = properties
        statistics = try TableStatistics(from: &reader)
        bounds = Self.bounds(of: statistics)
        let count = try reader.count(minimumBytes: 2)
        var extents: [FileRange] = []
        extents.reserveCapacity(count)
        let pages = Limits.maximumFileBytes / ExtentAllocator.pageBytes
        for _ in 0..<count {
            let page = try reader.varint()
            let length = try reader.varint()
            guard page < pages, length > 0, length <= pages - page else {
                throw reader.fail("An extent is out of range.")
            }
            extents.append(
                FileRange(offset: page * ExtentAllocator.pageBytes, length: length * ExtentAllocator.pageBytes))
        }
        self.extents = extents
        largeValues = try Self.largeValues(from: &reader, entries: statistics.entryCount)
        guard properties.length <= UInt32(SealedBlock.maximumBytes),
            extents.contains(where: { $0.contains(properties.range) })
        else { throw reader.fail("A block lies outside the table.") }
    }

    private static func largeValues(
        from reader: inout ByteReader, entries: UInt64
    ) throws(StoreError) -> [FileRange] {
        let count = try reader.count(minimumBytes: 2)
        guard UInt64(count) <= entries else { throw reader.fail("A table has more large values than entries.") }
        var extents: [FileRange] = []
        extents.reserveCapacity(count)
        let pages = Limits.maximumFileBytes / ExtentAllocator.pageBytes
        var end: UInt64 = 0
        for _ in 0..<count {
            let gap = try reader.varint()
            let length = try reader.varint()
            guard gap < pages - end, length > 0, length <= pages - end - gap else {
                throw reader.fail("A large value is out of range.")
            }
            extents.append(
                FileRange(
                    offset: (end + gap) * ExtentAllocator.pageBytes, length: length * ExtentAllocator.pageBytes))
            end += gap + length
        }
        return extents
    }
}
