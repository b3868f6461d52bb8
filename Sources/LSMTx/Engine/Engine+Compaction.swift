internal import Synchronization

/// Compaction: the background worker keeps the levels in shape when there is nothing to flush.
///
/// Flushing comes first. A compaction looks up every few hundred kilobytes, and flushes what has been frozen meanwhile
/// before it goes on; both run on one thread, so they never take both processors from commits (Engine+Quiet says when a
/// second thread helps to merge). That is safe: a flush only adds a table to level 0, newer than all that the compaction replaces.
///
/// What may be dropped is decided against the retention, the named snapshots and the readers that are open when the
/// compaction begins (Engine+Retention). A reader that opens later reads at or above the floor that was announced first,
/// or at a named snapshot (``SnapshotTracker``).
extension Engine {
    /// Does the next compaction that the levels call for.
    ///
    /// - Returns: `false` when there was nothing to do, or the worker is to stop.
    /// - Throws: `diskFull`, with nothing changed. After any other error the store is poisoned.
    package func compactOnce() throws(StoreError) -> Bool {
        do throws(StoreError) {
            return try compactOnce(avoiding: damage.ids)
        } catch {
            // The next plan avoids what this one has found damaged.
            guard error.code == .corrupt, poison.first == nil else { throw error }
            return true
        }
    }

    private func compactOnce(avoiding damaged: Set<TableID>) throws(StoreError) -> Bool {
        let version = versions.current
        let levels = version.levels.map { $0.map(\.descriptor) }
        noteLevelZero(of: levels, avoiding: damaged)
        var readPoints = announceReadPoints()
        if let plan = CompactionPicker.pick(levels: levels, options: compactionOptions, avoiding: damaged) {
            return try compact(plan, of: version, readPoints, shouldStop: { isToStop })
        }
        let below = HiddenBelow(version.levels)
        let share = options.garbageShare
        func garbagePlan(_ readPoints: ReadPoints) -> CompactionPlan? {
            CompactionPicker.pickGarbage(
                levels: levels, below: below, readPoints: readPoints, share: share, avoiding: damaged)
        }
        while true {
            if let plan = garbagePlan(readPoints) {
                return try compact(plan, of: version, readPoints, shouldStop: { isToStop })
            }
            let isHindered = readPoints.floor < publishedTimestamp && versions.history.retention.keepMilliseconds != nil
            let later = ReadPoints(floor: publishedTimestamp, older: [], oldestWriter: nil)
            let floor = isHindered && garbagePlan(later) != nil ? readPoints.floor : nil
            state.withLock { $0.hinderingFloor = floor }
            let hindrance = CompactionPicker.newestHindrance(
                levels: levels, below: below, readPoints: readPoints, share: share)
            newestHindrance.store(hindrance.rawValue, ordering: .sequentiallyConsistent)
            // A reader that went before it could know of that tells nobody, but is not found any more now.
            let looked = readPoints
            readPoints = announceReadPoints()
            if hindrance == .zero || looked.older == readPoints.older { return false }
        }
    }

    /// A reader has gone. If tables keep much that only such readers need, they are looked at again.
    @inline(__always)
    package func noteReaderGone(at timestamp: Timestamp) {
        if timestamp.rawValue < newestHindrance.load(ordering: .sequentiallyConsistent) { noteReadPointsMoved() }
    }

    /// What read points there are has changed otherwise than by a reader's end: compactions may have become worthwhile.
    @inline(never)
    package func noteReadPointsMoved() {
        newestHindrance.store(0, ordering: .sequentiallyConsistent)
        state.withLock { $0.mayCompact = true }
        state.notifyAll()
    }

    /// Whether the active memtable has deleted ranges above tables, or large values, which may have replaced others.
    package var memtableHidesMuch: Bool {
        let hasRanges = state.withLock { $0.active.memtable.hasRangeTombstones }
        return hasRanges && versions.current.tableCount > 0 || activeLargeBytes.load(ordering: .relaxed) > 0
    }

