internal import Synchronization

/// What the engine tells whoever listens. Without a listener, it is one look at a pointer.
extension Engine {
    @inline(__always)
    func tell(_ event: @autoclosure () -> StoreEvent) {
        if let events = options.events { events.post(event()) }
    }

    /// The store has become this engine.
    func tellOpened(_ recovered: Recovery.Summary, since started: UInt64) {
        guard options.events != nil else { return }
        lastFileSize.store((try? file.device.length()) ?? 0, ordering: .relaxed)
        tell(
            .opened(
                StoreEvent.Opening(
                    wasClosed: recovered.isClean, recoveredGroups: recovered.groups, recoveredBytes: recovered.bytes,
                    tables: versions.current.tableCount, duration: .since(started))))
    }

    func tellFlushed(_ table: TableDescriptor, since started: UInt64) {
        tell(
            .flushed(
                StoreEvent.Flush(
                    entries: table.statistics.entryCount, bytes: table.fileBytes, duration: .since(started))))
    }

    func tellCompacted(_ plan: CompactionPlan, _ result: CompactionResult, since started: UInt64) {
        tell(
            .compacted(
                StoreEvent.Compaction(
                    fromLevel: plan.inputs.map(\.level).min() ?? 0, intoLevel: plan.targetLevel,
                    tablesIn: plan.inputs.count, tablesOut: result.edit.added.count,
                    bytesIn: result.statistics.bytesIn, bytesOut: result.statistics.bytesOut,
                    droppedEntries: result.statistics.droppedEntries, duration: .since(started))))
    }

    /// Tells of a wait of the commit leader.
    func tellingOfStall<R>(
        _ reason: WriteStall.Reason, _ body: () throws(StoreError) -> R
    ) throws(StoreError) -> R {
        guard options.events != nil else { return try body() }
        let started = SystemClock.monotonicNanoseconds
        tell(.stallBegan(reason.asEvent))
        defer { tell(.stallEnded(reason.asEvent, .since(started))) }
        return try body()
    }

    /// Looks at the file's size, and tells when it is another.
    package func tellFileSize() {
        guard options.events != nil, let length = try? file.device.length() else { return }
        let last = lastFileSize.exchange(length, ordering: .relaxed)
        if last != length { tell(.fileSizeChanged(from: last, to: length)) }
    }

    /// The background worker could not do a task.
    func tellFailure(_ error: StoreError) {
        if error.code == .diskFull { tell(.outOfSpace(error)) }
    }
}

extension Duration {
    fileprivate static func since(_ nanoseconds: UInt64) -> Duration {
        .nanoseconds(Int64(clamping: SystemClock.monotonicNanoseconds - nanoseconds))
    }
}

extension WriteStall.Reason {
    fileprivate var asEvent: StoreEvent.StallReason {
        switch self {
        case .memtables: .memtables
        case .levelZero: .levelZero
        case .log: .log
        }
    }
}
