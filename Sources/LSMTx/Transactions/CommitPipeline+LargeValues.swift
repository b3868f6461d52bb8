internal import Synchronization

/// Large values on their way to a commit.
///
/// A value is written when the transaction is given it, and synced by the committing thread before its commit enters
/// the queue, for a buffered commit too. So no record of the log on the medium ever names bytes that are not there.
///
/// Rejected: syncing them together with the record, and verifying at recovery the values that the log's tail names. It
/// would read all of them at each unclean open, a gigabyte for one record; a value whose bytes were lost would end the
/// log there, with commits behind it that were acknowledged; and a sync that fails would be found out only after the
/// record was written.
extension CommitPipeline {
    /// Writes a value to an extent of its own, which is the caller's until its commit has succeeded.
    ///
    /// - Throws: `diskFull`, or `tooLarge` when the store can hold no more of them, with nothing changed; `poisoned`;
    ///   `io`, which poisons the store.
    func writeLargeValue(_ value: BorrowedBytes) throws(StoreError) -> LargeValueReference {
        try engine.poison.check()
        let count = engine.versions.current.largeValueCount + engine.file.allocator.pendingCount
        guard count < Manifest.maximumLargeValues else {
            throw StoreError(
                .tooLarge, "The store holds \(count) values over \(engine.options.largeValueBytes) bytes.",
                remedy: "Delete some and flush, or split the data over several files.")
        }
        return try failing { () throws(StoreError) in
            try engine.file.writeLargeValue(value, born: engine.versions.nextGeneration)
        }
    }

    /// Makes every value that has been written durable.
    ///
    /// - Throws: `poisoned`; `io`, which poisons the store.
    func syncLargeValues() throws(StoreError) {
        try engine.poison.check()
        try failing { () throws(StoreError) in try engine.file.lanes.values.sync() }
        engine.counters.syncs.add(1, ordering: .relaxed)
    }
}
