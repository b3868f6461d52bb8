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
/// leader for what was committed after that.
extension ReadView {
    /// A change after `floor` of something in `set`; `nil` when there is none. Changes that are not published yet
    /// count. The caller has pinned an epoch.
    ///
    /// - Complexity: For each key of the set, one probe of what holds anything newer than `floor`, mostly one memtable;
    ///   for each range, a walk over that (``newestTimestamp(from:upTo:after:)``).
    func firstChange(of set: ConflictSet, after floor: Timestamp) throws(StoreError) -> ConflictSet.Change? {
        guard hasChanges(after: floor) else { return nil }
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

    private func firstChange(of writes: WriteSet, after floor: Timestamp) throws(StoreError) -> ConflictSet.Change? {
        var operations = WriteOperations(verified: writes.operations)
        let hashes = writes.operationHashes
        var index = 0
        while let operation = operations.next() {
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
