internal import Synchronization

/// Flushing: frozen memtables become tables of level 0, oldest first, and the log that they came from is given back.
extension Engine {
    /// Flushes the oldest frozen memtable. Only the background worker calls this, or whoever runs without one.
    ///
    /// The algorithm:
    /// 1. Wait until every group in the memtable is published: its entries then are the past, and final.
    /// 2. Write the table.
    /// 3. One change of the version set makes it durable, moves the log's start behind the memtable's records, and
    ///    replaces both superblocks.
    /// 4. Replace the view: the table instead of the memtable.
    /// 5. Only now may the log segments before the new start be used again.
    ///
    /// - Throws: `diskFull`, with nothing changed: it can be tried again. After any other error the store is poisoned.
    func flushOldest() throws(StoreError) {
        guard let log else { throw Self.readOnlyError }
        let (oldest, following) = state.withLock { state in
            (state.frozen.last, state.frozen.dropLast().last?.logPosition ?? state.active.logPosition)
        }
        guard let oldest else { return }
        let started = SystemClock.monotonicNanoseconds
        guard waitUntilPublished(oldest.lastTimestamp) else {
            try poison.check()
            return
        }
        do throws(StoreError) {
            let job = FlushJob(
                file: file, memtable: oldest.memtable, id: versions.takeTableID(),
                generation: versions.nextGeneration, seededFaults: options.seededFaults)
            let table = try job.run()
            let logStart = log.start(at: following)
            let published = publishedTimestamp
            var edit = VersionEdit(added: [table])
            edit.history.samples = newSamples(upTo: table.largestTimestamp)
            var before = Generation(rawValue: 0)
            let version: Version
            do throws(StoreError) {
                version = try versions.apply(edit) { superblock in
                    before = superblock.generation
                    superblock.isClean = false
                    superblock.logStart = logStart
                    superblock.logReach = max(superblock.logReach, logStart.position.lsn)
                    superblock.flushedTimestamp = table.largestTimestamp
                    superblock.timestampFloor = max(superblock.timestampFloor, published)
                }
            } catch {
                // After any other failure a superblock may name the table already.
                if error.code == .diskFull { file.allocator.releaseUnpublished(table.extents) }
                throw error
            }
            state.withLock { state in
                state.frozen.removeLast()
                state.flushFailure = nil
                state.mayCompact = true
                replaceView(state, version: version)
            }
            log.truncate(to: logStart, lastNamedIn: before)
            log.recycle(oldestSlot: versions.oldestSlot)
            counters.noteFlush(table)
            tellFlushed(table, since: started)
            freeRetiredViews()
        } catch {
            if error.code == .diskFull {
                state.withLock { $0.flushFailure = error }
                state.notifyAll()
            } else {
                acceptNoMore(since: error)
            }
            throw error
        }
        state.notifyAll()
    }

    /// Frees views that no reader can reach any more, and with them memtables. The background worker does it: it takes
    /// tens of milliseconds, which neither a reader nor a writer should wait.
    func freeRetiredViews() {
        Epoch.collect()
        memtableReserve.prepare()
    }

    /// Waits until `timestamp` is published. Groups that are applied but not yet published are under way in other
    /// threads, for the time of a sync at most.
    ///
    /// - Returns: `false` when a failure means that it never will be.
    private func waitUntilPublished(_ timestamp: Timestamp) -> Bool {
        while publishedTimestamp < timestamp {
            guard poison.first == nil else { return false }
            SystemClock.sleep(microseconds: 50)
        }
        return true
    }

    private enum BackgroundTask { case flush, compact, request(CompactionRequest), settle, stop }

