internal import Synchronization

/// How far back the store can be read, and who sees to it.
///
/// The *retention floor* is worked out anew whenever it is asked for: from the limits in the file, the newest commit,
/// the clock and the log's length. It may go back when the clock does, or the limits are widened. The *collected floor*
/// never does: every compaction announces the retention floor to readers before it drops anything, and its edit makes
/// it durable. Nothing below either can be read, but what named snapshots hold; so what can be read does not depend
/// on which compactions happened to be done.
extension Engine {
    /// The oldest timestamp that the limits let be read now. In a store that is open for reading only nothing is
    /// dropped, so they do not count there.
    package var retentionFloor: Timestamp {
        guard let log else { return .zero }
        let moment = Retention.Moment(
            published: publishedTimestamp, milliseconds: clock.now, logEnd: log.end)
        let retention = versions.history.retention
        return clock.withTimeline { retention.floor(at: moment, timeline: $0) }
    }

    /// Raises the floor for readers to the retention floor, and returns everything that must stay readable.
    ///
    /// Whoever drops versions calls this first, and makes ``ReadPoints/floor`` durable as the collected floor of the edit
    /// that publishes the outcome.
    package func announceReadPoints() -> ReadPoints {
        var named: [Timestamp] = []
        let open = readers.withLock { $0 }.announce(retentionFloor) {
            named = versions.history.snapshots.map(\.timestamp)
        }
        clock.prune(below: open.floor)
        guard !options.seededFaults.has(.releaseReadPointsEarly) else {
            return ReadPoints(floor: publishedTimestamp, older: [], oldestWriter: nil)
        }
        let older = Set(open.timestamps + named).filter { $0 < open.floor }.sorted()
        return ReadPoints(floor: open.floor, older: older, oldestWriter: open.oldestWriter)
    }

    /// Samples that the file does not have yet, of commits that are in tables, or will be with the edit that this is for.
    /// Newer ones come back from the log.
    func newSamples(upTo flushed: Timestamp) -> [CommitTimeline.Sample] {
        clock.samples(after: versions.history.timeline.samples.last?.timestamp ?? .zero, upTo: flushed)
    }

    /// Publishes a change of names or of the retention durably.
    ///
    /// - Parameter durableLogEnd: What the change relies on: the log is durable up to there.
    /// - Throws: `diskFull`, with nothing changed. After any other error the store is poisoned.
    package func changeHistory(_ change: HistoryEdit, durableLogEnd: LogSequenceNumber) throws(StoreError) {
        try poison.check()
        var edit = VersionEdit()
        edit.history = change
        do throws(StoreError) {
            _ = try versions.apply(edit) { $0.logReach = max($0.logReach, durableLogEnd) }
        } catch {
            if error.code != .diskFull { acceptNoMore(since: error) }
            throw error
        }
    }

    /// Makes the retention that the store was opened with the file's.
    func adoptRetention() throws(StoreError) {
        guard log != nil, let wanted = try options.retention?.checked(), wanted != versions.history.retention else {
            return
        }
        var change = HistoryEdit()
        change.retention = wanted
        try changeHistory(change, durableLogEnd: .zero)
    }

    /// The newest timestamp committed by that time, as far as is known.
    ///
    /// - Parameter milliseconds: Since 1970.
    package func timestamp(atUnixTime milliseconds: Int64) -> Timestamp {
        let found = clock.withTimeline { $0.newest(committedBy: UInt64(max(0, milliseconds))) }
        return min(found ?? .zero, publishedTimestamp)
    }

    /// About when a timestamp was committed, in milliseconds since 1970.
    package func unixTime(of timestamp: Timestamp) -> Int64? {
        clock.withTimeline { $0.milliseconds(of: timestamp) }.map { Int64($0) }
    }
}
