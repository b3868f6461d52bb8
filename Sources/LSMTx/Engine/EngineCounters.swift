internal import Synchronization

/// What the engine has done since it was opened.
final class EngineCounters: Sendable {
    let commits = Atomic<UInt64>(0)
    let groups = Atomic<UInt64>(0)
    let conflicts = Atomic<UInt64>(0)
    let syncs = Atomic<UInt64>(0)
    let flushes = Atomic<UInt64>(0)
    let flushedBytes = Atomic<UInt64>(0)
    let compactions = Atomic<UInt64>(0)
    let compactionBytesIn = Atomic<UInt64>(0)
    let compactionBytesOut = Atomic<UInt64>(0)
    let droppedVersions = Atomic<UInt64>(0)
    let droppedCovered = Atomic<UInt64>(0)
    let droppedTombstones = Atomic<UInt64>(0)
    let droppedRangeTombstones = Atomic<UInt64>(0)
    /// What was written into each level, from 0.
    let levels = Guarded([LevelWork](repeating: LevelWork(), count: VersionEdit.maximumLevels))
    let levelZeroStalls = StallCounter()
    let memtableStalls = StallCounter()
    let logStalls = StallCounter()

    init() {}

    /// A compaction was published that put its tables into `level`.
    func note(_ result: CompactionResult, intoLevel level: Int, isMove: Bool) {
        levels.withLock { $0[level].note(result.statistics, isMove: isMove) }
        compactions.add(1, ordering: .relaxed)
        compactionBytesIn.add(result.statistics.bytesIn, ordering: .relaxed)
        compactionBytesOut.add(result.statistics.bytesOut, ordering: .relaxed)
        droppedVersions.add(result.statistics.droppedSuperseded, ordering: .relaxed)
        droppedCovered.add(result.statistics.droppedCovered, ordering: .relaxed)
        droppedTombstones.add(result.statistics.droppedTombstones, ordering: .relaxed)
        droppedRangeTombstones.add(result.statistics.droppedRangeTombstones, ordering: .relaxed)
    }

    /// A table was flushed to level 0.
    func noteFlush(_ table: TableDescriptor) {
        flushes.add(1, ordering: .relaxed)
        flushedBytes.add(table.fileBytes, ordering: .relaxed)
        levels.withLock { levels in
            levels[0].count += 1
            levels[0].bytesOut += table.fileBytes
            levels[0].entriesOut += table.statistics.entryCount
        }
    }

    func stalls(_ reason: WriteStall.Reason) -> StallCounter {
        switch reason {
        case .memtables: memtableStalls
        case .levelZero: levelZeroStalls
        case .log: logStalls
        }
    }
}

/// How often and how long writers waited for one reason.
final class StallCounter: Sendable {
    let slowed = Atomic<UInt64>(0)
    let stopped = Atomic<UInt64>(0)
    let nanoseconds = Atomic<UInt64>(0)

    init() {}
}

/// What flushes and compactions have put into one level.
struct LevelWork: Sendable, Equatable {
    /// Flushes, or compactions that wrote tables.
    var count: UInt64 = 0
    /// Tables that came from the level above as they were.
    var moves: UInt64 = 0
    /// Of the tables that went in; a flush reads none.
    var bytesIn: UInt64 = 0
    var bytesOut: UInt64 = 0
    var entriesIn: UInt64 = 0
    var entriesOut: UInt64 = 0
    var droppedSuperseded: UInt64 = 0
    var droppedCovered: UInt64 = 0
    var droppedTombstones: UInt64 = 0
    var droppedRangeTombstones: UInt64 = 0

    init() {}

    mutating func note(_ statistics: CompactionStatistics, isMove: Bool) {
        if isMove { moves += 1 } else { count += 1 }
        bytesIn += statistics.bytesIn
        bytesOut += statistics.bytesOut
        entriesIn += statistics.entriesIn
        entriesOut += statistics.entriesOut
        droppedSuperseded += statistics.droppedSuperseded
        droppedCovered += statistics.droppedCovered
        droppedTombstones += statistics.droppedTombstones
        droppedRangeTombstones += statistics.droppedRangeTombstones
    }
}
