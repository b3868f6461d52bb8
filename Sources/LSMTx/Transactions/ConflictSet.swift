/// What a commit depends on: nothing of it may have been changed by another commit since its transaction began.
///
/// The sets are the transaction's, which waits; whoever leads reads them.
struct ConflictSet {
    /// What was read, sealed: at serializable, and at snapshot what the transaction has asked to guard.
    let reads: ReadSet?
    /// What is written, at snapshot.
    let writes: WriteSet?

    /// Something that was changed.
    struct Change {
        enum Item {
            /// A key that was read, by its number.
            case point(Int)
            /// A range that was read, by its number.
            case range(Int)
            /// A key or range that is written, by its operation's number.
            case write(Int)
        }

        let item: Item
        let committedAt: Timestamp
    }

    /// About how many keys can be looked up here in the time that probing for all of the set takes.
    var stepsWorthWhile: Int {
        let points = (reads?.pointCount ?? 0) + (writes?.count ?? 0)
        return 8 + 2 * points + 64 * ((reads?.ranges.count ?? 0) + (writes?.hasDeletions == true ? 1 : 0))
    }

    /// What of the set is, or holds, `key`.
    @inline(__always)
    func find(_ key: BorrowedBytes) -> Change.Item? {
        let hash = xxh3(key)
        if let reads {
            if let point = reads.find(key, hash: hash) { return .point(point) }
            if let range = reads.range(holding: key) { return .range(range) }
        }
        if let writes, let entry = writes.entry(changing: key, hash: hash) { return .write(entry) }
        return nil
    }

    /// The keys of an item, and what the transaction did with them.
    func describe(_ item: Change.Item) -> (keys: KeyRange, access: Conflict.Access) {
        switch item {
        case .point(let point):
            let key = reads?.key(point).array ?? []
            return (KeyRange(from: key, upTo: key + [0]), .read)
        case .range(let range):
            return (reads?.ranges[range] ?? .all, .read)
        case .write(let entry):
            guard let operation = writes?.operation(entry) else { return (.all, .write) }
            let key = operation.key.array
            let upper = operation.kind == .rangeTombstone ? operation.upperBound?.array : key + [0]
            return (KeyRange(from: key, upTo: upper), .write)
        }
    }
}

/// Validation: whether anything that a commit depends on has changed.
///
/// It is done twice, by the same rule: by the committing thread before it queues, up to some timestamp, and by the
/// leader for what was committed after that. There are two ways, and the first is given up when it is the longer one:
/// 1. What the memtables have above `floor` is walked, newest first, and each key looked up in the set. In the queue
///    that is a handful of changes, however much was read.
/// 2. Each key of the set is probed, and each range asked for its newest change: after a long transaction, when more
///    was committed than it has read.
extension ReadView {
    /// A change after `floor` of something in `set`; `nil` when there is none. Changes that are not published yet
    /// count. The caller has pinned an epoch.
    ///
    /// - Complexity: O(the changes since, or the keys in the set and what ranges cost by
    ///   ``newestTimestamp(from:upTo:after:)``, whichever are fewer).
    func firstChange(of set: ConflictSet, after floor: Timestamp) throws(StoreError) -> ConflictSet.Change? {
        guard hasChanges(after: floor) else { return nil }
        switch lookThroughChanges(after: floor, for: set) {
        case .decided(let change): return change
        case .undecided: break
        }
        if let reads = set.reads {
            for point in 0..<reads.pointCount {
                let newest = try newestTimestamp(of: reads.key(point), hash: reads.hash(point), above: floor)
                if let newest, newest > floor { return ConflictSet.Change(item: .point(point), committedAt: newest) }
            }
            for (index, range) in reads.ranges.enumerated() {
                if let newest = try newestTimestamp(in: range, after: floor) {
                    return ConflictSet.Change(item: .range(index), committedAt: newest)
                }
            }
        }
        if let writes = set.writes { return try firstChange(of: writes, after: floor) }
        return nil
    }

    private enum LookThrough {
        case decided(ConflictSet.Change?)
        case undecided
    }

    /// The first way, as long as it is not the longer one.
    private func lookThroughChanges(after floor: Timestamp, for set: ConflictSet) -> LookThrough {
        guard version.largestTimestamp <= floor else { return .undecided }
        var stepsLeft = set.stepsWorthWhile
        for index in 0..<memtableCount {
            let result = memtableRefs[index]._withUnsafeGuaranteedRef { memtable -> LookThrough in
                guard memtable.timestampBound > floor else { return .decided(nil) }
                guard memtable.newestRangeTombstone <= floor else { return .undecided }
                var changes = memtable.changes(after: floor)
                while let change = changes.next() {
                    guard stepsLeft > 0 else { return .undecided }
                    stepsLeft -= 1
                    guard let item = set.find(change.key) else { continue }
                    return .decided(ConflictSet.Change(item: item, committedAt: change.timestamp))
                }
                return .decided(nil)
            }
            if case .decided(nil) = result { continue }
            return result
        }
        return .decided(nil)
    }

    private func firstChange(of writes: WriteSet, after floor: Timestamp) throws(StoreError) -> ConflictSet.Change? {
        var operations = WriteOperations(verified: writes.operations)
        let hashes = writes.operationHashes
        let hasMutations = writes.hasMutations
        var index = 0
        while let operation = operations.next() {
            guard !hasMutations || !writes.isPending(index) else {
                // Its result follows from whatever the value will be.
                index += 1
                continue
            }
            let newest =
                operation.kind == .rangeTombstone
                ? try newestTimestamp(from: operation.key, upTo: operation.upperBound, after: floor)
                : try newestTimestamp(of: operation.key, hash: hashes[index], above: floor)
            if let newest, newest > floor { return ConflictSet.Change(item: .write(index), committedAt: newest) }
            index += 1
        }
        return nil
    }

    private func newestTimestamp(in range: KeyRange, after floor: Timestamp) throws(StoreError) -> Timestamp? {
        try range.lowerBound.span.withUnsafeBytes { lower throws(StoreError) in
            guard let end = range.upperBound else {
                return try newestTimestamp(from: BorrowedBytes(lower), upTo: nil, after: floor)
            }
            return try end.span.withUnsafeBytes { upper throws(StoreError) in
                try newestTimestamp(from: BorrowedBytes(lower), upTo: BorrowedBytes(upper), after: floor)
            }
        }
    }
}
