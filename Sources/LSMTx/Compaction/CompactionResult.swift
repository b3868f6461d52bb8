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
    /// Versions that no read point needs.
    package var droppedSuperseded: UInt64 = 0
    /// Tombstones below which there was nothing left to hide.
    package var droppedTombstones: UInt64 = 0

    package init() {}
}
