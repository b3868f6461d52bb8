internal import Synchronization

/// Makes commits durable and visible: many threads at once, one order, one write and at most one sync per group.
///
/// Invariants:
/// - Timestamps are given in the order in which records stand in the log, and published in that order (``GroupLedger``).
/// - What is in the memtable with a timestamp above the published one is invisible; if its group fails, it stays so.
/// - A commit is acknowledged only when it is published, and a durable one only when its log bytes, and all before
///   them, are durable (R8 in Recovery).
///
/// A commit, step by step:
/// 1. The committing thread checks what its commit depends on (``ConflictSet``) against everything up to some timestamp
///    T, outside the queue.
/// 2. It arrives at the queue. One thread becomes the leader and takes the group: all that has arrived.
/// 3. The leader, alone: makes room in memtable and log (the only step that can run out of space), checks each
///    member against what was committed after its T, gives it the next timestamp and applies it to the
///    memtable, where the next member's check finds it. Then it lays out one log record and writes it.
/// 4. It gives the baton on once the write has returned. A write that is durable by itself returns only when it has
///    reached the medium: meanwhile the next group gathers. Where a sync is needed instead, it begins after the baton
///    was given on.
/// 5. The group is published when it and all groups before it are settled, by whichever thread settles the last of
///    them. Members are woken, with their timestamp.
///
/// Rejected: applying each member in its own thread (the leader would have to wait for them before the next group can
/// validate; the write costs five times what applying costs); a thread that only syncs (two wake-ups per commit);
/// several durable writes in flight at once, which keeps groups small: at 16 threads 16,000 commits/s instead of 60,000;
/// a leader that waits for those whom the last durable group has released, up to a third or all of a sync: 13% more
/// commits/s at 4 threads and none at 16, where waking them is then not hidden behind a sync.
package final class CommitPipeline: Sendable {
    let engine: Engine
    private let log: LogWriter
    private let queue = CommitQueue()
    private let ledger: Guarded<GroupLedger>
    /// Copies of the ledger's state, so that the leader takes its lock once less: how many groups are under way, which
    /// only leaders raise, and how far the log is durable, where an older answer is as true.
    private let groupsUnderWay = Atomic<Int>(0)
    private let durableEnd: Atomic<UInt64>
    /// Set when a sync may have begun since the last write to the log: the next write begins a new sector, so that no
    /// sector with bytes that someone relies on is written again.
    private let needsNewSector = Atomic<Bool>(true)
    private let isMarkedInUse = Atomic<Bool>(false)
    private let keeper: LogKeeper
    /// What transactions with labels have committed last, for those that conflict with them.
    let labels = CommitLabels()

    package init(engine: Engine, log: LogWriter) {
        self.engine = engine
        self.log = log
        keeper = LogKeeper(log: log, flushDelayMilliseconds: engine.options.flushDelayMilliseconds)
        ledger = Guarded(GroupLedger(end: log.end))
        durableEnd = Atomic(log.end.rawValue)
    }

    /// Commits what `request` describes and returns when it is decided. The outcome is in the request.
    func commit(_ request: CommitQueue.Request) {
        // The baton may have come free only after another leader had taken this request; leading is then for others.
        if queue.arrive(request) { lead() }
        while request.waitForPhase() != CommitRequest.Phase.done {
            request.resetPhase()
            lead()
        }
    }

    // MARK: Leading

    /// With so many operations between, a new key of a batch takes 27 ns to enter a memtable, without 63.
    private static let prefetchDistance = 8

    /// Groups are cut off behind the member that brings them to this size, so that no commit waits long for others'.
    private static let groupBytesLimit = 1 << 20

    /// A list of requests, linked by `next`, with what they take.
    private struct Batch {
        var first: CommitQueue.Request?
        var last: CommitQueue.Request?
        var memberCount = 0
        var operationBytes = 0
        var operationCount = 0
        var memtableBytes = 0
        var isDurable = false

        mutating func append(_ request: CommitQueue.Request) {
            request.pointee.next = nil
            if let last { last.pointee.next = request } else { first = request }
            last = request
            memberCount += 1
            operationBytes += request.pointee.operations.count
            operationCount += request.pointee.operationCount
            memtableBytes += request.pointee.memtableBytes
            isDurable = isDurable || request.pointee.isDurable
        }

        var payloadBytes: Int {
            CommitRecord.headerBytes + memberCount * CommitRecord.memberHeaderBytes + operationBytes
        }
    }

    /// Steps 3 to 5 for everything that has arrived. The caller holds the baton, and does not afterwards.
    private func lead() {
        var next = queue.takeAll()
        var arrived = Batch()
        while let request = next, arrived.operationBytes < Self.groupBytesLimit {
            next = request.pointee.next
            arrived.append(request)
        }
        queue.leave(next)
        guard arrived.memberCount > 0 else {
            queue.passBaton()
            return
        }
        let memtable: Memtable
        do {
            memtable = try makeRoom(for: arrived)
        } catch {
            queue.passBaton()
            finish(arrived.first, as: .refused, failure: error)
            return
        }
        let group = admit(arrived, to: memtable)
        if group.memberCount > 0 {
            write(group)
        } else {
            queue.passBaton()
        }
    }

    /// Takes all the space that the group can need. Nothing after this fails for want of space.
    private func makeRoom(for arrived: Batch) throws(StoreError) -> Memtable {
        try engine.poison.check()
        if !isMarkedInUse.load(ordering: .relaxed) {
            try failing { () throws(StoreError) in try engine.versions.markInUse() }
            isMarkedInUse.store(true, ordering: .relaxed)
        }
        let memtable = try engine.makeRoom(bytes: arrived.memtableBytes, entries: arrived.operationCount)
        try failing { () throws(StoreError) in try log.reserve(payloadBytes: arrived.payloadBytes) }
        if groupsUnderWay.load(ordering: .relaxed) == GroupLedger.capacity {
            _ = ledger.wait { $0.isFull ? nil : true }
        }
        return memtable
    }

    /// Checks, stamps and applies the members in turn. Those that conflict, or cannot be checked, are told.
    private func admit(_ arrived: Batch, to memtable: Memtable) -> Batch {
        var group = Batch()
        var stamped = engine.stampedTimestamp
        var next = arrived.first
        while let request = next {
            next = request.pointee.next
            do {
                if try conflicts(request, newest: stamped) {
                    engine.counters.conflicts.add(1, ordering: .relaxed)
                    request.pointee.outcome = .conflict
                    request.enter(CommitRequest.Phase.done)
                    continue
                }
                if request.pointee.mutations != nil { try resolveMutations(of: request, at: stamped.advanced(by: 1)) }
            } catch {
                request.pointee.outcome = .refused
                request.pointee.failure = error
                request.enter(CommitRequest.Phase.done)
                continue
            }
            stamped = stamped.advanced(by: 1)
            request.pointee.timestamp = stamped
            // Before anyone can find what it changed.
            if let label = request.pointee.label { labels.note(label, of: stamped) }
            apply(request, to: memtable, at: stamped)
            group.append(request)
        }
        engine.stamped.store(stamped.rawValue, ordering: .releasing)
        return group
    }

    /// Whether something that `request` depends on was committed after its transaction had begun. What was committed up
    /// to `validatedUpTo` has been looked at outside the queue.
    private func conflicts(_ request: CommitQueue.Request, newest: Timestamp) throws(StoreError) -> Bool {
        let known = request.pointee.validatedUpTo
        guard let conflictSet = request.pointee.conflictSet, newest > known else { return false }
        let found = try engine.withView { view throws(StoreError) in
            try view.firstChange(of: conflictSet, after: known)
        }
        guard let found else { return false }
        request.pointee.conflict = found
        return true
    }

    @inline(__always)
    private func apply(_ request: CommitQueue.Request, to memtable: Memtable, at timestamp: Timestamp) {
        var operations = WriteOperations(verified: request.pointee.operations)
        let hashes = request.pointee.hashes
        var index = 0
        let ahead = Self.prefetchDistance
        while let operation = operations.next() {
            if index + ahead < request.pointee.operationCount { memtable.prefetch(hash: hashes[index + ahead]) }
            if operation.kind == .rangeTombstone {
                memtable.insertRangeTombstone(operation, timestamp: timestamp)
            } else {
                memtable.insert(
                    key: operation.key, hash: hashes[index], timestamp: timestamp, kind: operation.kind,
                    value: operation.value)
            }
            index += 1
        }
    }

    /// Lays out the group's record and writes it.
    private func write(_ group: Batch) {
        do {
            let startsOnNewSector = needsNewSector.exchange(group.isDurable, ordering: .acquiringAndReleasing)
            let durableEnd = LogSequenceNumber(rawValue: durableEnd.load(ordering: .acquiring))
            let wallClock = engine.clock.now
            let prepared = try log.prepare(
                payloadBytes: group.payloadBytes, startsOnNewSector: startsOnNewSector, durable: durableEnd
            ) { Self.layOut(group, at: wallClock, into: &$0) }
            engine.clock.note(group.last?.pointee.timestamp ?? .zero, at: wallClock, end: prepared.end)
            write(group, prepared)
        } catch {
            // The members are in the memtable with timestamps that nothing in the log has.
            fail(error)
            queue.passBaton()
            finish(group.first, as: .refused, failure: error)
        }
    }

    /// Writes the group's record, gives the baton on, syncs if asked to, and publishes what is ready.
    ///
    /// From the first byte on, a failure means that nobody knows whether the group survives: the store is poisoned.
    private func write(_ group: Batch, _ prepared: consuming LogWrite) {
        let tag = UInt(bitPattern: group.first)
        let lastTimestamp = group.last?.pointee.timestamp ?? .zero
        let isDurable = group.isDurable
        let end = prepared.end
        let crossesSegments = prepared.pieceCount > 1
        let mayWriteDurably = ledger.withLock { ledger -> Bool? in
            guard !ledger.isFailed else { return nil }
            let mayWriteDurably = ledger.mayWriteDurably
            ledger.open(tag: tag, lastTimestamp: lastTimestamp, end: end, isDurable: isDurable)
            groupsUnderWay.store(ledger.count, ordering: .relaxed)
            return mayWriteDurably
        }
        guard let mayWriteDurably else {
            // Another group has failed since this one was admitted; nothing of this one was written.
            queue.passBaton()
            finish(group.first, as: .refused, failure: engine.poison.refusal)
            return
        }
        engine.counters.groups.add(1, ordering: .relaxed)
        engine.counters.commits.add(UInt64(group.memberCount), ordering: .relaxed)
        let needsSegments = log.takeNeedOfSpares()
        if !isDurable || needsSegments { keeper.noteWork(needsSegments: needsSegments) }

        // Writes return before the baton is given on: a later sync then covers them.
        let writesDurably = isDurable && mayWriteDurably && !crossesSegments
        do {
            try log.perform(prepared, durably: writesDurably)
        } catch {
            fail(error)
            queue.passBaton()
            return
        }
        if writesDurably {
            // The members are woken first, so that their next commits are in the next group: with the baton given on
            // before, two halves of the threads take turns, at three quarters of the rate.
            defer { queue.passBaton() }
            engine.counters.syncs.add(1, ordering: .relaxed)
            complete { $0.written(tag: tag, durably: true) }
            return
        }
        queue.passBaton()
        complete { $0.written(tag: tag, durably: false) }
        if isDurable { sync(toCover: end) }
    }

    private static func layOut(_ group: Batch, at wallClock: UInt64, into payload: inout LogPayload) {
        payload.append(group.first?.pointee.timestamp.rawValue ?? 0)
        payload.append(wallClock)
        payload.append(UInt32(group.memberCount))
        payload.append(UInt32(0))
        var next = group.first
        while let request = next {
            payload.append(UInt32(request.pointee.operationCount))
            payload.append(UInt32(request.pointee.operations.count))
            payload.append(request.pointee.operations)
            next = request.pointee.next
        }
    }

    // MARK: Settling

    /// Syncs so that everything up to `end` is durable: waits until all of it has been written, which other threads
    /// are at, then syncs.
    ///
    /// It may reach further, but nothing beyond `end` is taken for durable: a buffered group there need not end with its
    /// sector, which the next one then writes again.
    private func sync(toCover end: LogSequenceNumber) {
        let isWritten = ledger.wait { ledger -> Bool? in
            if ledger.isFailed { return false }
            return ledger.syncTarget >= end ? true : nil
        }
        if isWritten == true { syncDevice(upTo: end) }
    }

    /// Syncs; everything up to `target` had been written before.
    private func syncDevice(upTo target: LogSequenceNumber) {
        do {
            try engine.file.lanes.commits.sync()
            // A flush's sync that has failed may have dropped what this one seems to have made durable.
            try engine.poison.check()
            engine.counters.syncs.add(1, ordering: .relaxed)
            complete { $0.synced(upTo: target) }
        } catch {
            fail(error)
        }
    }

    /// Changes the ledger, publishes what the change allows, and wakes the members.
    private func complete(_ change: (inout GroupLedger) -> Void) {
        // Publishing under the lock keeps the order; waking is done outside it.
        var (outcome, following) = ledger.withLock { ledger in
            change(&ledger)
            durableEnd.store(ledger.durableEnd.rawValue, ordering: .releasing)
            let outcome = publishNext(&ledger)
            return (outcome, outcome == nil ? nil : publishNext(&ledger))
        }
        ledger.notifyAll()
        while let finished = outcome {
            switch finished {
            case .published(let group): finish(CommitQueue.Request(bitPattern: group.tag), as: .committed)
            case .failed(let group): finish(CommitQueue.Request(bitPattern: group.tag), as: .unknown)
            }
            outcome = following
            following = outcome == nil ? nil : ledger.withLock { publishNext(&$0) }
            // Whoever waits for this group may have looked, and gone to sleep again, since the call above.
            if following != nil { ledger.notifyAll() }
        }
    }

    private func publishNext(_ ledger: inout GroupLedger) -> GroupLedger.Outcome? {
        let outcome = ledger.next()
        groupsUnderWay.store(ledger.count, ordering: .relaxed)
        if case .published(let group) = outcome {
            engine.published.store(group.lastTimestamp.rawValue, ordering: .releasing)
        }
        return outcome
    }

    /// Waits until a commit that has been stamped is visible, or will never be. Whoever lost against it would begin
    /// before it again, and lose again.
    func waitUntilPublished(_ timestamp: Timestamp) {
        guard engine.publishedTimestamp < timestamp else { return }
        _ = ledger.wait { ledger in
            ledger.isFailed || self.engine.publishedTimestamp >= timestamp ? true : nil
        }
    }

    private func finish(
        _ first: CommitQueue.Request?, as outcome: CommitRequest.Outcome, failure: StoreError? = nil
    ) {
        var next = first
        while let request = next {
            next = request.pointee.next
            request.pointee.outcome = outcome
            if let failure { request.pointee.failure = failure }
            request.enter(CommitRequest.Phase.done)
        }
    }

    /// Calls `body`, which writes and syncs outside of any group.
    ///
    /// A sync that fails there may have dropped what buffered groups wrote, and no later sync would say so. Only want of
    /// space, found before anything is written, is harmless.
    func failing<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        do throws(StoreError) {
            return try body()
        } catch {
            if error.code == .io { fail(error) }
            throw error
        }
    }

    private func fail(_ error: StoreError) {
        engine.acceptNoMore(since: error)
        complete { $0.fail() }
    }

    // MARK: Holding still

    /// Calls `body` while no group is being admitted or written.
    func holdingStill<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        queue.claimBaton()
        defer { queue.passBaton() }
        return try body()
    }

    /// Freezes what has been committed so far, so that a flush takes it.
    package func freezeForFlush() throws(StoreError) {
        try holdingStill { () throws(StoreError) in try engine.freezeForFlush() }
    }

    /// The log keeper's life; ends after ``stopLogKeeper()``.
    package func runLogKeeper() {
        keeper.run(
            makeSegments: { try? self.failing { () throws(StoreError) in try self.keeper.makeSegments() } },
            sync: { self.syncBuffered() },
            flush: { if self.engine.memtableHidesMuch { try? self.freezeForFlush() } })
    }

    /// Something was committed that may hide much, which goes only after a flush.
    package func flushSoon() { keeper.flushSoon() }

    package func stopLogKeeper() { keeper.stop() }

    /// The log is known to be durable up to here.
    package var durableLogEnd: LogSequenceNumber {
        LogSequenceNumber(rawValue: durableEnd.load(ordering: .acquiring))
    }

    /// Syncs what buffered commits have written, if there is any.
    package func syncBuffered() {
        // Holding still keeps every write that was prepared without a new sector from returning after this sync began.
        let target = try? holdingStill { () throws(StoreError) -> LogSequenceNumber? in
            let target = ledger.withLock { ledger -> LogSequenceNumber? in
                !ledger.isFailed && ledger.syncTarget > ledger.durableEnd ? ledger.syncTarget : nil
            }
            if target != nil { needsNewSector.store(true, ordering: .releasing) }
            return target
        }
        if let target = target ?? nil { syncDevice(upTo: target) }
        // The write of a buffered group may have returned and not been noted so far, so that this sync did not count for
        // it. Nobody else would sync it: the keeper comes again.
        if ledger.withLock({ !$0.isFailed && !$0.mayWriteDurably }) { keeper.noteWork(needsSegments: false) }
    }
}
