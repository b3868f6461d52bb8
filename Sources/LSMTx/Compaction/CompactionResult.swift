/// What a compaction leads to; nothing of it is durable or published yet.
package struct CompactionResult: Sendable {
    package let edit: VersionEdit
    package let statistics: CompactionStatistics
}

/// What a compaction read, wrote and dropped. All zero for a trivial move.
package struct CompactionStatistics: Sendable, Equatable {
    /// Of the tables in the file.
    package var bytesIn: UInt64 = 0
    package var bytesOut: UInt64 = 0
    package var entriesIn: UInt64 = 0
    package var entriesOut: UInt64 = 0
    /// Versions that no read point needs, since a newer version hides them.
    package var droppedSuperseded: UInt64 = 0
    /// Versions that no read point needs, since a range tombstone hides them.
    package var droppedCovered: UInt64 = 0
    /// Tombstones below which there was nothing left to hide.
    package var droppedTombstones: UInt64 = 0
    /// Range tombstones that went in, each once however many tables share it, less those that came out.
    package var droppedRangeTombstones: UInt64 = 0

    package var droppedEntries: UInt64 { droppedSuperseded + droppedCovered + droppedTombstones }

    /// Counts in what one part of a compaction did.
    mutating func add(_ part: CompactionStatistics) {
        bytesIn += part.bytesIn
        bytesOut += part.bytesOut
        entriesIn += part.entriesIn
        entriesOut += part.entriesOut
        droppedSuperseded += part.droppedSuperseded
        droppedCovered += part.droppedCovered
        droppedTombstones += part.droppedTombstones
        droppedRangeTombstones += part.droppedRangeTombstones
    }

    /// All entries of an input have been dropped without being read.
    mutating func noteUnread(_ table: TableDescriptor) {
        entriesIn += table.statistics.entryCount
        droppedCovered += table.statistics.entryCount
    }

    package init() {}
}
