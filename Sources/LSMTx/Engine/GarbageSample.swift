/// Estimates what a merge of all tables would drop, from a few entries of each: whether a newer table has the same key, or
/// a range tombstone over it, and whether anybody still reads in between.
///
/// What a table says of itself (``TableGarbage``) tells of versions within it. That two tables overlap in their keys'
/// range says nothing about whether they have keys in common: without a look, a store that was filled in random order
/// would be merged at its close for nothing, half a second for each 60 MB.
struct GarbageSample {
    /// With so many entries of each table, a tenth of garbage is told from none.
    private static let entriesOfTable = 48

    private let readPoints: ReadPoints

    init(readPoints: ReadPoints) { self.readPoints = readPoints }

    /// Bytes that a merge of everything would drop, about.
    func droppableBytes(of version: Version) throws(StoreError) -> UInt64 {
        var newer: [Table] = []
        var bytes: UInt64 = 0
        for level in version.levels {
            for table in level {
                bytes += try droppableBytes(of: table, below: newer)
                // In level 0 the newer come first; deeper tables do not overlap.
                if table.descriptor.level == 0 { newer.append(table) }
            }
            if level.first?.descriptor.level != 0 { newer += level }
        }
        return bytes
    }

    private func droppableBytes(of table: Table, below newer: [Table]) throws(StoreError) -> UInt64 {
        let size = table.descriptor.fileBytes
        let own = readPoints.droppableBytes(of: table.descriptor, isBottom: true)
        let overlapping = newer.filter { $0.descriptor.bounds.overlaps(table.descriptor.bounds) }
        guard own < size, !overlapping.isEmpty else { return min(own, size) }
        let samples = try table.sample(Self.entriesOfTable)
        var dropped = 0
        for sample in samples where try isSuperseded(sample, by: overlapping) { dropped += 1 }
        let share = Double(dropped) / Double(max(samples.count, 1))
        return min(size, own + UInt64(Double(size) * share))
    }

    private func isSuperseded(_ sample: Table.Sample, by newer: [Table]) throws(StoreError) -> Bool {
        let epoch = Epoch.pin()
        defer { Epoch.unpin(epoch) }
        var next: Timestamp?
        for table in newer where table.descriptor.bounds.contains(sample.key) {
            let found = try sample.key.span.bytes.withUnsafeBytes { bytes throws(StoreError) in
                let key = BorrowedBytes(bytes)
                let version = try table.newestTimestamp(of: key, hash: xxh3(key)) ?? .zero
                guard table.hasRangeTombstones else { return version }
                return max(version, try table.newestRangeTombstone(covering: key, at: .max))
            }
            if found > sample.timestamp { next = min(next ?? .max, found) }
        }
        return next.map { !readPoints.hasPoint(from: sample.timestamp, before: $0) } ?? false
    }
}
