internal import Synchronization

/// What a database holds and has done since it was opened.
///
/// ```swift
/// let statistics = try database.statistics
/// print(statistics.fileBytes, statistics.levels.count)
/// ```
public struct Statistics: Sendable {
    /// The memtables.
    public struct Memtables: Sendable, Hashable {
        /// How many are in memory, the one that takes writes included.
        public let count: Int
        /// Bytes that their entries take.
        public let bytes: Int
        /// Entries in them.
        public let entries: Int
    }

    /// One level of tables.
    public struct Level: Sendable, Hashable {
        /// Its number, 0 for the newest.
        public let level: Int
        /// How many tables it has.
        public let tables: Int
        /// Entries in them: versions of keys.
        public let entries: UInt64
        /// Bytes that they take in the file.
        public let bytes: UInt64
    }

    /// Values over ``Limits/largeValueBytes``, which live outside of the tables.
    public struct LargeValues: Sendable, Hashable {
        /// How many there are: versions of keys, and what open transactions have written.
        public let count: Int
        /// Bytes that they take in the file.
        public let bytes: UInt64
    }

    /// The block cache.
    public struct Cache: Sendable, Hashable {
        /// Its budget in bytes.
        public let capacity: Int
        /// Bytes that it holds: blocks, indexes and filters.
        public let bytes: Int
        /// Blocks that it holds.
        public let blocks: Int
        /// Blocks that have entered it: reads that it did not have the block for.
        public let entered: UInt64
        /// Blocks that had to leave it.
        public let evicted: UInt64
    }

    /// The log.
    public struct Log: Sendable, Hashable {
        /// Bytes that a recovery would replay.
        public let liveBytes: UInt64
        /// Bytes that its extents take in the file, spare ones included.
        public let fileBytes: UInt64
        /// Extents that commits had to wait for, because the background had not made enough of them ahead: each such
        /// commit took as long as it takes to make the file longer.
        public let segmentsAwaited: UInt64
    }

    /// What compaction has done since the database was opened.
    public struct Compaction: Sendable, Hashable {
        /// Compactions that were published.
        public let count: UInt64
        /// Bytes of the tables that went in.
        public let bytesIn: UInt64
        /// Bytes of the tables that came out.
        public let bytesOut: UInt64
        /// Versions that were dropped because a newer version of their key hides them from every reader that is open or
        /// may still come.
        public let droppedVersions: UInt64
        /// Versions that were dropped because the deletion of a range hides them likewise.
        public let droppedByRangeDeletion: UInt64
        /// Tombstones that were dropped because nothing older was left for them to hide.
        public let droppedTombstones: UInt64
        /// Tombstones of ranges that were dropped likewise. They are no entries.
        public let droppedRangeTombstones: UInt64
        /// What was put into each level, apart from levels without any work.
        public let levels: [LevelWork]
    }

    /// One reason for which writers had to wait.
    public struct Stall: Sendable, Hashable {
        /// `memtables`: as many as are allowed wait for their flush. `levelZero`: compaction is behind. `log`: it has reached twice the memtable size.
        public let reason: String
        /// Commit groups that were slowed.
        public let slowed: UInt64
        /// Commit groups that were stopped until a flush was done.
        public let stopped: UInt64
        /// Time spent so in all, in nanoseconds.
        public let nanoseconds: UInt64
    }

    /// The file's path; `nil` in memory.
    public let path: String?
    /// The version of the file's format.
    public let formatVersion: Int
    /// The number of the newest published state of the file.
    public let generation: UInt64
    /// The newest commit that readers see.
    public let timestamp: Timestamp
    /// The oldest commit that an open snapshot or transaction reads at; `nil` when none is open.
    public let oldestSnapshot: Timestamp?
    /// How far back the store can be read.
    public let past: Past
    /// Length of the file.
    public let fileBytes: UInt64
    /// Bytes of the file that are free to be used.
    public let freeBytes: UInt64
    /// How much of ``freeBytes`` has been given back to the file system, so that the file has holes there.
    public let punchedBytes: UInt64
    /// The memtables.
    public let memtables: Memtables
    /// The levels of tables that there are, from 0.
    public let levels: [Level]
    /// The tables that compactions leave alone, because one could not read them.
    public let damagedTables: [DamagedTable]
    /// Values that live outside of the tables.
    public let largeValues: LargeValues
    /// The block cache.
    public let cache: Cache
    /// The log.
    public let log: Log
    /// Commits that wrote something.
    public let commits: UInt64
    /// Groups in which they were written: one log record each.
    public let groups: UInt64
    /// Commits that lost against another.
    public let conflicts: UInt64
    /// Syncs for the log.
    public let syncs: UInt64
    /// Memtables that were flushed to tables.
    public let flushes: UInt64
    /// What compaction has done.
    public let compaction: Compaction
    /// Why writers had to wait, and for how long.
    public let stalls: [Stall]
}

