internal import Synchronization

/// Deletions of whole ranges. Their place in the arena is only counted, so that many of them fill a memtable as entries
/// do; what they take lies elsewhere.
extension Memtable {
    // MARK: Writing

    /// Deletes everything older than `timestamp` in a range. One thread at a time adds range tombstones, with
    /// timestamps that do not descend.
    ///
    /// - Parameter operation: A range tombstone; copied.
    package func insertRangeTombstone(_ operation: WriteOperation, timestamp: Timestamp) {
        precondition(!isFrozen, "The memtable is frozen.")
        note(timestamp)
        let (place, _) = memory.allocate(units: Self.rangeTombstoneUnits(operation))
        record(.rangeTombstone, at: place)
        rangeTombstoneTimestamp.store(timestamp.rawValue, ordering: .relaxed)
        let old = rangeTombstonePointer.load(ordering: .relaxed)
        let tombstone = operation.rangeTombstone(at: timestamp)
        let runs = Self.runs(at: old).map { $0._withUnsafeGuaranteedRef { $0.adding(tombstone) } }
        let grown = Unmanaged.passRetained(runs ?? RangeTombstoneRuns().adding(tombstone))
        rangeTombstonePointer.store(UInt(bitPattern: grown.toOpaque()), ordering: .sequentiallyConsistent)
        guard let pointer = UnsafeMutableRawPointer(bitPattern: old) else { return }
        Epoch.retire(pointer) { Unmanaged<RangeTombstoneRuns>.fromOpaque($0).release() }
    }

    /// What one range tombstone takes of the capacity: its bounds in two sets at a time, and its place in the nodes
    /// of their trees as long as there are no more than some hundred thousand.
    package static func spaceNeeded(rangeTombstone operation: WriteOperation) -> Int {
        rangeTombstoneUnits(operation) * MemtableMemory.unitBytes
    }

    private static func rangeTombstoneUnits(_ operation: WriteOperation) -> Int {
        (2 * (operation.key.count + operation.value.count) + 512) / MemtableMemory.unitBytes
    }

    /// The most that one operation takes of the capacity.
    @inline(__always)
    package static func spaceNeeded(_ operation: WriteOperation) -> Int {
        guard operation.kind != .rangeTombstone else { return spaceNeeded(rangeTombstone: operation) }
        return spaceNeeded(keyBytes: operation.key.count, valueBytes: operation.value.count)
    }

    // MARK: Reading

    /// Whether there is any. A range tombstone at or below a published timestamp is seen.
    @inline(__always)
    package var hasRangeTombstones: Bool { rangeTombstonePointer.load(ordering: .relaxed) != 0 }

    /// The newest of all, `Timestamp.zero` when there is none: nothing to look for among them if that is not newer than
    /// what matters.
    @inline(__always)
    package var newestRangeTombstone: Timestamp {
        Timestamp(rawValue: rangeTombstoneTimestamp.load(ordering: .relaxed))
    }

    @inline(__always)
    private static func runs(at pointer: UInt) -> Unmanaged<RangeTombstoneRuns>? {
        UnsafeRawPointer(bitPattern: pointer).map { .fromOpaque($0) }
    }

    /// The newest range tombstone at or below `timestamp` that covers `key`; `Timestamp.zero` when there is none. The
    /// caller has pinned an epoch.
    @inline(__always)
    package func newestRangeTombstone(covering key: BorrowedBytes, at timestamp: Timestamp) -> Timestamp {
        guard let runs = Self.runs(at: rangeTombstonePointer.load(ordering: .acquiring)) else { return .zero }
        return runs._withUnsafeGuaranteedRef { $0.newest(covering: key, at: timestamp) }
    }

    /// All that are there now, retained.
    package var rangeTombstones: RangeTombstoneRuns? {
        let epoch = Epoch.pin()
        defer { Epoch.unpin(epoch) }
        return Self.runs(at: rangeTombstonePointer.load(ordering: .sequentiallyConsistent))?.takeUnretainedValue()
    }

    /// Nobody reads any more: the memtable ends.
    func releaseRangeTombstones() { Self.runs(at: rangeTombstonePointer.load(ordering: .acquiring))?.release() }
}
