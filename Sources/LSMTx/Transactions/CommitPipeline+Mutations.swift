/// The leader's part in mutations: making plain values of them in the order of commits.
extension CommitPipeline {
    /// Resolves the mutations of a member that gets `timestamp`. Everything that was committed before is in the
    /// memtables, earlier members of the group included.
    ///
    /// - Throws: `corrupt` or `io` when a value that was changed after the committing thread had read it, and flushed
    ///   since, cannot be read. The member is then not committed.
    func resolveMutations(of request: CommitQueue.Request, at timestamp: Timestamp) throws(StoreError) {
        guard let writes = request.pointee.mutations else { return }
        try engine.withView { view throws(StoreError) in
            for entry in 0..<writes.count {
                guard let first = writes.resolveAlone(entry, at: timestamp) else { continue }
                try self.withBase(of: first, in: writes, view) { writes.resolve(entry, from: $0) }
            }
        }
        writes.endResolving()
        request.pointee.operations = writes.operations
        request.pointee.operationCount = writes.count
        request.pointee.hashes = writes.operationHashes
    }

    private func withBase(
        of entry: Int, in writes: WriteSet, _ view: ReadView, _ body: (BorrowedBytes?) -> Void
    ) throws(StoreError) {
        let key = writes.operation(entry).key
        let hash = writes.hash(entry)
        let wanted = writes.bytesWanted(ofBase: entry)
        if let changed = try view.newestVersion(of: key, hash: hash, above: writes.basesReadUpTo) {
            return try engine.withBase(changed, wanted: wanted, body)
        }
        if writes.withBase(of: entry, body) { return }
        // It had just been changed when the committing thread read it, and even that has been compacted away.
        guard let newest = try view.find(key, hash: hash, at: .max) else { return body(nil) }
        try engine.withBase(newest, wanted: wanted, body)
    }
}

extension Engine {
    /// Calls `body` with the value of a version, or as many bytes of it as are wanted, and maybe more; with `nil` if it is a
    /// deletion. The caller has pinned an epoch.
    func withBase(
        _ version: FoundEntry, wanted: Int?, _ body: (BorrowedBytes?) -> Void
    ) throws(StoreError) {
        switch version.kind {
        case .value: body(version.value)
        case .largeValue where wanted == 0: body(.empty)
        case .largeValue:
            let value = try file.readLargeValue(LargeValueReference(verified: version.value))
            value.withUnsafeBytes { body(BorrowedBytes($0)) }
        default: body(nil)
        }
    }

    /// Reads what the mutations of a commit begin with, before it queues.
    ///
    /// - Parameter timestamp: Not newer than what is in the memtables. What is found to be newer is left to the leader,
    ///   who sees all of its commit.
    func readBases(of writes: WriteSet, upTo timestamp: Timestamp) throws(StoreError) {
        writes.prepareToResolve(upTo: timestamp)
        for entry in writes.entriesWithBase {
            let key = writes.operation(entry).key
            do throws(StoreError) {
                // An epoch for each: a read may have to wait for the device.
                try withView { view throws(StoreError) in
                    let newest = try view.find(key, hash: writes.hash(entry), at: .max)
                    guard let newest else { return writes.noteBase(of: entry, nil) }
                    guard newest.timestamp <= timestamp else { return }
                    try self.withBase(newest, wanted: writes.bytesWanted(ofBase: entry)) {
                        writes.noteBase(of: entry, $0)
                    }
                }
            } catch {
                throw error.covering(KeyRange(from: key.array, upTo: key.array + [0]))
            }
        }
    }
}
