/// The newest version of a key, whether it is published or not: what a commit builds on.
extension ReadView {
    /// The newest version of `key`, if it is newer than `floor`; `nil` when there is none so new. A range tombstone that
    /// hides all counts as a tombstone. The caller has pinned an epoch.
    ///
    /// - Complexity: One probe of each source that has something above `floor`, until one has the key.
    package func newestVersion(
        of key: BorrowedBytes, hash: UInt64, above floor: Timestamp
    ) throws(StoreError) -> FoundEntry? {
        // The first source that has the key decides. One that is passed over for its age may have it too; then what is
        // found further down is older still, and not above the floor.
        for index in 0..<memtableCount {
            let found = memtableRefs[index]._withUnsafeGuaranteedRef { memtable -> FoundEntry? in
                guard memtable.timestampBound > floor else { return nil }
                let version = memtable.find(key, hash: hash, at: .max).map {
                    FoundEntry(kind: $0.kind, timestamp: $0.timestamp, value: $0.value)
                }
                guard memtable.hasRangeTombstones else { return version }
                return Self.decide(version, memtable.newestRangeTombstone(covering: key, at: .max))
            }
            if let found { return found.timestamp > floor ? found : nil }
        }
        for table in version.levels[0] where table.descriptor.largestTimestamp > floor {
            if let found = try Self.decide(key, hash: hash, at: .max, by: .passUnretained(table)) {
                return found.timestamp > floor ? found : nil
            }
        }
        for level in version.levels.dropFirst() {
            guard let table = Self.table(of: key, in: level), table.descriptor.largestTimestamp > floor else {
                continue
            }
            if let found = try Self.decide(key, hash: hash, at: .max, by: .passUnretained(table)) {
                return found.timestamp > floor ? found : nil
            }
        }
        return nil
    }
}
