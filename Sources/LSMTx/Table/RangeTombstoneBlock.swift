/// The stored form of a table's range tombstones: their bounds, in order and each once, then the tombstones, which name
/// bounds by their numbers. FileFormat in the documentation has the layout.
enum RangeTombstoneBlock {
    /// - Parameter smallest: The table's smallest timestamp, from which the others are counted.
    static func encode(_ tombstones: RangeTombstones, smallest: Timestamp) -> [UInt8] {
        var writer = ByteWriter(reserving: tombstones.boundCount * 24 + tombstones.count * 8)
        writer.varint(UInt64(tombstones.boundCount))
        for number in 0..<tombstones.boundCount { writer.lengthPrefixed(tombstones.bound(number)) }
        writer.varint(UInt64(tombstones.count))
        var before = 0
        for index in 0..<tombstones.count {
            let item = tombstones.item(index)
            writer.varint(UInt64(item.lower - before))
            writer.varint(UInt64(item.upper - item.lower))
            writer.varint(item.timestamp.rawValue - smallest.rawValue)
            before = item.lower
        }
        return writer.bytes
    }

    /// Reads tombstones that nobody has verified, and checks them against what the table's statistics say.
    static func decode(
        _ payload: BorrowedBytes, expecting statistics: TableStatistics, fileOffset: UInt64
    ) throws(StoreError) -> RangeTombstones {
        var reader = ByteReader(payload, structure: BlockKind.rangeTombstones.name, fileOffset: fileOffset)
        let boundCount = try reader.count(minimumBytes: 1)
        var bounds: [[UInt8]] = []
        bounds.reserveCapacity(boundCount)
        var last: BorrowedBytes?
        for _ in 0..<boundCount {
            let bound = try reader.lengthPrefixed(limit: Limits.maximumKeyBytes)
            if let last, KeyOrder.compare(last, bound) >= 0 { throw reader.fail("Bounds are out of order.") }
            bounds.append(bound.array)
            last = bound
        }
        let count = try reader.count(minimumBytes: 3)
        guard count > 0, UInt64(count) == statistics.rangeTombstoneCount else {
            throw reader.fail("The number of range tombstones is wrong.")
        }
        let smallest = statistics.smallestTimestamp.rawValue
        var list: [RangeTombstone] = []
        list.reserveCapacity(count)
        var lower: UInt64 = 0
        for _ in 0..<count {
            let step = try reader.varint()
            let length = try reader.varint()
            guard step < UInt64(boundCount), lower + step < UInt64(boundCount), length > 0,
                length <= UInt64(boundCount) - (lower + step)
            else { throw reader.fail("A range tombstone's bounds are out of range.") }
            lower += step
            let upper = Int(lower + length)
            let delta = try reader.varint()
            guard delta <= statistics.largestTimestamp.rawValue - smallest else {
                throw reader.fail("A timestamp is out of range.")
            }
            list.append(
                RangeTombstone(
                    lower: bounds[Int(lower)], upper: upper < boundCount ? bounds[upper] : nil,
                    timestamp: Timestamp(rawValue: smallest + delta)))
        }
        try reader.expectEnd()
        let tombstones = RangeTombstones(list)
        guard tombstones.count == count, tombstones.boundCount == boundCount,
            tombstones.lower.array == statistics.rangeLower, tombstones.upper?.array == statistics.rangeUpper
        else { throw reader.fail("The range tombstones are not those that the table names.") }
        return tombstones
    }
}
