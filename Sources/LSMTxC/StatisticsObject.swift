// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are the header's, and so is what there is to say about them.

public import CLSMTx
internal import LSMTx

/// Statistics, as a handle holds them.
final class StatisticsObject: HandleObject {
    static let mark: UInt64 = 0x4c53_4d54_7853_7461

    let summary: lsmtx_stats_summary
    let levels: [lsmtx_level]
    let levelWorks: [lsmtx_level_work]
    let stalls: [lsmtx_stall]
    let damagedTables: [lsmtx_damaged_table]
    private let lent: Lent

    init(_ statistics: Statistics) {
        var lent = Lent()
        levels = statistics.levels.map { level in
            lsmtx_level(
                size: MemoryLayout<lsmtx_level>.size, level: UInt64(level.level), tables: UInt64(level.tables),
                entries: level.entries, bytes: level.bytes)
        }
        levelWorks = statistics.compaction.levels.map { lsmtx_level_work($0) }
        stalls = statistics.stalls.map { stall in
            lsmtx_stall(
                size: MemoryLayout<lsmtx_stall>.size, reason: lent.text(stall.reason), slowed: stall.slowed,
                stopped: stall.stopped, nanoseconds: stall.nanoseconds)
        }
        damagedTables = statistics.damagedTables.map { table in
            lsmtx_damaged_table(
                size: MemoryLayout<lsmtx_damaged_table>.size, level: UInt64(table.level),
                lower: lent.slice(table.keys.lowerBound), upper: lent.slice(table.keys.upperBound),
                error: ErrorObject.handle(of: table.error), since: table.since)
        }
        var summary = lsmtx_stats_summary(statistics)
        summary.path = lent.text(statistics.path)
        if case .named(let name) = statistics.past.holder { summary.holder_name = lent.text(name) }
        self.summary = summary
        self.lent = lent
    }

    deinit { for table in damagedTables { Handle.free(table.error, ErrorObject.self) } }
}

extension lsmtx_level_work {
    init(_ work: Statistics.LevelWork) {
        self.init(
            size: MemoryLayout<lsmtx_level_work>.size, level: UInt64(work.level), count: work.count,
            moves: work.moves, bytes_in: work.bytesIn, bytes_out: work.bytesOut, entries_in: work.entriesIn,
            entries_out: work.entriesOut, dropped_versions: work.droppedVersions,
            dropped_by_range_deletion: work.droppedByRangeDeletion, dropped_tombstones: work.droppedTombstones,
            dropped_range_tombstones: work.droppedRangeTombstones)
    }
}

extension lsmtx_stats_summary {
    /// All but the texts.
    init(_ statistics: Statistics) {
        self.init()
        size = MemoryLayout<lsmtx_stats_summary>.size
        format_version = UInt64(statistics.formatVersion)
        generation = statistics.generation
        timestamp = statistics.timestamp.rawValue
        oldest_snapshot = statistics.oldestSnapshot?.rawValue ?? .max
        file_bytes = statistics.fileBytes
        free_bytes = statistics.freeBytes
        punched_bytes = statistics.punchedBytes
        setMemory(statistics)
        setWork(statistics)
        setPast(statistics.past)
        levels = UInt64(statistics.levels.count)
        level_works = UInt64(statistics.compaction.levels.count)
        stalls = UInt64(statistics.stalls.count)
        damaged_tables = UInt64(statistics.damagedTables.count)
    }

    private mutating func setMemory(_ statistics: Statistics) {
        memtables = UInt64(statistics.memtables.count)
        memtable_bytes = UInt64(statistics.memtables.bytes)
        memtable_entries = UInt64(statistics.memtables.entries)
        large_values = UInt64(statistics.largeValues.count)
        large_value_bytes = statistics.largeValues.bytes
        cache_capacity = UInt64(statistics.cache.capacity)
        cache_bytes = UInt64(statistics.cache.bytes)
        cache_blocks = UInt64(statistics.cache.blocks)
        cache_entered = statistics.cache.entered
        cache_evicted = statistics.cache.evicted
        log_live_bytes = statistics.log.liveBytes
        log_file_bytes = statistics.log.fileBytes
        log_segments_awaited = statistics.log.segmentsAwaited
    }

    private mutating func setWork(_ statistics: Statistics) {
        commits = statistics.commits
        groups = statistics.groups
        conflicts = statistics.conflicts
        syncs = statistics.syncs
        flushes = statistics.flushes
        compactions = statistics.compaction.count
        compaction_bytes_in = statistics.compaction.bytesIn
        compaction_bytes_out = statistics.compaction.bytesOut
        dropped_versions = statistics.compaction.droppedVersions
        dropped_by_range_deletion = statistics.compaction.droppedByRangeDeletion
        dropped_tombstones = statistics.compaction.droppedTombstones
        dropped_range_tombstones = statistics.compaction.droppedRangeTombstones
    }

    private mutating func setPast(_ past: Statistics.Past) {
        let retention = lsmtx_retention(past.retention)
        retention_keep = retention.keep
        retention_commits = retention.commits
        retention_log_bytes = retention.log_bytes
        oldest_readable = past.oldestReadable.rawValue
        oldest_readable_time = past.oldestReadableTime ?? .min
        oldest_held = past.oldestHeld.rawValue
        holder =
            switch past.holder {
            case .retention: Int32(LSMTX_HOLDER_RETENTION)
            case .named: Int32(LSMTX_HOLDER_NAMED)
            case .reader: Int32(LSMTX_HOLDER_READER)
            }
        named_snapshots = UInt64(past.snapshots.count)
    }
}

@c @implementation
public func lsmtx_db_stats(
    _ db: OpaquePointer?, _ stats: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorOut
) -> lsmtx_status {
    make(stats, error) { () throws(StoreError) in
        let database = try Handle.use(db, DatabaseObject.self) { $0.database }
        return Handle.make(StatisticsObject(try database.statistics))
    }
}

@c @implementation
public func lsmtx_stats_get(
    _ stats: OpaquePointer?, _ summary: UnsafeMutablePointer<lsmtx_stats_summary>?, _ error: ErrorOut
) -> lsmtx_status {
    pick(stats, StatisticsObject.self, 0, summary, error) { [$0.summary] }
}

@c @implementation
public func lsmtx_stats_level(
    _ stats: OpaquePointer?, _ index: Int, _ level: UnsafeMutablePointer<lsmtx_level>?, _ error: ErrorOut
) -> lsmtx_status {
    pick(stats, StatisticsObject.self, index, level, error) { $0.levels }
}

@c @implementation
public func lsmtx_stats_level_work(
    _ stats: OpaquePointer?, _ index: Int, _ work: UnsafeMutablePointer<lsmtx_level_work>?, _ error: ErrorOut
) -> lsmtx_status {
    pick(stats, StatisticsObject.self, index, work, error) { $0.levelWorks }
}

@c @implementation
public func lsmtx_stats_stall(
    _ stats: OpaquePointer?, _ index: Int, _ stall: UnsafeMutablePointer<lsmtx_stall>?, _ error: ErrorOut
) -> lsmtx_status {
    pick(stats, StatisticsObject.self, index, stall, error) { $0.stalls }
}

@c @implementation
public func lsmtx_stats_damaged_table(
    _ stats: OpaquePointer?, _ index: Int, _ table: UnsafeMutablePointer<lsmtx_damaged_table>?, _ error: ErrorOut
) -> lsmtx_status {
    pick(stats, StatisticsObject.self, index, table, error) { $0.damagedTables }
}

@c @implementation
public func lsmtx_stats_free(_ stats: OpaquePointer?) { Handle.free(stats, StatisticsObject.self) }
