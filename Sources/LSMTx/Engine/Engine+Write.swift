internal import Synchronization

/// The write path, as far as the engine has a part in it: making room, and stamping the memtable's place in the log.
///
/// Everything here is called by the commit leader only, one thread at a time.
extension Engine {
    /// The memtable that the next group goes into, with room for it.
    ///
    /// The algorithm:
    /// 1. If the active memtable has room and no backlog presses, that is it: a few atomic loads.
    /// 2. Otherwise ``WriteStall`` decides: go on, wait a little, or wait until a flush has finished.
    /// 3. A full memtable is frozen and handed to the background worker, and a new one takes its place. Groups never span
    ///    two memtables, so a memtable's records are one run of the log.
    ///
    /// - Parameters:
    ///   - bytes: An upper bound of what the group takes in a memtable.
    ///   - entries: The group's number of operations.
    /// - Throws: `diskFull` when the backlog cannot shrink because flushing finds no space, `corrupt` when level 0 cannot
    ///   because of damaged tables, `poisoned`, or `io` when there is no memory for a memtable. Nothing has been written
    ///   then.
    func makeRoom(bytes: Int, entries: Int) throws(StoreError) -> Memtable {
        guard let log else { throw Self.readOnlyError }
        if let active = activeWithRoom(log: log, bytes: bytes, entries: entries) { return active }
        return try makeRoomSlowly(log: log, bytes: bytes, entries: entries)
    }

    /// The active memtable, if it is beyond doubt that ``WriteStall`` would have the leader proceed with it.
    @inline(__always)
    private func activeWithRoom(log: LogWriter, bytes: Int, entries: Int) -> Memtable? {
        let frozen = frozenCount.load(ordering: .acquiring)
        guard let pointer = UnsafeRawPointer(bitPattern: activePointer.load(ordering: .acquiring)),
            frozen < options.maximumFrozenMemtables,
            levelZeroCount.load(ordering: .relaxed) < options.levelZeroSlow,
            frozen == 0 || Int(clamping: log.liveBytes) < WriteStall.logFactor * options.memtableBytes / 10 * 9
        else { return nil }
        // The state keeps it: only the leader, who is asking, puts another in its place.
        let active = Unmanaged<Memtable>.fromOpaque(pointer)
        let hasRoom = active._withUnsafeGuaranteedRef { $0.hasRoom(bytes: bytes, entries: entries) }
        let logOfActive = log.end.rawValue - activeLogStart.load(ordering: .relaxed)
        guard hasRoom, logOfActive <= logBytesOfMemtable, !isHeavy else { return nil }
        return active.takeUnretainedValue()
    }

    /// Whether the large values of the active memtable are reason enough to flush it.
    @inline(__always)
    private var isHeavy: Bool { activeLargeBytes.load(ordering: .relaxed) >= options.largeBytesOfMemtable }

    /// A memtable is also replaced when its part of the log has become so long.
    private var logBytesOfMemtable: UInt64 { UInt64(options.memtableBytes) * 5 / 4 }

    @inline(never)
    private func makeRoomSlowly(log: LogWriter, bytes: Int, entries: Int) throws(StoreError) -> Memtable {
        while true {
            let pressure = state.withLock { state in
                (
                    active: state.active.memtable,
                    stall: self.pressure(state, log: log, bytes: bytes, entries: entries)
                )
            }
            switch WriteStall.decide(pressure.stall) {
            case .proceed:
                break
            case .slow(let microseconds, let reason):
                let started = SystemClock.monotonicNanoseconds
                SystemClock.sleep(microseconds: microseconds)
                counters.stalls(reason).slowed.add(1, ordering: .relaxed)
                counters.stalls(reason).nanoseconds.add(
                    SystemClock.monotonicNanoseconds - started, ordering: .relaxed)
            case .stop(.levelZero):
                counters.stalls(.levelZero).stopped.add(1, ordering: .relaxed)
                try tellingOfStall(.levelZero) { () throws(StoreError) in try waitForCompaction() }
                continue
            case .stop(let reason):
                counters.stalls(reason).stopped.add(1, ordering: .relaxed)
                try tellingOfStall(reason) { () throws(StoreError) in
                    try waitForFlush(reason, of: pressure.stall.frozenMemtables)
                }
                continue
            }
            guard pressure.stall.needsNewMemtable else { return pressure.active }
            try freezeActive(log: log, bytes: bytes, entries: entries)
        }
    }

