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
    let droppedTombstones = Atomic<UInt64>(0)
    let levelZeroStalls = StallCounter()
    let memtableStalls = StallCounter()
    let logStalls = StallCounter()

    init() {}

    func note(_ result: CompactionResult) {
        compactions.add(1, ordering: .relaxed)
        compactionBytesIn.add(result.statistics.bytesIn, ordering: .relaxed)
        compactionBytesOut.add(result.statistics.bytesOut, ordering: .relaxed)
        droppedVersions.add(result.statistics.droppedSuperseded, ordering: .relaxed)
        droppedTombstones.add(result.statistics.droppedTombstones, ordering: .relaxed)
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
