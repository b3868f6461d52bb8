/// A transaction's own mutations: in the order they were made for the log, and findable by key for its own reads.
///
/// A later mutation of a key supersedes the earlier one for reads at once. Both stay in the batch; they get the same
/// timestamp, and the later one counts everywhere.
/// A handle to memory that its transaction makes and frees: one piece for a small transaction, so that a commit of few
/// operations allocates once. Copies of the handle are the same set. Behind a pointer rather than in a class, whose
/// stored properties would be checked for exclusivity at each mutation.
struct WriteSet {
    /// One mutation.
    struct Entry {
        var hash: UInt64
        /// ``offset``, in four bytes, so that an entry has 24.
        private var place: UInt32
        /// The entry of the same key that this one superseded; -1 when it was the key's first.
        var previous: Int32 = -1
        /// Superseded by a later mutation of the same key, or a range tombstone: no key leads here.
        var isSuperseded = false
        /// Within a range that was deleted later: neither read nor logged.
        var isErased = false
        /// What is to be done with its operation before the commit; then it is the plain one that it looks like.
        var mutation = PendingMutation.none
        /// Where the versionstamp goes, in the value or the key.
        var stampOffset: UInt16 = 0

        init(hash: UInt64, offset: Int, previous: Int32 = -1, isSuperseded: Bool = false) {
            self.hash = hash
            place = UInt32(offset)
            self.previous = previous
            self.isSuperseded = isSuperseded
        }

        /// Where its operation begins in the batch.
        var offset: Int {
            get { Int(place) }
            set { place = UInt32(newValue) }
        }

        /// Whether its key is read from it.
        var counts: Bool { !isSuperseded && !isErased }
    }

    struct Fields: ~Copyable {
        var batch: WriteBatch
        var entries: UnsafeMutablePointer<Entry>
        /// The entries' hashes, in order, for the commit.
        var hashes: UnsafeMutablePointer<UInt64>
        var capacity = WriteSet.firstCapacity
        var count = 0
        /// What all operations take in a memtable at most.
        var memtableBytes = 0
        /// Open addressing over entry numbers plus one; empty while a linear search is as good.
        var buckets: [UInt32] = []
        var largeValues = LargeValues()
        /// The ranges that were deleted; what was written in them later is among the entries.
        var deletions: RangeTombstoneRuns?
        /// Batches that were replaced while cursors were open, which go on with them.
        var retired: [UnsafeMutablePointer<WriteBatch>] = []
        var cursors = 0
        /// `nil` until the first one is taken.
        var savepoints: UnsafeMutablePointer<Savepoints>?
        /// `nil` until there is the first one.
        var mutations: UnsafeMutablePointer<Mutations>?
    }

    let fields: UnsafeMutablePointer<Fields>

    /// Up to this many entries are searched one by one.
    static let linearLimit = 8
    /// Of the first piece of memory; for more than this, glibc's allocator leaves its per-thread cache.
    private static let firstPieceBytes = 1032
    /// Entries that it has place for; what is left is for the operations.
    private static let firstCapacity = 8
    private static var firstBatchBytes: Int { firstPieceBytes - batchOffset }

    // Where in the first piece of memory the parts lie; everything is aligned to eight bytes.
    private static var requestOffset: Int { MemoryLayout<Fields>.stride }
    private static var entriesOffset: Int { requestOffset + MemoryLayout<CommitRequest>.stride }
    private static var hashesOffset: Int { entriesOffset + firstCapacity * MemoryLayout<Entry>.stride }
    private static var batchOffset: Int { hashesOffset + firstCapacity * MemoryLayout<UInt64>.stride }

    private var base: UnsafeMutableRawPointer { UnsafeMutableRawPointer(fields) }

    /// An empty set, to be freed by ``deallocate()``.
    init() {
        let words = Self.firstPieceBytes / 8
        let base = UnsafeMutableRawPointer(UnsafeMutablePointer<UInt64>.allocate(capacity: words))
        fields = base.assumingMemoryBound(to: Fields.self)
        fields.initialize(
            to: Fields(
                batch: WriteBatch(
                    lent: UnsafeMutableRawBufferPointer(
                        start: base + Self.batchOffset, count: Self.firstBatchBytes)),
                entries: (base + Self.entriesOffset).assumingMemoryBound(to: Entry.self),
                hashes: (base + Self.hashesOffset).assumingMemoryBound(to: UInt64.self)))
    }

    /// Ends the set and every copy of the handle.
    func deallocate() {
        precondition(!hasCursors, "a cursor outlives its transaction")
        releaseRetired()
        freeGrown()
        freeSavepoints()
        freeMutations()
        fields.deinitialize(count: 1)
        base.assumingMemoryBound(to: UInt64.self).deallocate()
    }

    /// Frees entries and hashes that have moved out of the first piece of memory.
    private func freeGrown() {
        guard fields.pointee.capacity > Self.firstCapacity else { return }
        fields.pointee.entries.deallocate()
        fields.pointee.hashes.deallocate()
    }

    /// Place for the set's request to commit, which outlives its thread's waiting.
    var requestMemory: UnsafeMutablePointer<CommitRequest> {
        (base + Self.requestOffset).assumingMemoryBound(to: CommitRequest.self)
    }

    var count: Int { fields.pointee.count }
    var isEmpty: Bool { count == 0 }
    var byteCount: Int { fields.pointee.batch.byteCount }
    /// The operations as the log stores them, lent until the next mutation.
    var operations: BorrowedBytes { fields.pointee.batch.bytes }
    var memtableBytes: Int { fields.pointee.memtableBytes }