    private func pressure(
        _ state: EngineState, log: LogWriter, bytes: Int, entries: Int
    ) -> WriteStall.Pressure {
        let active = state.active
        let hasRoom = active.memtable.hasRoom(bytes: bytes, entries: entries)
        let logOfActive = log.end.rawValue - active.logPosition.lsn.rawValue
        let isLongInLog = logOfActive > logBytesOfMemtable
        return WriteStall.Pressure(
            frozenMemtables: state.frozen.count,
            maximumFrozenMemtables: options.maximumFrozenMemtables,
            activeFill: Double(active.memtable.usedBytes) / Double(options.memtableBytes),
            needsNewMemtable: !hasRoom || ((isLongInLog || isHeavy) && active.memtable.entryCount > 0),
            liveLogBytes: Int(clamping: log.liveBytes),
            memtableBytes: options.memtableBytes,
            levelZeroTables: levelZeroCount.load(ordering: .relaxed),
            levelZeroSlow: options.levelZeroSlow, levelZeroStop: options.levelZeroStop)
    }

    /// Waits until level 0 has become shorter.
    private func waitForCompaction() throws(StoreError) {
        let started = SystemClock.monotonicNanoseconds
        defer {
            counters.levelZeroStalls.nanoseconds.add(SystemClock.monotonicNanoseconds - started, ordering: .relaxed)
        }
        try poison.check()
        if !options.hasBackgroundThreads {
            try compactAll()
            let isShorter = levelZeroCount.load(ordering: .relaxed) < options.levelZeroStop
            if !isShorter, let damage = state.withLock({ $0.levelZeroDamage }) { throw damage }
            return
        }
        levelZeroWaiters.add(1, ordering: .relaxed)
        defer { levelZeroWaiters.subtract(1, ordering: .relaxed) }
        try waitForBackground(orFailure: { $0.compactionFailure ?? $0.levelZeroDamage }) { _ in
            levelZeroCount.load(ordering: .relaxed) < options.levelZeroStop
        }
    }

    /// Waits until a flush has finished.
    ///
    /// - Parameter waiting: How many memtables waited when it was decided to wait. A flush may have finished since, and
    ///   with the last of them gone, no other would come.
    func waitForFlush(_ reason: WriteStall.Reason, of waiting: Int) throws(StoreError) {
        let started = SystemClock.monotonicNanoseconds
        defer {
            counters.stalls(reason).nanoseconds.add(SystemClock.monotonicNanoseconds - started, ordering: .relaxed)
        }
        try poison.check()
        if !options.hasBackgroundThreads {
            try flushOldest()
            return
        }
        try waitForBackground { $0.frozen.count < waiting }
    }

    /// Poisons the store, and wakes who waits for a flush.
    func acceptNoMore(since error: StoreError) {
        // With the lock held, or a waiter that has looked at the poison and does not sleep yet would miss the wake-up.
        let isFirst = state.withLock { _ in
            defer { poison.set(error) }
            return poison.first == nil
        }
        state.notifyAll()
        if isFirst { tell(.failed(error)) }
    }

    /// Freezes the active memtable and puts an empty one with room for `bytes` in its place.
    func freezeActive(log: LogWriter, bytes: Int, entries: Int) throws(StoreError) {
        let capacity = max(options.memtableBytes, bytes)
        let fresh = ActiveMemtable(
            memtable: try Memtable(capacity: capacity, entries: entries, reserve: memtableReserve),
            logPosition: log.position)
        clock.sampleNewest()
        state.withLock { state in
            state.active.memtable.freeze()
            // One without entries, too small for its first group, has nothing to flush; a table cannot be empty.
            if state.active.memtable.entryCount > 0 {
                let frozen = FrozenMemtable(
                    memtable: state.active.memtable, logPosition: state.active.logPosition,
                    lastTimestamp: stampedTimestamp)
                state.frozen.insert(frozen, at: 0)
            }
            state.active = fresh
            activeLargeBytes.store(0, ordering: .relaxed)
            // Asked for with the lock held: a flush that has just published a version replaces the view under the
            // same lock, and must not be undone.
            replaceView(state, version: versions.current)
        }
        state.notifyAll()
    }

    static let readOnlyError = StoreError(
        .readOnly, "The store is open for reading only.", remedy: "Open it without `readOnly` to write.")
}