extension Database {
    /// What the database holds and has done since it was opened.
    ///
    /// It reads nothing of the file but its length; while the file is being made longer or shorter, it waits for that.
    ///
    /// - Throws: `closed`; `io` when the file's length cannot be read.
    /// - Complexity: O(the number of tables).
    public var statistics: Statistics {
        get throws(StoreError) {
            try core.usingDevice { () throws(StoreError) in
                let engine = core.engine
                let levels = engine.versions.current.levels.enumerated().map { level, tables in
                    Statistics.Level(
                        level: level, tables: tables.count,
                        entries: tables.reduce(0) { $0 + $1.descriptor.statistics.entryCount },
                        bytes: tables.reduce(0) { $0 + $1.descriptor.fileBytes })
                }
                let cache = engine.cache.statistics
                let counters = engine.counters
                return Statistics(
                    path: core.path, formatVersion: Int(Superblock.formatVersion),
                    generation: engine.versions.superblock.generation.rawValue,
                    timestamp: engine.publishedTimestamp, oldestSnapshot: core.snapshots.openTimestamps.first,
                    past: core.pastStatistics,
                    fileBytes: try engine.file.device.length(),
                    freeBytes: engine.file.allocator.freeRanges.reduce(0) { $0 + $1.length },
                    punchedBytes: engine.file.punchedRanges.byteCount,
                    memtables: core.memtableStatistics, levels: levels,
                    damagedTables: core.damagedTables, largeValues: core.largeValueStatistics,
                    cache: Statistics.Cache(
                        capacity: cache.capacity, bytes: cache.bytes, blocks: cache.blocks, entered: cache.entered,
                        evicted: cache.evicted),
                    log: core.logStatistics,
                    commits: counters.commits.load(ordering: .relaxed),
                    groups: counters.groups.load(ordering: .relaxed),
                    conflicts: counters.conflicts.load(ordering: .relaxed),
                    syncs: counters.syncs.load(ordering: .relaxed),
                    flushes: counters.flushes.load(ordering: .relaxed),
                    compaction: core.compactionStatistics,
                    stalls: WriteStall.Reason.allCases.map { reason in
                        let stalls = counters.stalls(reason)
                        return Statistics.Stall(
                            reason: reason.rawValue, slowed: stalls.slowed.load(ordering: .relaxed),
                            stopped: stalls.stopped.load(ordering: .relaxed),
                            nanoseconds: stalls.nanoseconds.load(ordering: .relaxed))
                    })
            }
        }
    }
}

extension DatabaseCore {
    fileprivate var largeValueStatistics: Statistics.LargeValues {
        let version = engine.versions.current
        let pending = engine.file.allocator.pendingRanges
        return Statistics.LargeValues(
            count: version.largeValueCount + pending.count,
            bytes: version.tables.reduce(pending.reduce(0) { $0 + $1.length }) {
                $0 + $1.descriptor.largeValueBytes
            })
    }

    fileprivate var memtableStatistics: Statistics.Memtables {
        let memtables = engine.currentView().memtables
        return Statistics.Memtables(
            count: memtables.count, bytes: memtables.reduce(0) { $0 + $1.usedBytes },
            entries: memtables.reduce(0) { $0 + $1.entryCount })
    }

    fileprivate var compactionStatistics: Statistics.Compaction {
        let counters = engine.counters
        return Statistics.Compaction(
            count: counters.compactions.load(ordering: .relaxed),
            bytesIn: counters.compactionBytesIn.load(ordering: .relaxed),
            bytesOut: counters.compactionBytesOut.load(ordering: .relaxed),
            droppedVersions: counters.droppedVersions.load(ordering: .relaxed),
            droppedByRangeDeletion: counters.droppedCovered.load(ordering: .relaxed),
            droppedTombstones: counters.droppedTombstones.load(ordering: .relaxed),
            droppedRangeTombstones: counters.droppedRangeTombstones.load(ordering: .relaxed), levels: levelWork)
    }

    fileprivate var logStatistics: Statistics.Log {
        let extents = engine.log?.extents ?? engine.replayedSegments
        return Statistics.Log(
            liveBytes: engine.log?.liveBytes ?? 0, fileBytes: extents.reduce(0) { $0 + $1.length },
            segmentsAwaited: engine.log?.statistics.segmentsAwaited ?? 0)
    }
}
