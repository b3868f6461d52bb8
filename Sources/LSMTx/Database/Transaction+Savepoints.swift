/// Undoing a part of a transaction.
extension Transaction {
    /// Marks the present state of the transaction's writes, to be able to come back to it.
    ///
    /// Savepoints nest: each one lies within those that were taken before it and are still there. They end with the
    /// transaction; a commit does not ask for them to be released.
    ///
    /// ```swift
    /// try database.write { t in
    ///     try t.put("stock/apples", "3")
    ///     let savepoint = try t.savepoint()
    ///     for item in ["apples", "pears"] {
    ///         guard try t.get("stock/\(item)") != nil else {
    ///             try t.rollback(to: savepoint)
    ///             break
    ///         }
    ///         try t.put("reserved/\(item)", "1")
    ///     }
    /// }
    /// ```
    ///
    /// - Returns: The savepoint, for ``rollback(to:)`` and ``release(_:)``.
    /// - Throws: `tooLarge` when the savepoints that are there, 64 bytes each, and what was written and read come to more
    ///   than ``Configuration/maximumTransactionBytes``; `closed` after the transaction's end.
    /// - Complexity: O(1). A transaction that has savepoints writes as fast as one that has none; see
    ///   ``deleteRange(_:)`` for what it keeps.
    public func savepoint() throws(StoreError) -> Savepoint {
        Savepoint(id: try takeSavepoint(isScoped: false))
    }

    private func takeSavepoint(isScoped: Bool) throws(StoreError) -> WriteSet.SavepointID {
        try checkActive()
        let limit = core.configuration.maximumTransactionBytes
        let known = writes.byteCount + (reads?.cost ?? 0)
        guard known + (writes.savepointCount + 1) * WriteSet.savepointBytes <= limit else {
            throw StoreError(
                .tooLarge, "The transaction and its \(writes.savepointCount) savepoints would be over \(limit) bytes.",
                remedy: "Release savepoints, or raise Configuration.maximumTransactionBytes; nothing was done.")
        }
        return writes.takeSavepoint(isScoped: isScoped)
    }

    /// Undoes everything that was written since a savepoint was taken, as if it had never been written.
    ///
    /// What was written before counts again, also where it was written over or deleted since, and what was undone conflicts
    /// with nobody. What was read since has been read all the same, and the commit depends on it. A scan that is under way
    /// goes on showing the writes that were there when it began.
    ///
    /// The savepoint stays, and can be rolled back to again. Those that were taken after it are gone.
    ///
    /// - Parameter savepoint: One of this transaction that is neither released nor gone by rolling back to an earlier one.
    /// - Throws: `misuse` for any other savepoint, and for one that was taken outside of a running closure of
    ///   ``savepoint(_:)``; `closed` after the transaction's end. Nothing is changed then.
    /// - Complexity: O(writes since the savepoint). If scans that have begun since are still under way, O(bytes that the
    ///   transaction has written).
    public func rollback(to savepoint: Savepoint) throws(StoreError) {
        try check(savepoint)
        undo(to: savepoint.id)
    }

    /// Forgets a savepoint, and those that were taken after it. What was written stays.
    ///
    /// ```swift
    /// try database.write { t in
    ///     let savepoint = try t.savepoint()
    ///     try t.put("draft", "1")
    ///     try t.release(savepoint)  // "draft" stays, and cannot be undone any more.
    /// }
    /// ```
    ///
    /// - Parameter savepoint: One of this transaction that is neither released nor gone by rolling back to an earlier one.
    /// - Throws: `misuse` for any other savepoint, and for one that was taken outside of a running closure of
    ///   ``savepoint(_:)``; `closed` after the transaction's end. Nothing is changed then.
    /// - Complexity: O(savepoints forgotten, and values over 64 KiB that were replaced since). For the last one, if a
    ///   range was deleted since it was taken, O(bytes that the transaction has written).
    public func release(_ savepoint: Savepoint) throws(StoreError) {
        try check(savepoint)
        forget(savepoint.id)
    }

    /// Runs a part of the transaction that is undone if it fails, and only it.
    ///
    /// When `body` throws, what it wrote is undone, its error is passed on, and the transaction can go on; else what it
    /// wrote stays. Within `body`, only savepoints that were taken in it can be used, so that it is undone as a whole or
    /// not at all. A `body` that ends the transaction leaves nothing to undo.
    ///
    /// ```swift
    /// try database.write { t in
    ///     for (name, text) in [("1", "Ada"), ("2", "")] {
    ///         do {
    ///             try t.savepoint {
    ///                 try t.put("imported/\(name)", "yes")
    ///                 guard !text.isEmpty else { throw CancellationError() }
    ///                 try t.put("user/\(name)", text)
    ///             }
    ///         } catch is CancellationError {
    ///             print("\(name) was left out.")
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// - Parameter body: May hold further savepoints and closures of this kind.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; `tooLarge` and `closed` as ``savepoint()``, with `body` not called.
    /// - Complexity: As ``savepoint()``, ``rollback(to:)`` and ``release(_:)``.
    public func savepoint<T>(_ body: () throws -> T) throws -> T {
        let savepoint = try takeSavepoint(isScoped: true)
        do {
            let result = try body()
            if !hasEnded { forget(savepoint) }
            return result
        } catch {
            if !hasEnded {
                undo(to: savepoint)
                forget(savepoint)
            }
            throw error
        }
    }

    private func undo(to savepoint: WriteSet.SavepointID) {
        if !has(.keepUndoneWrites) { writes.rollback(to: savepoint) }
        if has(.forgetSavepointReads) { forgetReads() }
        if writes.hasLargeValues { writes.releaseSuperseded(core.giveBack) }
    }

    private func forget(_ savepoint: WriteSet.SavepointID) {
        writes.release(savepoint)
        if writes.hasLargeValues { writes.releaseSuperseded(core.giveBack) }
    }

    private func check(_ savepoint: Savepoint) throws(StoreError) {
        try checkActive()
        let reason: (message: String, remedy: String)
        switch writes.standing(of: savepoint.id) {
        case .active: return
        case .outsideOfScope:
            reason = (
                "The savepoint was taken outside of the closure that is running.",
                "Throw an error out of the closure to undo what it wrote."
            )
        case .gone:
            reason = (
                "The savepoint is gone: it was released, or an earlier one was released or rolled back to.",
                "Take a new one."
            )
        case .ofAnotherTransaction:
            reason = ("The savepoint is of another transaction.", "Use it with the one that gave it.")
        }
        throw StoreError(.misuse, reason.message, remedy: "\(reason.remedy) Nothing of this call was done.")
    }
}
