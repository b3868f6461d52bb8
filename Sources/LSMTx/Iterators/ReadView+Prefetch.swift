extension ReadView {
    /// Begins to load what a lookup of `key` touches first: the places in the memtables' indexes, and the lines of the
    /// filters of the tables that may hold it.
    ///
    /// The caller has pinned an epoch.
    package func prefetch(_ key: BorrowedBytes, hash: UInt64) {
        for index in 0..<memtableCount { memtableRefs[index]._withUnsafeGuaranteedRef { $0.prefetch(hash: hash) } }
        for index in 0..<levelZeroCount { levelZeroRefs[index]._withUnsafeGuaranteedRef { $0.prefetch(hash: hash) } }
        for level in version.levels.dropFirst() { Self.table(of: key, in: level)?.prefetch(hash: hash) }
    }
}
