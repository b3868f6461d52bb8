internal import CLSMTxShims
internal import Synchronization

/// The newest writes, in memory: a hash index over user keys, a chain of versions for each, order only on demand.
///
/// How it works:
/// 1. *Memory.* One arena, filled by an atomic addition. Nothing moves or is freed before the memtable is, so that
///    bytes are lent without counting references.
/// 2. *Index.* Open addressing with linear probing, sized by the capacity, so that it never grows. A slot holds 32
///    bits of the hash beside the node's offset: a miss costs one cache line, a hit two.
/// 3. *Insert.* A new key's node is built first and enters its slot by one exchange; whoever loses the slot to the
///    same key pushes the version inside its node as an update, so that an insert never takes more space than
///    ``spaceNeeded(keyBytes:valueBytes:)``. An update is one exchange on the head of the key's chain.
/// 4. *Versions.* A key's versions arrive in non-decreasing order of timestamps. Of two with the same timestamp the
///    later hides the earlier, so that the operations of one commit replace each other.
/// 5. *Reading at a timestamp* takes the first version of the chain that is not newer. Every insert at or below a
///    published timestamp has returned before it is published, so no lock and no counter is needed.
/// 6. *Range tombstones* are few, and kept apart: in an immutable object behind an atomic pointer, which is null while
///    there are none. The one thread that adds them puts a new object there and retires the old one.
/// 7. *Changes.* Every insert fills a place in the list of changes, whose number comes with its memory: see
///    ``MemtableChange``.
/// 8. *Order.* A scan turns the new keys in the list since the last scan into a sorted run, merges it with runs of like
///    size, and walks the few runs that there are: see ``MemtableOrder``.
///
/// Rejected, measured with 450,000 entries of 16 and 100 bytes: a skip list (0.8 M inserts/s, a cache miss a level)
/// and a B+-tree with optimistic locks (3 M/s, 2 M gets/s); and links through all versions instead of the list.
package final class Memtable: Sendable {
    private static let timestampBoundSlack: UInt64 = 63

    let memory: MemtableMemory
    let order = Guarded(MemtableOrder())
    /// A retained ``RangeTombstoneRuns``, or 0.
    let rangeTombstonePointer = Atomic<UInt>(0)
    /// The timestamp of the newest of these, or 0.
    let rangeTombstoneTimestamp = Atomic<UInt64>(0)

    /// Makes an empty memtable.
    ///
    /// - Parameters:
    ///   - capacity: Bytes that its entries may take, each as ``spaceNeeded(keyBytes:valueBytes:)`` says.
    ///   - entries: At least so many entries fit, however small they are; without it, one for each 85 bytes.
    ///   - reserve: Where its memory comes from and goes to.
    /// - Throws: `tooLarge` beyond 32 GiB, `io` when the system has not got the memory.
    package init(capacity: Int, entries: Int = 0, reserve: MemtableReserve? = nil) throws(StoreError) {
        memory = try MemtableMemory(capacity: capacity, entries: entries, reserve: reserve)
    }

    deinit { releaseRangeTombstones() }

    // MARK: Writing

    /// Adds a version. Any number of threads may insert at once, as long as each key's versions arrive in
    /// non-decreasing order of timestamps and ``hasRoom(bytes:entries:)`` was true of all that are under way.
    ///
    /// - Parameters:
    ///   - key: At most `Limits.maximumKeyBytes`; copied.
    ///   - hash: `xxh3(key)`.
    ///   - timestamp: Not below that of any earlier version of the key.
    ///   - kind: Tombstones have an empty value.
    ///   - value: Copied.
    package func insert(
        key: BorrowedBytes, hash: UInt64, timestamp: Timestamp, kind: EntryKind, value: BorrowedBytes
    ) {
        // Before anything else: the miss overlaps with the end of the insert before, 68 ns for one instead of 87.
        prefetch(hash: hash)
        precondition(memory.counters.pointee.frozen.load(ordering: .relaxed) == 0, "The memtable is frozen.")
        note(timestamp)
        let fragment = hash >> 32
        let nodeUnits = MemtableNode.units(keyBytes: key.count)
        let versionUnits = MemtableVersion.units(valueBytes: value.count)
        var index = Int(truncatingIfNeeded: hash) & memory.slotMask
        var version: UInt32 = 0
        var place = 0
        while true {
            var slot = memory.slots[index].load(ordering: .acquiring)
            if slot == 0 {
                if version == 0 {
                    let node: UInt32
                    (place, node) = memory.allocate(units: nodeUnits + versionUnits)
                    version = node + UInt32(nodeUnits)
                    MemtableNode(memory.arena, node).write(key: key, newest: version)
                    MemtableVersion(memory.arena, version).write(timestamp: timestamp, kind: kind, value: value)
                }
                let node = version - UInt32(nodeUnits)
                let exchange = memory.slots[index].compareExchange(
                    expected: 0, desired: fragment << 32 | UInt64(node), ordering: .acquiringAndReleasing)
                if exchange.exchanged {
                    countKey()
                    record(.newKey(node), at: place)
                    return
                }
                slot = exchange.original
            }
            if slot >> 32 == fragment {
                let nodeOffset = UInt32(truncatingIfNeeded: slot)
                let node = MemtableNode(memory.arena, nodeOffset)
                if KeyOrder.isEqual(node.key, key) {
                    if version == 0 {
                        (place, version) = memory.allocate(units: versionUnits)
                        MemtableVersion(memory.arena, version).write(timestamp: timestamp, kind: kind, value: value)
                    }
                    push(version, timestamp, onto: node)
                    record(.update(of: nodeOffset, version: version), at: place)
                    return
                }
            }
            index = (index + 1) & memory.slotMask
        }
    }

    @inline(__always)
    private func push(_ offset: UInt32, _ timestamp: Timestamp, onto node: MemtableNode) {
        let version = MemtableVersion(memory.arena, offset)
        var newest = node.newestVersion
        while true {
            assert(MemtableVersion(memory.arena, newest).timestamp <= timestamp, "A version came out of order.")
            version.setPrevious(newest)
            let exchange = node.newest.pointee.compareExchange(
                expected: newest, desired: offset, ordering: .acquiringAndReleasing)
            if exchange.exchanged { return }
            newest = exchange.original
        }
    }

    @inline(__always)
    private func countKey() {
        let count = memory.counters.pointee.keys.wrappingAdd(1, ordering: .relaxed).oldValue
        precondition(count < memory.maximumKeys, "The memtable has too many keys; hasRoom was not asked.")
    }

    /// Fills the place that an insert has taken in the list of changes.
    @inline(__always)
    func record(_ change: MemtableChange, at place: Int) {
        memory.changes[place].store(change.rawValue, ordering: .releasing)
    }

    /// Widens the range of timestamps, the upper end by steps of 64, so that most inserts only load.
    ///
    /// Exchanging the exact newest timestamp at every insert is what two inserting threads then spend their time on:
    /// 266 ns an insert against 56. Not by `Atomic.min` and `max`: for unsigned numbers they compare as if signed.
    @inline(__always)
    func note(_ timestamp: Timestamp) {
        let counters = memory.counters
        var bound = counters.pointee.timestampBound.load(ordering: .relaxed)
        while timestamp.rawValue > bound {
            bound =
                counters.pointee.timestampBound.compareExchange(
                    expected: bound, desired: timestamp.rawValue | Self.timestampBoundSlack, ordering: .relaxed
                ).original
        }
        var smallest = counters.pointee.smallestTimestamp.load(ordering: .relaxed)
        while timestamp.rawValue < smallest {
            smallest =
                counters.pointee.smallestTimestamp.compareExchange(
                    expected: smallest, desired: timestamp.rawValue, ordering: .relaxed
                ).original
        }
    }

    /// Begins to load the index's cache line for a key that is about to be inserted or looked up.
    @inline(__always)
    package func prefetch(hash: UInt64) {
        lsmtx_prefetch(memory.slots + Int(truncatingIfNeeded: hash) & memory.slotMask)
    }

    /// Allows no insert from now on. The caller knows that none is under way.
    package func freeze() { memory.counters.pointee.frozen.store(1, ordering: .releasing) }

    package var isFrozen: Bool { memory.counters.pointee.frozen.load(ordering: .acquiring) != 0 }

    // MARK: Looking up

    /// The newest version of `key` that is not newer than `timestamp`; a tombstone is an entry like any other.
    @inline(__always)
    package func find(_ key: BorrowedBytes, hash: UInt64, at timestamp: Timestamp) -> MemtableEntry? {
        guard let node = node(of: key, hash: hash) else { return nil }
        let version = MemtableVersion.visible(memory.arena, from: node.newestVersion, at: timestamp)
        return version == 0 ? nil : MemtableVersion(memory.arena, version).entry
    }

    /// When `key` was last written, as far as this memtable knows.
    @inline(__always)
    package func newestTimestamp(of key: BorrowedBytes, hash: UInt64) -> Timestamp? {
        guard let node = node(of: key, hash: hash) else { return nil }
        return MemtableVersion(memory.arena, node.newestVersion).timestamp
    }

    @inline(__always)
    private func node(of key: BorrowedBytes, hash: UInt64) -> MemtableNode? {
        let fragment = hash >> 32
        var index = Int(truncatingIfNeeded: hash) & memory.slotMask
        while true {
            let slot = memory.slots[index].load(ordering: .acquiring)
            if slot == 0 { return nil }
            if slot >> 32 == fragment {
                let node = MemtableNode(memory.arena, UInt32(truncatingIfNeeded: slot))
                if KeyOrder.isEqual(node.key, key) { return node }
            }
            index = (index + 1) & memory.slotMask
        }
    }

    // MARK: In order

    /// The keys in order, each with its newest version that is not newer than `timestamp`.
    ///
    /// Sees every version at or below a published timestamp; of what is inserted later it sees none or some.
    package func cursor(at timestamp: Timestamp) -> MemtableCursor {
        let runs = order.withLock { $0.runs(draining: memory) }
        return MemtableCursor(
            memtable: self, merge: MemtableRunMerge(runs, arena: memory.arena), arena: memory.arena,
            timestamp: timestamp)
    }

    /// All versions, by key and from the newest to the oldest of each. The memtable is frozen.
    package func versions() -> MemtableVersionCursor {
        precondition(isFrozen, "Only a frozen memtable can be walked whole.")
        let runs = order.withLock { $0.singleRun(draining: memory) }
        return MemtableVersionCursor(
            memtable: self, merge: MemtableRunMerge(runs, arena: memory.arena), arena: memory.arena)
    }

    /// How many keys the next scan has to sort.
    package var unsortedKeyCount: Int { max(0, keyCount - order.withLock { $0.keyCount }) }

    // MARK: Accounting

    /// The most that one insert takes of the capacity.
    @inline(__always)
    package static func spaceNeeded(keyBytes: Int, valueBytes: Int) -> Int {
        (MemtableNode.units(keyBytes: keyBytes) + MemtableVersion.units(valueBytes: valueBytes))
            * MemtableMemory.unitBytes
    }

    /// Whether `entries` inserts that need `bytes` together fit into what is left.
    @inline(__always)
    package func hasRoom(bytes: Int, entries: Int) -> Bool {
        bytes <= capacity - usedBytes && entries <= memory.maximumKeys - keyCount
            && entries <= memory.maximumChanges - entryCount
    }

    /// Bytes that entries may take.
    package var capacity: Int { (memory.unitLimit - 1) * MemtableMemory.unitBytes }

    /// Bytes that entries have taken.
    @inline(__always)
    package var usedBytes: Int {
        let used = memory.counters.pointee.used.load(ordering: .relaxed)
        return (Int(UInt32(truncatingIfNeeded: used)) - 1) * MemtableMemory.unitBytes
    }

    /// The number of inserts, those that a later one of the same commit replaced included.
    @inline(__always)
    package var entryCount: Int { Int(memory.counters.pointee.used.load(ordering: .relaxed) >> 32) }

    /// The number of different keys.
    @inline(__always)
    package var keyCount: Int { Int(memory.counters.pointee.keys.load(ordering: .relaxed)) }

    package var isEmpty: Bool { entryCount == 0 }

    /// The oldest timestamp inserted; `Timestamp.max` while there is none.
    package var smallestTimestamp: Timestamp {
        Timestamp(rawValue: memory.counters.pointee.smallestTimestamp.load(ordering: .relaxed))
    }

    /// No version is newer than this; the newest may be up to 63 older. `Timestamp.zero` while there is none.
    ///
    /// It serves to skip a memtable that cannot matter. A table's newest timestamp comes from its versions.
    @inline(__always)
    package var timestampBound: Timestamp {
        Timestamp(rawValue: memory.counters.pointee.timestampBound.load(ordering: .relaxed))
    }

    /// How many runs a scan walks; what tests and statistics look at.
    package var runCount: Int { order.withLock { $0.runCount } }
}
