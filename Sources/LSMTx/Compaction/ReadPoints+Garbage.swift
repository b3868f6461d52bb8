/// How much of a table could be dropped now, by what was counted when it was built (``TableGarbage``).
extension ReadPoints {
    /// Bytes of entries that a rewrite of the table would drop.
    ///
    /// - Parameter isBottom: Whether no deeper table can have an older version of a key.
    package func droppableBytes(of table: TableDescriptor, isBottom: Bool) -> UInt64 {
        var bytes: UInt64 = 0
        for span in table.statistics.garbage.superseded where !hasPoint(from: span.lower, before: span.upper) {
            bytes = bytes.addingSaturated(span.bytes)
        }
        guard isBottom else { return bytes }
        let limit = min(floor, oldestWriter ?? .max)
        for span in table.statistics.garbage.tombstones where span.upper <= limit {
            bytes = bytes.addingSaturated(span.bytes)
        }
        return bytes
    }

    /// Whether a rewrite of the table, with nothing below it, leaves it without range tombstones for certain.
    func hasIdleRangeTombstones(_ table: TableDescriptor) -> Bool {
        table.statistics.rangeTombstoneCount > 0 && older.isEmpty
            && table.largestTimestamp <= min(floor, oldestWriter ?? .max)
    }

    /// The same points without the single ones: what is left when all open readers have gone.
    package var withoutReaders: ReadPoints { ReadPoints(floor: floor, older: [], oldestWriter: nil) }

    /// One past the newest timestamp at which a reader's end would make something of the table droppable; zero when
    /// none would.
    package func newestHindrance(of table: TableDescriptor) -> Timestamp {
        var newest = Timestamp.zero
        for span in table.statistics.garbage.superseded
        where span.upper <= floor && hasPoint(from: span.lower, before: span.upper) {
            newest = max(newest, span.upper)
        }
        for span in table.statistics.garbage.tombstones
        where span.upper <= floor && span.upper > oldestWriter ?? .max {
            newest = max(newest, span.upper)
        }
        return newest
    }
}

extension UInt64 {
    fileprivate func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