    /// The background worker's life: flush what is frozen, else compact if the levels call for it, else sleep; end when
    /// told to. An idle store that is settled does not wake it, unless the retention keeps much that will get too old.
    package func runBackgroundWorker() {
        var waitsForSpace = false
        // Whether all that can be given back has been: an idle store is looked at until then.
        var isTidy = false
        var isUnsettled = false
        // Commits were found to have ceased while there was something to settle.
        var maySettle = false
        var millisecondsIdle = 0
        var tasksUntilLook = Self.tasksBetweenLooks
        while true {
            // After a failure for want of space, a second passes before the next try. A poisoned store does nothing more.
            let mayPass = state.withLock { $0.hinderingFloor != nil } ? options.retentionLookMilliseconds : nil
            let pause =
                !waitsForSpace && isUnsettled
                ? options.settlingLookMilliseconds : waitsForSpace || !isTidy ? Self.idleMilliseconds : mayPass
            let task = state.wait(timeoutMilliseconds: pause) { state -> BackgroundTask? in
                if state.isStopping { return .stop }
                if waitsForSpace || self.poison.first != nil || state.quietRequests > 0 { return nil }
                let request = state.requests.first { !$0.isCancelled && $0.outcome == nil }
                guard !state.frozen.isEmpty || state.mayCompact || request != nil || maySettle else { return nil }
                state.isWorking = true
                if !state.frozen.isEmpty { return .flush }
                if state.mayCompact { return .compact }
                return request.map { .request($0) } ?? .settle
            }
            var mayBeSettled = true
            switch task {
            case .stop:
                return
            case nil where !waitsForSpace:
                if isUnsettled {
                    if isQuiet { maySettle = true }
                    millisecondsIdle += options.settlingLookMilliseconds
                    guard millisecondsIdle >= Self.idleMilliseconds else { continue }
                    millisecondsIdle = 0
                }
                if !isTidy { isTidy = (try? giveSpaceBack()) != true }
                noteTimePassed()
                Epoch.collect()
                memtableReserve.empty()
                continue
            case nil:
                waitsForSpace = false
                state.withLock { state in
                    state.flushFailure = nil
                    state.compactionFailure = nil
                }
            case .request(let request):
                work(on: request)
            case .settle:
                maySettle = false
                // Without it reads cost more, and that is all: it waits until something has changed.
                do { _ = try settle() } catch { mayBeSettled = false }
            case .flush:
                do { try flushOldest() } catch {
                    waitsForSpace = true
                    tellFailure(error)
                }
            case .compact:
                state.withLock { $0.mayCompact = false }
                do {
                    // One that was given up for a check is begun again.
                    let isDone = try compactOnce()
                    state.withLock { if isDone || $0.quietRequests > 0 { $0.mayCompact = true } }
                } catch {
                    waitsForSpace = true
                    tellFailure(error)
                    state.withLock { state in
                        state.mayCompact = true
                        state.compactionFailure = error
                        // This one goes before them, and may fail for long.
                        for request in state.requests where request.outcome == nil { request.end(.failure(error)) }
                    }
                }
            }
            tellFileSize()
            isTidy = false
            isUnsettled = mayBeSettled && self.isUnsettled
            tasksUntilLook -= 1
            if tasksUntilLook == 0 {
                tasksUntilLook = Self.tasksBetweenLooks
                _ = try? giveSpaceBack()
            }
            state.withLock { $0.isWorking = false }
            state.notifyAll()
        }
    }

    /// After so long an idle worker tidies up, or tries again what there was no space for.
    private static var idleMilliseconds: Int { 1000 }

    /// How many flushes and compactions there are between two looks at what is free.
    private static var tasksBetweenLooks: Int { 8 }

    /// Calls `body` while the background worker does nothing. A compaction that is under way is given up, and begun
    /// again afterwards: what it has written belongs to nobody yet.
    func withQuietBackground<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        state.withLock { $0.quietRequests += 1 }
        _ = state.wait { $0.isWorking ? nil : true }
        defer {
            state.withLock { $0.quietRequests -= 1 }
            state.notifyAll()
        }
        return try body()
    }

    /// Has the background worker end, after the flush or the step of a compaction that it is at.
    package func stopBackgroundWorker() {
        state.withLock { $0.isStopping = true }
        state.notifyAll()
    }

    /// Freezes the active memtable, if there is anything in it. The caller holds the commit pipeline still.
    package func freezeForFlush() throws(StoreError) {
        guard let log else { throw Self.readOnlyError }
        try poison.check()
        guard state.withLock({ $0.active.memtable.entryCount > 0 }) else { return }
        try freezeActive(log: log, bytes: 0, entries: 0)
    }

    /// Waits until everything that was frozen is in tables.
    ///
    /// - Parameter cancellation: The wait ends when it is cancelled, and ``wakeWaiters()`` called; the flush goes on.
    package func waitUntilFlushed(cancellation: Cancellation? = nil) throws(StoreError) {
        if !options.hasBackgroundThreads {
            while state.withLock({ !$0.frozen.isEmpty }) { try flushOldest() }
            try compactAll()
            return
        }
        try waitForBackground { $0.frozen.isEmpty || cancellation?.isCancelled == true }
        try cancellation?.check()
    }

    /// Has all that wait for the background look again: something was cancelled.
    package func wakeWaiters() {
        // With the lock held in between, nobody has looked before and not gone to sleep so far.
        state.withLock { _ in }
        state.notifyAll()
    }

    /// Waits until the background worker has come so far.
    ///
    /// - Parameter failure: Where the worker notes that it cannot go on.
    /// - Throws: `diskFull` when it cannot, for want of space; `poisoned`.
    func waitForBackground(
        orFailure failure: (EngineState) -> StoreError? = \.flushFailure, until isDone: (EngineState) -> Bool
    ) throws(StoreError) {
        let failure = state.wait { state -> StoreError?? in
            if self.poison.first != nil || isDone(state) { return .some(nil) }
            if let failure = failure(state) { return .some(failure) }
            return nil
        }
        if let failure, let failure { throw failure }
        try poison.check()
    }
}
