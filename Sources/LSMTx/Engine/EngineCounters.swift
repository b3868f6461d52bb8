internal import Synchronization

/// What the engine has done since it was opened.
final class EngineCounters: Sendable {
    let commits = Atomic<UInt64>(0)
    let groups = Atomic<UInt64>(0)
    let conflicts = Atomic<UInt64>(0)
    let syncs = Atomic<UInt64>(0)
    let flushes = Atomic<UInt64>(0)
    let flushedBytes = Atomic<UInt64>(0)
    let memtableStalls = StallCounter()
    let logStalls = StallCounter()

    init() {}

    func stalls(_ reason: WriteStall.Reason) -> StallCounter {
        switch reason {
        case .memtables: memtableStalls
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
