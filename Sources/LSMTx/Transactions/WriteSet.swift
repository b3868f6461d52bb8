/// A transaction's own mutations: in the order they were made for the log, and findable by key for its own reads.
///
/// A later mutation of a key supersedes the earlier one for reads at once. Both stay in the batch; they get the same
/// timestamp, and the later one counts everywhere.
final class WriteSet {
    /// One mutation.
    private struct Entry {
        let hash: UInt64
        /// Where its operation begins in the batch.
        let offset: Int
        /// Superseded by a later mutation of the same key.
        var isSuperseded = false
    }

    private(set) var batch = WriteBatch()
    private var entries: UnsafeMutablePointer<Entry>
    private var capacity = 8
    private(set) var count = 0
    /// The entries' hashes, in order, for the commit.
    private var hashes: UnsafeMutablePointer<UInt64>
    /// Open addressing over entry numbers plus one; empty while a linear search is as good.
    private var buckets: [UInt32] = []

    /// Up to this many entries are searched one by one.
    private static let linearLimit = 8

    init() {
        entries = .allocate(capacity: capacity)
        hashes = .allocate(capacity: capacity)
    }

    deinit {
        entries.deallocate()
        hashes.deallocate()
    }

    var isEmpty: Bool { count == 0 }
    var byteCount: Int { batch.byteCount }

    /// The hash of every operation's key, in order; valid until the next mutation.
    var operationHashes: UnsafePointer<UInt64> { UnsafePointer(hashes) }

    func put(key: BorrowedBytes, value: BorrowedBytes) {
        let offset = batch.byteCount
        batch.put(key: key, value: value)
        record(key: key, offset: offset)
    }

    func delete(key: BorrowedBytes) {
        let offset = batch.byteCount
        batch.delete(key: key)
        record(key: key, offset: offset)
    }

    /// The latest mutation of `key`, lent until the next mutation.
    func find(_ key: BorrowedBytes) -> WriteOperation? {
        guard count > 0 else { return nil }
        return index(of: key, hash: xxh3(key)).map(operation)
    }

    /// The operation of an entry, lent until the next mutation.
    func operation(_ entry: Int) -> WriteOperation {
        let start = entries[entry].offset
        var operations = WriteOperations(
            verified: BorrowedBytes(base: batch.bytes.base + start, count: batch.byteCount - start))
        guard let operation = operations.next() else { preconditionFailure("an entry points past the batch") }
        return operation
    }

    /// The entries that are not superseded and lie in `range`, in key order.
    func sortedEntries(in range: KeyRange) -> [Int] {
        var found: [Int] = []
        for entry in 0..<count where !entries[entry].isSuperseded {
            let key = operation(entry).key
            let isInside =
                range.lowerBound.withUnsafeBytes { KeyOrder.compare(key, BorrowedBytes($0)) >= 0 }
                && (range.upperBound?.withUnsafeBytes { KeyOrder.compare(key, BorrowedBytes($0)) < 0 } ?? true)
            if isInside { found.append(entry) }
        }
        return found.sorted { KeyOrder.compare(operation($0).key, operation($1).key) < 0 }
    }

    private func record(key: BorrowedBytes, offset: Int) {
        let hash = xxh3(key)
        let known = index(of: key, hash: hash)
        if let known { entries[known].isSuperseded = true }
        if count == capacity { grow() }
        entries[count] = Entry(hash: hash, offset: offset)
        hashes[count] = hash
        count += 1
        if count > Self.linearLimit {
            if buckets.count < count * 2 {
                rebuildBuckets()
            } else {
                insertBucket(entry: count - 1, replacing: known)
            }
        }
    }

    private func index(of key: BorrowedBytes, hash: UInt64) -> Int? {
        if buckets.isEmpty {
            for entry in stride(from: count - 1, through: 0, by: -1)
            where entries[entry].hash == hash && KeyOrder.isEqual(operation(entry).key, key) {
                return entry
            }
            return nil
        }
        let mask = buckets.count - 1
        var bucket = Int(truncatingIfNeeded: hash) & mask
        while buckets[bucket] != 0 {
            let entry = Int(buckets[bucket]) - 1
            if entries[entry].hash == hash, KeyOrder.isEqual(operation(entry).key, key) { return entry }
            bucket = (bucket + 1) & mask
        }
        return nil
    }

    /// Enters an entry, in place of the one that it supersedes.
    private func insertBucket(entry: Int, replacing known: Int?) {
        let mask = buckets.count - 1
        var bucket = Int(truncatingIfNeeded: entries[entry].hash) & mask
        while buckets[bucket] != 0 {
            if let known, Int(buckets[bucket]) - 1 == known { break }
            bucket = (bucket + 1) & mask
        }
        buckets[bucket] = UInt32(entry + 1)
    }

    private func rebuildBuckets() {
        var size = 32
        while size < count * 4 { size *= 2 }
        buckets = [UInt32](repeating: 0, count: size)
        for entry in 0..<count where !entries[entry].isSuperseded { insertBucket(entry: entry, replacing: nil) }
    }

    private func grow() {
        let grownEntries = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
        let grownHashes = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity * 2)
        grownEntries.moveInitialize(from: entries, count: count)
        grownHashes.moveInitialize(from: hashes, count: count)
        entries.deallocate()
        hashes.deallocate()
        entries = grownEntries
        hashes = grownHashes
        capacity *= 2
    }
}
