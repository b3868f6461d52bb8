/// Point reads where there are range tombstones.
///
/// For any key, the versions and range tombstones of a source are newer than those of every source below it. So the
/// first source in which either is found decides: a version is visible unless that source's own range tombstone is newer
/// than it, and a range tombstone without a version as new hides all that is below.
extension ReadView {
    /// The search of `find`, which asks each source for both.
    @inline(never)
    func findAmongRangeTombstones(
        _ key: BorrowedBytes, hash: UInt64, at timestamp: Timestamp
    ) throws(StoreError) -> FoundEntry? {
        for index in 0..<memtableCount {
            let decided = memtableRefs[index]._withUnsafeGuaranteedRef { memtable in
                let found = memtable.find(key, hash: hash, at: timestamp).map {
                    FoundEntry(kind: $0.kind, timestamp: $0.timestamp, value: $0.value)
                }
                return Self.decide(found, memtable.newestRangeTombstone(covering: key, at: timestamp))
            }
            if let decided { return decided }
        }
        for index in 0..<levelZeroCount {
            if let decided = try Self.decide(key, hash: hash, at: timestamp, by: levelZeroRefs[index]) {
                return decided
            }
        }
        for level in version.levels.dropFirst() {
            guard let table = Self.table(of: key, in: level) else { continue }
            if let decided = try Self.decide(key, hash: hash, at: timestamp, by: .passUnretained(table)) {
                return decided
            }
        }
        return nil
    }

    static func decide(
        _ key: BorrowedBytes, hash: UInt64, at timestamp: Timestamp, by table: Unmanaged<Table>
    ) throws(StoreError) -> FoundEntry? {
        let hidden = table._withUnsafeGuaranteedRef { table in
            Result { () throws(StoreError) in try table.newestRangeTombstone(covering: key, at: timestamp) }
        }
        return decide(try find(key, hash: hash, at: timestamp, in: table), try hidden.get())
    }

    /// - Parameter hidden: The newest range tombstone; `Timestamp.zero` when there is none.
    @inline(__always)
    static func decide(_ found: FoundEntry?, _ hidden: Timestamp) -> FoundEntry? {
        if let found, found.timestamp >= hidden { return found }
        return hidden == .zero ? nil : FoundEntry(kind: .tombstone, timestamp: hidden, value: .empty)
    }
}
