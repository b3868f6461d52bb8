internal import Synchronization

/// The committing thread's part: checking outside the queue, waiting in it, and saying what came out.
extension DatabaseCore {
    /// Commits a write set.
    ///
    /// - Parameters:
    ///   - writes: Not empty.
    ///   - start: The timestamp that the transaction read at.
    func commit(
        _ writes: WriteSet, readAt start: Timestamp, isDurable: Bool
    ) throws(StoreError) -> Timestamp {
        try committing { pipeline throws(StoreError) in
            try commit(writes, readAt: start, isDurable: isDurable, through: pipeline)
        }
    }

    private func commit(
        _ writes: WriteSet, readAt start: Timestamp, isDurable: Bool, through pipeline: CommitPipeline
    ) throws(StoreError) -> Timestamp {
        // A group that failed left its writes in the memtable, unpublished for ever: to look for conflicts first would
        // have the transaction run again for nothing.
        try engine.poison.check()
        let operations = writes.operations
        let hashes = writes.operationHashes
        // Everything up to here is in the memtables; whatever comes later is looked at in the queue.
        let validatedUpTo = engine.stampedTimestamp
        if validatedUpTo > start {
            let change = try engine.firstChange(
                of: WriteOperations(verified: operations), hashes: hashes, after: start)
            if let change {
                engine.counters.conflicts.add(1, ordering: .relaxed)
                throw Self.conflictError(writes, change, start: start)
            }
        }
        if writes.hasLargeValues { try pipeline.syncLargeValues() }
        let request = writes.requestMemory
        request.initialize(
            to: CommitRequest(
                operations: operations, operationCount: writes.count, hashes: hashes,
                memtableBytes: writes.memtableBytes, validatedUpTo: max(validatedUpTo, start), isDurable: isDurable))
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
            throw Self.conflictError(writes, request.pointee.conflict, start: start)
        case .refused:
            throw request.pointee.failure ?? DatabaseCore.closedError("database")
        case .unknown:
            throw StoreError(
                .outcomeUnknown, "The device failed while the commit was being written.",
                remedy: "Close the database and open it again; the commit is there as a whole, or not at all.",
                errorNumber: engine.poison.first?.errorNumber)
        }
    }

    private static func conflictError(
        _ writes: WriteSet, _ change: (operation: Int, committedAt: Timestamp), start: Timestamp
    ) -> StoreError {
        let operation = writes.operation(change.operation)
        let key = operation.key.array
        let isRange = operation.kind == .rangeTombstone
        return StoreError(
            .conflict,
            "Another transaction changed \(isRange ? "something in a range" : "a key") at \(change.committedAt), "
                + "after this one began at \(start).",
            remedy: "Run the whole transaction again; `write` does that by itself.",
            at: StoreError.Location(
                keys: KeyRange(from: key, upTo: isRange ? operation.upperBound?.array : key + [0])))
    }
}