    /// The hash of every operation's key, in order; valid until the next mutation.
    var operationHashes: UnsafePointer<UInt64> { UnsafePointer(fields.pointee.hashes) }

    func put(key: BorrowedBytes, value: BorrowedBytes) {
        put(key: key, value: value, kind: .value)
    }

    /// - Parameter kind: Of `value`: the value itself, or the reference of a large one.
    func put(key: BorrowedBytes, value: BorrowedBytes, kind: EntryKind) {
        let offset = byteCount
        fields.pointee.batch.put(key: key, value: value, kind: kind)
        fields.pointee.memtableBytes += Memtable.spaceNeeded(keyBytes: key.count, valueBytes: value.count)
        record(key: key, offset: offset)
    }

    func delete(key: BorrowedBytes) {
        let offset = byteCount
        fields.pointee.batch.delete(key: key)
        fields.pointee.memtableBytes += Memtable.spaceNeeded(keyBytes: key.count, valueBytes: 0)
        record(key: key, offset: offset)
    }

    /// The latest mutation of `key`, lent until the next mutation; a deletion of a range with the key is a tombstone.
    func find(_ key: BorrowedBytes) -> WriteOperation? {
        guard count > 0 else { return nil }
        if let entry = index(of: key, hash: xxh3(key)), !fields.pointee.entries[entry].isErased {
            return operation(entry)
        }
        return isDeleted(key) ? WriteOperation(kind: .tombstone, key: key, value: .empty) : nil
    }

    /// The number of an operation that changes `key`, whatever others have made of it: by itself, or by deleting a range
    /// with it.
    func entry(changing key: BorrowedBytes, hash: UInt64) -> Int? {
        if let entry = index(of: key, hash: hash), let plain = plainEntry(upTo: entry) { return plain }
        guard isDeleted(key) else { return nil }
        return (0..<count).first { entry in
            let operation = operation(entry)
            guard operation.kind == .rangeTombstone, KeyOrder.compare(operation.key, key) <= 0 else { return false }
            return operation.upperBound.map { KeyOrder.compare(key, $0) < 0 } ?? true
        }
    }

    /// The operation of an entry, lent until the next mutation.
    func operation(_ entry: Int) -> WriteOperation {
        Self.operation(at: fields.pointee.entries[entry].offset, of: operations)
    }

    static func operation(at offset: Int, of batch: BorrowedBytes) -> WriteOperation {
        var rest = WriteOperations(
            verified: BorrowedBytes(base: batch.base + offset, count: batch.count - offset))
        guard let operation = rest.next() else { preconditionFailure("an entry points past the batch") }
        return operation
    }

    private func record(key: BorrowedBytes, offset: Int) {
        let hash = xxh3(key)
        let known = index(of: key, hash: hash)
        if let known {
            if fields.pointee.largeValues.count > 0 { noteSuperseded(known) }
            fields.pointee.entries[known].isSuperseded = true
        }
        append(Entry(hash: hash, offset: offset, previous: Int32(truncatingIfNeeded: known ?? -1)))
        if count > Self.linearLimit {
            if fields.pointee.buckets.count < count * 2 {
                rebuildBuckets()
            } else {
                insertBucket(entry: count - 1, replacing: known)
            }
        }
    }

    func append(_ entry: Entry) {
        if count == fields.pointee.capacity { grow() }
        fields.pointee.entries[count] = entry
        fields.pointee.hashes[count] = entry.hash
        fields.pointee.count += 1
    }

    func index(of key: BorrowedBytes, hash: UInt64) -> Int? {
        if fields.pointee.buckets.isEmpty {
            for entry in stride(from: count - 1, through: 0, by: -1)
            where fields.pointee.entries[entry].hash == hash && !fields.pointee.entries[entry].isSuperseded
                && KeyOrder.isEqual(operation(entry).key, key)
            {
                return entry
            }
            return nil
        }
        let mask = fields.pointee.buckets.count - 1
        var bucket = Int(truncatingIfNeeded: hash) & mask
        while fields.pointee.buckets[bucket] != 0 {
            let entry = Int(fields.pointee.buckets[bucket]) - 1
            if fields.pointee.entries[entry].hash == hash, KeyOrder.isEqual(operation(entry).key, key) { return entry }
            bucket = (bucket + 1) & mask
        }
        return nil
    }

    /// Enters an entry, in place of the one that it supersedes.
    func insertBucket(entry: Int, replacing known: Int?) {
        let mask = fields.pointee.buckets.count - 1
        var bucket = Int(truncatingIfNeeded: fields.pointee.entries[entry].hash) & mask
        while fields.pointee.buckets[bucket] != 0 {
            if let known, Int(fields.pointee.buckets[bucket]) - 1 == known { break }
            bucket = (bucket + 1) & mask
        }
        fields.pointee.buckets[bucket] = UInt32(entry + 1)
    }

    func rebuildBuckets() {
        var size = 32
        while size < count * 4 { size *= 2 }
        fields.pointee.buckets = [UInt32](repeating: 0, count: size)
        for entry in 0..<count where !fields.pointee.entries[entry].isSuperseded {
            insertBucket(entry: entry, replacing: nil)
        }
    }

    private func grow() {
        let grown = fields.pointee.capacity * 2
        let entries = UnsafeMutablePointer<Entry>.allocate(capacity: grown)
        let hashes = UnsafeMutablePointer<UInt64>.allocate(capacity: grown)
        entries.moveInitialize(from: fields.pointee.entries, count: count)
        hashes.moveInitialize(from: fields.pointee.hashes, count: count)
        freeGrown()
        fields.pointee.entries = entries
        fields.pointee.hashes = hashes
        fields.pointee.capacity = grown
    }
}
