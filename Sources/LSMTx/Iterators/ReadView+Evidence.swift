/// What was changed, and when: what conflicts are decided by. Changes that are not published yet count.
///
/// Sources that hold nothing newer than what is asked for are not looked at, so that validating a young transaction
/// costs one probe of a memtable. The caller has pinned an epoch.
extension ReadView {
    /// Whether any source may hold a change after `floor`.
    package func hasChanges(after floor: Timestamp) -> Bool {
        for index in 0..<memtableCount
        where memtableRefs[index]._withUnsafeGuaranteedRef({ $0.timestampBound > floor }) {
            return true
        }
        return version.largestTimestamp > floor
    }

    /// The timestamp of the newest change of `key`, a version or a range tombstone that covers it, if it is above
    /// `floor`; else any that is not, or `nil`.
    ///
    /// - Complexity: One probe of each source that has something above `floor`, until one has the key.
    package func newestTimestamp(
        of key: BorrowedBytes, hash: UInt64, above floor: Timestamp
    ) throws(StoreError) -> Timestamp? {
        for index in 0..<memtableCount {
            let newest = memtableRefs[index]._withUnsafeGuaranteedRef { memtable -> Timestamp? in
                guard memtable.timestampBound > floor else { return nil }
                let newest = memtable.newestTimestamp(of: key, hash: hash)
                guard memtable.hasRangeTombstones else { return newest }
                return Self.newer(newest, memtable.newestRangeTombstone(covering: key, at: .max))
            }
            if let newest { return newest }
        }
        for table in version.levels[0] where table.descriptor.largestTimestamp > floor {
            if let newest = try Self.newestTimestamp(of: key, hash: hash, in: table) { return newest }
        }
        for level in version.levels.dropFirst() {
            guard let table = Self.table(of: key, in: level), table.descriptor.largestTimestamp > floor else {
                continue
            }
            if let newest = try Self.newestTimestamp(of: key, hash: hash, in: table) { return newest }
        }
        return nil
    }

    private static func newestTimestamp(
        of key: BorrowedBytes, hash: UInt64, in table: Table
    ) throws(StoreError) -> Timestamp? {
        newer(
            try table.newestTimestamp(of: key, hash: hash), try table.newestRangeTombstone(covering: key, at: .max))
    }

    private static func newer(_ version: Timestamp?, _ rangeTombstone: Timestamp) -> Timestamp? {
        let newest = max(version ?? .zero, rangeTombstone)
        return newest == .zero ? nil : newest
    }

    /// The newest change after `floor` of any key from `lower` up to but not including `upper`: a version, or a range
    /// tombstone that has keys of the range. `nil` when nothing there is so new.
    ///
    /// - Complexity: In each memtable that has something above `floor`, O(its changes since then) or O(its keys in the
    ///   range), whichever is less. In each table that has, two searches of the index, and the entries of those data
    ///   blocks of the range that have something newer than what was found so far.
    package func newestTimestamp(
        from lower: BorrowedBytes, upTo upper: BorrowedBytes?, after floor: Timestamp
    ) throws(StoreError) -> Timestamp? {
        var newest: Timestamp?
        // A memtable is newer than the next as a whole, so the first that has a change has the newest; and so with
        // tables of level 0. A deeper level is newer only for each key by itself.
        for memtable in memtables {
            if let found = memtable.newestTimestamp(from: lower, upTo: upper, after: floor) { return found }
        }
        let range = KeyRange(from: lower.array, upTo: upper?.array)
        for level in version.levels {
            for table in level where table.descriptor.largestTimestamp > newest ?? floor {
                guard table.descriptor.bounds.overlaps(range) else { continue }
                let known = newest ?? floor
                let hidden = try table.newestRangeTombstone(from: lower, upTo: upper)
                if hidden > known { newest = hidden }
                newest = try table.newestTimestamp(from: lower, upTo: upper, after: newest ?? floor) ?? newest
            }
        }
        return newest
    }
}
