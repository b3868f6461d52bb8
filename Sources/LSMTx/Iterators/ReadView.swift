/// What a read looks at, immutable: the memtables, newest first, and a version of the tables.
///
/// The engine replaces its current view when a memtable is frozen or tables change, and retires the old one through
/// ``Epoch``. A point read uses the view within one epoch without counting references; an iterator retains it.
package final class ReadView: @unchecked Sendable {
    // @unchecked: everything is set once in `init`; the raw arrays are freed in `deinit` and never written between.

    package let memtables: [Memtable]
    package let version: Version

    /// The same objects without reference counting, for the hot path. `memtables` and `version` keep them alive.
    let memtableRefs: UnsafeMutablePointer<Unmanaged<Memtable>>
    let memtableCount: Int
    let levelZeroRefs: UnsafeMutablePointer<Unmanaged<Table>>
    let levelZeroCount: Int
    /// A copy of the version's, so that a read that nothing concerns looks no further.
    private let tablesHaveRangeTombstones: Bool

    package init(memtables: [Memtable], version: Version) {
        self.memtables = memtables
        self.version = version
        memtableCount = memtables.count
        memtableRefs = .allocate(capacity: max(memtableCount, 1))
        for (index, memtable) in memtables.enumerated() {
            (memtableRefs + index).initialize(to: .passUnretained(memtable))
        }
        let levelZero = version.levels[0]
        levelZeroCount = levelZero.count
        tablesHaveRangeTombstones = version.hasRangeTombstones
        levelZeroRefs = .allocate(capacity: max(levelZeroCount, 1))
        for (index, table) in levelZero.enumerated() {
            (levelZeroRefs + index).initialize(to: .passUnretained(table))
        }
    }

    deinit {
        memtableRefs.deallocate()
        levelZeroRefs.deallocate()
    }

    /// Whether any source has range tombstones.
    package var hasRangeTombstones: Bool {
        if tablesHaveRangeTombstones { return true }
        for index in 0..<memtableCount where memtableRefs[index]._withUnsafeGuaranteedRef({ $0.hasRangeTombstones }) {
            return true
        }
        return false
    }

    /// The newest version of `key` at or below `timestamp`; `nil` when there is none. One that a range tombstone hides
    /// counts as none, or as a tombstone of that one's timestamp.
    ///
    /// The caller has pinned an epoch, and the bytes are valid until it is unpinned.
    ///
    /// - Parameter hash: `xxh3(key)`.
    @inline(__always)
    package func find(
        _ key: BorrowedBytes, hash: UInt64, at timestamp: Timestamp
    ) throws(StoreError) -> FoundEntry? {
        guard !tablesHaveRangeTombstones else { return try findAmongRangeTombstones(key, hash: hash, at: timestamp) }
        var index = 0
        while index < memtableCount {
            let (hasRangeTombstones, found) = memtableRefs[index]._withUnsafeGuaranteedRef {
                ($0.hasRangeTombstones, $0.find(key, hash: hash, at: timestamp))
            }
            guard !hasRangeTombstones else {
                return try findAmongRangeTombstones(key, hash: hash, at: timestamp)
            }
            if let found { return FoundEntry(kind: found.kind, timestamp: found.timestamp, value: found.value) }
            index += 1
        }
        index = 0
        while index < levelZeroCount {
            if let found = try Self.find(key, hash: hash, at: timestamp, in: levelZeroRefs[index]) { return found }
            index += 1
        }
        for level in version.levels.dropFirst() {
            guard let table = Self.table(of: key, in: level) else { continue }
            if let found = try Self.find(key, hash: hash, at: timestamp, in: .passUnretained(table)) { return found }
        }
        return nil
    }

    @inline(__always)
    static func find(
        _ key: BorrowedBytes, hash: UInt64, at timestamp: Timestamp, in table: Unmanaged<Table>
    ) throws(StoreError) -> FoundEntry? {
        // The standard library's call rethrows only untyped errors, so the result carries them.
        let result = table._withUnsafeGuaranteedRef { table in
            Result { () throws(StoreError) in try table.find(key, hash: hash, at: timestamp) }
        }
        guard let found = try result.get() else { return nil }
        return FoundEntry(kind: found.kind, timestamp: found.timestamp, value: found.value)
    }

    /// The one table of a deeper level that can hold `key`.
    static func table(of key: BorrowedBytes, in level: [Table]) -> Table? {
        let index = level.firstEnding(atOrAfter: key, in: level.indices)
        return index < level.count ? level[index] : nil
    }
}

/// A version of a key that a read found. The bytes are valid until the caller's epoch is unpinned.
package struct FoundEntry {
    package let kind: EntryKind
    package let timestamp: Timestamp
    package let value: BorrowedBytes
}
