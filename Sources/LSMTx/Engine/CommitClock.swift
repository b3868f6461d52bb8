internal import Synchronization

/// Notes when commits happen, for the ``CommitTimeline``, at next to no cost to them.
///
/// The algorithm, for each group, in the leader:
/// 1. Two comparisons say whether a sample is due: so much time or so much log after the last one.
/// 2. If one is, and nothing was committed for that long, the group before it becomes a sample too: its state was
///    current all the while.
/// 3. The group is remembered as the newest: three stores. Lookups take it for the last sample.
///
/// Between two samples there is thus little time, or nothing else was committed.
///
/// One thread at a time notes: the leader, or recovery. Others look up at the same time. They load the newest group's
/// timestamp first and its time last, and the leader stores them the other way round: what they see may be a timestamp
/// with the time of a later group, never with that of an earlier one. By the time a group after a pause can be seen,
/// the one before it is a sample, since the lookup takes the lock afterwards.
package final class CommitClock: Sendable {
    static let intervalMilliseconds: UInt64 = 100
    static let intervalBytes: UInt64 = 1 << 20

    private let source: (@Sendable () -> UInt64)?
    private let timeline: Guarded<CommitTimeline>
    private let newestTimestamp = Atomic<UInt64>(0)
    private let newestMilliseconds = Atomic<UInt64>(0)
    private let newestPosition = Atomic<UInt64>(0)
    private let dueMilliseconds = Atomic<UInt64>(0)
    private let duePosition = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - timeline: What the file knows.
    ///   - source: Gives the wall clock in milliseconds; `nil` for the system's.
    init(timeline: CommitTimeline, source: (@Sendable () -> UInt64)?) {
        self.source = source
        self.timeline = Guarded(timeline)
        if let last = timeline.samples.last { setDue(after: last) }
    }

    /// Milliseconds since 1970.
    package var now: UInt64 {
        @inline(__always) get {
            guard let source else { return SystemClock.wallMilliseconds }
            return source()
        }
    }

    // MARK: Noting

    /// A group has been stamped, and its record laid out.
    ///
    /// - Parameters:
    ///   - timestamp: The newest in the group.
    ///   - clock: What the record has as its wall clock, in milliseconds.
    ///   - end: Where the record ends.
    @inline(__always)
    package func note(_ timestamp: Timestamp, at clock: UInt64, end: LogSequenceNumber) {
        // A clock that went back repeats the last time.
        let milliseconds = max(clock, newestMilliseconds.load(ordering: .relaxed))
        if milliseconds >= dueMilliseconds.load(ordering: .relaxed)
            || end.rawValue >= duePosition.load(ordering: .relaxed)
        {
            sample(timestamp, at: milliseconds, end: end)
        }
        newestPosition.store(end.rawValue, ordering: .relaxed)
        newestMilliseconds.store(milliseconds, ordering: .releasing)
        newestTimestamp.store(timestamp.rawValue, ordering: .releasing)
    }

    @inline(never)
    private func sample(_ timestamp: Timestamp, at milliseconds: UInt64, end: LogSequenceNumber) {
        let before = newest
        let sample = CommitTimeline.Sample(timestamp: timestamp, milliseconds: milliseconds, position: end)
        timeline.withLock { timeline in
            if milliseconds >= before.milliseconds &+ Self.intervalMilliseconds { timeline.append(before) }
            timeline.append(sample)
        }
        setDue(after: sample)
    }

    private func setDue(after sample: CommitTimeline.Sample) {
        dueMilliseconds.store(sample.milliseconds &+ Self.intervalMilliseconds, ordering: .relaxed)
        duePosition.store(sample.position.rawValue &+ Self.intervalBytes, ordering: .relaxed)
    }

    /// Makes a sample of the newest group, which is the last one of its memtable.
    func sampleNewest() {
        let newest = newest
        timeline.withLock { $0.append(newest) }
    }

    func noteSkip(_ skip: CommitTimeline.Skip) { timeline.withLock { $0.append(skip) } }

    /// Forgets what lies below a floor that was announced.
    func prune(below floor: Timestamp) { timeline.withLock { $0.prune(below: floor) } }

    // MARK: Looking up

    /// Zero if there was none.
    private var newest: CommitTimeline.Sample {
        let timestamp = newestTimestamp.load(ordering: .acquiring)
        let milliseconds = newestMilliseconds.load(ordering: .acquiring)
        return CommitTimeline.Sample(
            timestamp: Timestamp(rawValue: timestamp), milliseconds: milliseconds,
            position: LogSequenceNumber(rawValue: newestPosition.load(ordering: .relaxed)))
    }

    /// Calls `body` with all that is known, the newest group included.
    package func withTimeline<R>(_ body: (CommitTimeline) -> R) -> R {
        let newest = newest
        return timeline.withLock { timeline in
            guard newest.timestamp > timeline.samples.last?.timestamp ?? .zero else { return body(timeline) }
            return timeline.with(newest, body)
        }
    }

    /// The samples from after `known` up to `last`.
    func samples(after known: Timestamp, upTo last: Timestamp) -> [CommitTimeline.Sample] {
        timeline.withLock { timeline in
            timeline.samples.filter { $0.timestamp > known && $0.timestamp <= last }
        }
    }
}
