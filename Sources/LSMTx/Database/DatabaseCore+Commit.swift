internal import Synchronization

/// The committing thread's part: checking outside the queue, waiting in it, and saying what came out.
extension DatabaseCore {
    /// What a transaction asks to be committed.
    struct CommitOrder {
        /// Not empty.
        let writes: WriteSet
        /// What must not have changed since `start`; `nil` when the commit depends on nothing.
        let conflictSet: ConflictSet?
        /// The timestamp that the transaction read at.
        let start: Timestamp
        let isDurable: Bool
        let label: String?
        /// The transaction's place among those that go first.
        var ticket: Precedence.Ticket?
        /// Of the asynchronous call that it is part of.
        var cancellation: Cancellation?
    }

    /// Commits a transaction's writes.
    func commit(_ order: CommitOrder) throws(StoreError) -> Timestamp {
        // No waiting in a store that is closed, or was inherited through `fork` with whatever locks were held.
        try checkOpen()
        precedence.waitToCommit(order.writes, ticket: order.ticket, cancellation: order.cancellation)
        return try committing { pipeline throws(StoreError) in try commit(order, through: pipeline) }
    }

    private func commit(_ order: CommitOrder, through pipeline: CommitPipeline) throws(StoreError) -> Timestamp {
        // A group that failed left its writes in the memtable, unpublished for ever: to look for conflicts first would
        // have the transaction run again for nothing.
        try engine.poison.check()
        let writes = order.writes
        // Keeps deletions from being compacted away while the leader has yet to see them: a mutation would apply to the
        // value that was read before. A transaction's own reader does not, at read committed.
        let guardian = writes.hasMutations ? openSnapshot(isWriter: true) : nil
        defer { if let guardian { closeSnapshot(guardian.ticket, at: guardian.timestamp) } }
        // Everything up to here is in the memtables; whatever comes later is looked at in the queue.
        let validatedUpTo = engine.stampedTimestamp
        if let conflictSet = order.conflictSet, validatedUpTo > order.start {
            let change = try engine.withView { view throws(StoreError) in
                let isForgotten = engine.options.seededFaults.has(.dropEvidenceAtFlush)
                let start = isForgotten ? max(order.start, view.version.largestTimestamp) : order.start
                return try view.firstChange(of: conflictSet, after: start)
            }
            if let change {
                engine.counters.conflicts.add(1, ordering: .relaxed)
                throw conflictError(order, change)
            }
        }
        if writes.hasLargeValues { try pipeline.syncLargeValues() }
        if writes.hasMutations { try engine.readBases(of: writes, upTo: validatedUpTo) }
        // The last moment at which a cancelled commit can be taken back.
        try order.cancellation?.check()
        let request = writes.requestMemory
        request.initialize(
            to: CommitRequest(
                operations: writes.operations, operationCount: writes.count, hashes: writes.operationHashes,
                memtableBytes: writes.memtableBytes, conflictSet: order.conflictSet,
                validatedUpTo: max(validatedUpTo, order.start), label: order.label, isDurable: order.isDurable,
                mutations: writes.hasMutations ? writes : nil))
        defer { request.deinitialize(count: 1) }
        pipeline.commit(request)
        switch request.pointee.outcome {
        case .committed:
            if writes.hasLargeValues {
                engine.activeLargeBytes.add(writes.largeValueBytes, ordering: .relaxed)
            }
            if writes.hasLargeValues || writes.hasDeletions { pipeline.flushSoon() }
            return request.pointee.timestamp
        case .conflict:
            guard let change = request.pointee.conflict else { preconditionFailure("a conflict says what changed") }
            throw conflictError(order, change)
        case .refused:
            throw request.pointee.failure ?? DatabaseCore.closedError("database")
        case .unknown:
            throw StoreError(
                .outcomeUnknown, "The device failed while the commit was being written.",
                remedy: "Close the database and open it again; the commit is there as a whole, or not at all.",
                errorNumber: engine.poison.first?.errorNumber)
        }
    }

    private func conflictError(_ order: CommitOrder, _ change: ConflictSet.Change) -> StoreError {
        guard let (keys, access) = order.conflictSet?.describe(change.item) else {
            preconditionFailure("a commit that depends on nothing has a conflict")
        }
        let conflict = Conflict(
            keys: keys, access: access, began: order.start, committedAt: change.committedAt, label: order.label,
            otherLabel: pipeline?.labels.label(of: change.committedAt))
        let what = conflict.key == nil ? "something in a range" : "a key"
        let name = order.label.map { "\"\($0)\"" } ?? "this one"
        let other = conflict.otherLabel.map { "The transaction \"\($0)\"" } ?? "Another transaction"
        return StoreError(
            .conflict,
            "\(other) changed \(what) at \(change.committedAt), after \(name) that \(access == .read ? "read" : "writes") "
                + "it began at \(order.start).",
            remedy: "Run the whole transaction again; `write` does that by itself.",
            at: StoreError.Location(keys: keys), conflict: conflict)
    }
}
