/// Reading the past: which timestamps can be read, and readers that open there.
extension DatabaseCore {
    /// The oldest timestamp that can be read without a name.
    var oldestReadableTimestamp: Timestamp {
        max(snapshots.announcedFloor, engine.retentionFloor)
    }

    /// Announces a reader at a point in the past.
    func openSnapshot(
        at point: PointInTime
    ) throws(StoreError) -> (ticket: SnapshotTracker.Ticket, timestamp: Timestamp) {
        switch point {
        case .latest:
            return openSnapshot()
        case .timestamp(let timestamp):
            return (try openSnapshot(at: timestamp), timestamp)
        case .unixTime(let milliseconds):
            let timestamp = engine.timestamp(atUnixTime: milliseconds)
            return (try openSnapshot(at: timestamp), timestamp)
        case .named(let name):
            guard let named = engine.versions.history.snapshot(named: name),
                let ticket = announce(named.timestamp)
            else { throw Self.noSuchSnapshot(name) }
            return (ticket, named.timestamp)
        }
    }

    private func openSnapshot(at timestamp: Timestamp) throws(StoreError) -> SnapshotTracker.Ticket {
        let published = engine.publishedTimestamp
        let isNamed = engine.versions.hasSnapshot(at: timestamp)
        guard timestamp <= published || isNamed else {
            throw StoreError(
                .misuse, "Timestamp \(timestamp) is not committed yet; the newest is \(published).",
                remedy: "Read at a timestamp that a commit or a snapshot had.")
        }
        guard timestamp >= oldestReadableTimestamp || isNamed, let ticket = announce(timestamp) else {
            throw tooOld
        }
        return ticket
    }

    /// - Returns: `nil` when the versions may be gone.
    private func announce(_ timestamp: Timestamp) -> SnapshotTracker.Ticket? {
        snapshots.open(hint: Epoch.threadHint, at: timestamp) { engine.versions.hasSnapshot(at: timestamp) }
    }

    static func noSuchSnapshot(_ name: String) -> StoreError {
        StoreError(
            .noSuchSnapshot, "There is no snapshot named \"\(name)\".",
            remedy: "See which ones there are, and their names.")
    }

    private var tooOld: StoreError {
        let oldest = oldestReadableTimestamp
        let time = engine.unixTime(of: oldest).map { ", of \(UnixTime.iso8601($0))" } ?? ""
        return StoreError(
            .snapshotTooOld, "That state is not kept any more; the oldest that is has timestamp \(oldest)\(time).",
            remedy: "Read a later one or a named snapshot; a wider retention keeps more from now on.")
    }

    // MARK: Names and the retention

    // An asynchronous call's cancellation is looked at a last time before the change is written.

    /// Gives a name to the state at `point`. The steps:
    /// 1. A reader is opened there, and held until the name is among the others, so that nothing is dropped meanwhile.
    /// 2. The log is made durable: a name must not stand for commits that a loss of power takes away.
    /// 3. One change of the manifest; from its first superblock on, the name is there.
    func createSnapshot(
        named name: String, at point: PointInTime, cancellation: Cancellation? = nil
    ) throws(StoreError) -> Timestamp {
        try NamedSnapshot.check(name: name)
        return try administering { pipeline throws(StoreError) in
            let existing = engine.versions.history.snapshots
            guard !existing.contains(where: { $0.name == name }) else {
                throw StoreError(
                    .misuse, "There is a snapshot named \"\(name)\" already.",
                    remedy: "Drop it first, or choose another name.")
            }
            guard existing.count < NamedSnapshot.maximumCount else {
                throw StoreError(
                    .tooLarge, "There are \(existing.count) named snapshots, which is the limit.",
                    remedy: "Drop some that are not needed any more.")
            }
            let reader = try openSnapshot(at: point)
            defer { closeSnapshot(reader.ticket, at: reader.timestamp) }
            pipeline.syncBuffered()
            var change = HistoryEdit()
            change.added = [
                NamedSnapshot(name: name, timestamp: reader.timestamp, createdAt: Int64(engine.clock.now))
            ]
            try cancellation?.check()
            try engine.changeHistory(change, durableLogEnd: pipeline.durableLogEnd)
            return reader.timestamp
        }
    }

    func dropSnapshot(named name: String, cancellation: Cancellation? = nil) throws(StoreError) {
        try administering { _ throws(StoreError) in
            guard engine.versions.history.snapshot(named: name) != nil else { throw Self.noSuchSnapshot(name) }
            var change = HistoryEdit()
            change.dropped = [name]
            try cancellation?.check()
            try engine.changeHistory(change, durableLogEnd: .zero)
            engine.noteReadPointsMoved()
        }
    }

    func setRetention(_ retention: Retention, cancellation: Cancellation? = nil) throws(StoreError) {
        let wanted = try retention.checked()
        try administering { _ throws(StoreError) in
            guard wanted != engine.versions.history.retention else { return }
            var change = HistoryEdit()
            change.retention = wanted
            try cancellation?.check()
            try engine.changeHistory(change, durableLogEnd: .zero)
            engine.noteReadPointsMoved()
        }
    }

    /// Calls `body` while nobody else changes names or the retention. A close waits until it returns.
    private func administering<R>(_ body: (CommitPipeline) throws(StoreError) -> R) throws(StoreError) -> R {
        try committing { pipeline throws(StoreError) in
            try administration.withLock { _ throws(StoreError) in try body(pipeline) }
        }
    }
}
