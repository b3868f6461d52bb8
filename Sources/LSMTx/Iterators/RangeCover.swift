/// Which range tombstone of one source hides what at the keys that an iterator comes by. The answer holds for a whole
/// interval of keys; it is looked up again when a key is outside.
final class RangeCover {
    private enum Source {
        /// A memtable's, or a transaction's own.
        case runs([RangeTombstones])
        /// Those of a level that have range tombstones, in key order and disjoint; or one of level 0.
        case tables([Table])
    }

    private let source: Source
    private let limit: Timestamp
    /// The newest tombstone at or below the limit within the interval; `Timestamp.zero` when there is none.
    private(set) var timestamp = Timestamp.zero
    /// The interval; `nil` for no end on that side.
    private(set) var lower: BorrowedBytes?
    private(set) var upper: BorrowedBytes?
    private var isKnown = false
    /// Copies of bounds that lie in arrays.
    private lazy var lowerCopy = GrowingBuffer()
    private lazy var upperCopy = GrowingBuffer()

    /// - Parameter limit: Tombstones after it count for nothing.
    init(_ runs: [RangeTombstones], at limit: Timestamp) {
        source = .runs(runs)
        self.limit = limit
    }

    init(_ tables: [Table], at limit: Timestamp) {
        source = .tables(tables)
        self.limit = limit
    }

    /// Makes the interval one that `key` is in.
    @inline(__always)
    func move(to key: BorrowedBytes) throws(StoreError) {
        if isKnown, lower.map({ KeyOrder.compare($0, key) <= 0 }) ?? true,
            upper.map({ KeyOrder.compare(key, $0) < 0 }) ?? true
        {
            return
        }
        try look(at: key)
    }

    @inline(never)
    private func look(at key: BorrowedBytes) throws(StoreError) {
        isKnown = false
        timestamp = .zero
        lower = nil
        upper = nil
        switch source {
        case .runs(let runs):
            for run in runs { narrow(to: run, at: key) }
        case .tables(let tables):
            try look(at: key, in: tables)
        }
        isKnown = true
    }

    private func narrow(to run: RangeTombstones, at key: BorrowedBytes) {
        let interval = run.interval(of: key)
        timestamp = max(timestamp, run.newest(in: interval, at: limit))
        if interval >= 0 {
            let bound = run.bound(interval)
            if lower.map({ KeyOrder.compare($0, bound) < 0 }) ?? true { lower = bound }
        }
        if interval + 1 < run.boundCount {
            let bound = run.bound(interval + 1)
            if upper.map({ KeyOrder.compare(bound, $0) < 0 }) ?? true { upper = bound }
        }
    }

    private func look(at key: BorrowedBytes, in tables: [Table]) throws(StoreError) {
        var low = 0
        var high = tables.count
        while low < high {
            let middle = (low + high) / 2
            let isBefore = tables[middle].descriptor.statistics.rangeUpper?.withUnsafeBytes {
                KeyOrder.compare(BorrowedBytes($0), key) <= 0
            }
            if isBefore ?? false { low = middle + 1 } else { high = middle }
        }
        if low < tables.count, tables[low].rangeOfTombstones.holds(key) {
            try tables[low].rangeTombstones()._withUnsafeGuaranteedRef { narrow(to: $0, at: key) }
            return
        }
        // Between two tables' range tombstones, which need not be read.
        if low > 0 {
            tables[low - 1].descriptor.statistics.rangeUpper?.withUnsafeBytes { lowerCopy.assign(BorrowedBytes($0)) }
            lower = lowerCopy.bytes
        }
        if low < tables.count {
            tables[low].descriptor.statistics.rangeLower.withUnsafeBytes { upperCopy.assign(BorrowedBytes($0)) }
            upper = upperCopy.bytes
        }
    }
}
