/// Walks the versions of several runs in one order: key ascending, then timestamp descending.
///
/// There are few runs (a table of level 0 each, and one for each deeper level), and most often one of them yields
/// many entries in a row. So the merge knows the best and the second best: as long as the best, moved on, still comes
/// before the second, one comparison is all that a step takes. Else it looks along the row.
struct CompactionMerge: ~Copyable {
    private let runs: UnsafeMutablePointer<CompactionRun>
    private let count: Int
    private var best = -1
    private var second = -1

    /// - Parameters:
    ///   - tables: All tables of level 0 apart, and all of a deeper level as one run.
    ///   - lower: Where the walk begins.
    init(_ tables: [Table], from lower: [UInt8]) {
        let tables = tables.filter { $0.descriptor.entryRange.overlaps(KeyRange(from: lower)) }
        var rows = tables.filter { $0.descriptor.level == 0 }.map { [$0] }
        for level in Set(tables.map(\.descriptor.level)).sorted() where level > 0 {
            rows.append(
                tables.filter { $0.descriptor.level == level }.sorted {
                    $0.descriptor.bounds.lowerBound.lexicographicallyPrecedes($1.descriptor.bounds.lowerBound)
                })
        }
        count = rows.count
        runs = .allocate(capacity: max(count, 1))
        for (index, row) in rows.enumerated() { (runs + index).initialize(to: CompactionRun(row, from: lower)) }
    }

    deinit {
        runs.deinitialize(count: count)
        runs.deallocate()
    }

    /// Whether there is an entry.
    var isValid: Bool {
        @inline(__always) get { best >= 0 }
    }

    /// Valid until the next move, as is ``entry``.
    var key: BorrowedBytes {
        @inline(__always) get { runs[best].key }
    }

    var entry: TableEntry {
        @inline(__always) get { runs[best].entry }
    }

    /// Goes to the first version of the first key.
    mutating func start() throws(StoreError) {
        var index = 0
        while index < count {
            try runs[index].next()
            index += 1
        }
        select()
    }

    /// Goes to the next version. There is an entry.
    @inline(__always)
    mutating func next() throws(StoreError) {
        try runs[best].next()
        if runs[best].isValid, second < 0 || comesBefore(best, second) { return }
        select()
    }

    private mutating func select() {
        best = -1
        second = -1
        var index = 0
        while index < count {
            defer { index += 1 }
            guard runs[index].isValid else { continue }
            if best < 0 || comesBefore(index, best) {
                second = best
                best = index
            } else if second < 0 || comesBefore(index, second) {
                second = index
            }
        }
    }

    @inline(__always)
    private func comesBefore(_ a: Int, _ b: Int) -> Bool {
        let order = KeyOrder.compare(runs[a].key, runs[b].key)
        return order != 0 ? order < 0 : runs[a].entry.timestamp > runs[b].entry.timestamp
    }
}