    /// Looks whether time alone has made compactions worthwhile: nobody tells when commits get too old to be kept.
    func noteTimePassed() {
        guard let floor = state.withLock({ $0.hinderingFloor }), retentionFloor > floor else { return }
        noteReadPointsMoved()
    }

    /// Carries out a plan and publishes what comes out.
    ///
    /// - Parameters:
    ///   - tableBytes: How large the new tables may be; `nil` for what the options say.
    ///   - shouldStop: Whether to give it up.
    /// - Returns: `false` when it was given up.
    /// - Throws: `diskFull`, or `corrupt` when tables of the plan are damaged, which are avoided from then on: nothing has
    ///   changed. After any other error the store is poisoned.
    func compact(
        _ plan: CompactionPlan, of version: Version, _ readPoints: ReadPoints, tableBytes: UInt64? = nil,
        shouldStop: () -> Bool
    ) throws(StoreError) -> Bool {
        let inputs = plan.inputs.compactMap { version.table($0.id) }
        var options = compactionOptions
        if let tableBytes {
            options.targetTableBytes = tableBytes
            // Whoever wants tables of a certain size wants them in a certain order in the file, too.
            options.partBytes = nil
        }
        var mayHelp: (@Sendable () -> Bool)?
        if self.options.hasBackgroundThreads { mayHelp = { self.isQuiet } }
        let job = CompactionJob(
            file: file, plan: plan, tables: inputs, generation: versions.nextGeneration,
            takeTableID: { self.versions.takeTableID() }, readPoints: readPoints, options: options,
            mayHelp: mayHelp)
        let started = SystemClock.monotonicNanoseconds
        var isReading = true
        do throws(StoreError) {
            let result = try job.run(shouldStop: shouldStop, pause: { flushBetweenSteps() })
            guard let result else { return false }
            isReading = false
            do throws(StoreError) {
                let version = try versions.apply(result.edit) { $0.isClean = false }
                state.withLock { replaceView($0, version: version) }
            } catch {
                // After any other failure a superblock may name the tables already.
                if error.code == .diskFull { release(result.edit, keeping: plan) }
                throw error
            }
            if !plan.isTrivialMove { damage.forget(result.edit.removed) }
            counters.note(result, intoLevel: plan.targetLevel, isMove: plan.isTrivialMove)
            tellCompacted(plan, result, since: started)
        } catch {
            let isHarmless = error.code == .diskFull || isReading && noteDamage(error, to: job)
            if !isHarmless { acceptNoMore(since: error) }
            throw error
        }
        // The extents of the inputs are free once nobody reads them; retired views are looked at here.
        freeRetiredViews()
        state.notifyAll()
        return true
    }

    /// Gives back the tables that an edit would have added, apart from those that it only moves.
    private func release(_ edit: VersionEdit, keeping plan: CompactionPlan) {
        let inputs = Set(plan.inputs.map(\.id))
        for table in edit.added where !inputs.contains(table.id) {
            file.allocator.releaseUnpublished(table.extents)
        }
    }

    var isToStop: Bool { poison.first != nil || state.withLock { $0.isStopping || $0.quietRequests > 0 } }

    /// Flushes what waits; a failure is noted where writers and the worker see it.
    private func flushBetweenSteps() {
        while frozenCount.load(ordering: .acquiring) > 0, !isToStop {
            guard (try? flushOldest()) != nil else { return }
        }
    }

    /// Compacts until the levels are in shape, in the caller's thread: for a store without background threads.
    func compactAll() throws(StoreError) {
        while try compactOnce() {}
    }

    var compactionOptions: CompactionOptions {
        var result = CompactionOptions()
        result.levelZeroTables = options.levelZeroTables
        result.baseBytes = UInt64(options.memtableBytes) * 4
        result.targetTableBytes = UInt64(options.memtableBytes) / 2
        // In turn, parts are only of use to tests, which then are deterministic.
        if options.mergesTogether || !options.hasBackgroundThreads {
            result.partBytes = options.compactionPartBytes ?? max(result.targetTableBytes, 4 << 20)
        }
        return result
    }
}
