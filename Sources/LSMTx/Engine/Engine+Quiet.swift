internal import Synchronization

/// When compactions may have both processors.
extension Engine {
    /// Whether nobody commits, and nothing waits to be flushed: or writers are stopped until a compaction is done, as
    /// then it is all that anybody waits for.
    ///
    /// Any thread may ask, often: it costs the commits nothing.
    var isQuiet: Bool {
        if levelZeroWaiters.load(ordering: .relaxed) > 0 { return true }
        let published = published.load(ordering: .relaxed)
        let stamped = stamped.load(ordering: .relaxed)
        let now = SystemClock.monotonicNanoseconds
        let isLull = commitLull.withLock { $0.isLull(stamped: stamped, published: published, now: now) }
        return isLull && frozenCount.load(ordering: .relaxed) == 0
    }
}

/// Tells from the timestamps that are given whether commits are few. Pure; looked at every millisecond or so.
struct CommitLull {
    /// So long without a commit, nobody commits: longer than a busy writer is kept from its processor, or a sync takes on
    /// all but the slowest devices, and shorter than the compactions that are split.
    static let nanoseconds: UInt64 = 50_000_000

    private var stamped: UInt64?
    private var since: UInt64 = 0

    init() {}

    /// - Parameters:
    ///   - stamped: The newest timestamp that was given to a commit.
    ///   - published: The newest one whose commit is done.
    ///   - now: Nanoseconds on a clock that does not go back.
    mutating func isLull(stamped: UInt64, published: UInt64, now: UInt64) -> Bool {
        if stamped != self.stamped || stamped != published {
            self.stamped = stamped
            since = now
            return false
        }
        return now >= since + Self.nanoseconds
    }
}
