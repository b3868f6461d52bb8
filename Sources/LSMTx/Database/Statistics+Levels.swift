extension Statistics {
    /// What flushes (level 0) and compactions (deeper levels) have put into one level since the database was opened.
    public struct LevelWork: Sendable, Hashable {
        /// The level that tables were written or moved to.
        public let level: Int
        /// How many flushes, or compactions that wrote tables.
        public let count: UInt64
        /// Tables that went from the level above to this one without being rewritten.
        public let moves: UInt64
        /// Bytes of the tables that were read, those of the level itself included. A flush reads none.
        public let bytesIn: UInt64
        /// Bytes of the tables that were written.
        public let bytesOut: UInt64
        /// Entries that were read.
        public let entriesIn: UInt64
        /// Entries that were written.
        public let entriesOut: UInt64
        /// Versions that were dropped because a newer version of their key hides them from every reader that is open or
        /// may still come.
        public let droppedVersions: UInt64
        /// Versions that were dropped because the deletion of a range hides them likewise.
        public let droppedByRangeDeletion: UInt64
        /// Tombstones that were dropped because nothing older was left for them to hide.
        public let droppedTombstones: UInt64
        /// Tombstones of ranges that were dropped likewise. They are no entries.
        public let droppedRangeTombstones: UInt64
    }
}

extension DatabaseCore {
    var levelWork: [Statistics.LevelWork] {
        engine.counters.levels.withLock { $0 }.enumerated().compactMap { level, work in
            guard work != LevelWork() else { return nil }
            return Statistics.LevelWork(
                level: level, count: work.count, moves: work.moves, bytesIn: work.bytesIn, bytesOut: work.bytesOut,
                entriesIn: work.entriesIn, entriesOut: work.entriesOut, droppedVersions: work.droppedSuperseded,
                droppedByRangeDeletion: work.droppedCovered, droppedTombstones: work.droppedTombstones,
                droppedRangeTombstones: work.droppedRangeTombstones)
        }
    }
}
