/// Finding one's place in a level below 0: tables in key order, with disjoint key ranges.
extension [Table] {
    /// The first of the tables in `bounds` that does not end before `key`; the upper bound when all do.
    func firstEnding(atOrAfter key: BorrowedBytes, in bounds: Range<Int>) -> Int {
        partition(bounds) { table in !table.isEndless && KeyOrder.compare(table.upperBound, key) <= 0 }
    }

    /// The first of the tables in `bounds` that does not begin before `key`; the upper bound when all do.
    func firstBeginning(atOrAfter key: BorrowedBytes, in bounds: Range<Int>) -> Int {
        partition(bounds) { table in KeyOrder.compare(table.lowerBound, key) < 0 }
    }

    /// The tables whose bounds meet `range`.
    func indices(meeting range: KeyRange) -> Range<Int> {
        let low = range.lowerBound.withUnsafeBytes { firstEnding(atOrAfter: BorrowedBytes($0), in: indices) }
        guard let upper = range.upperBound else { return low..<count }
        return low..<upper.withUnsafeBytes { firstBeginning(atOrAfter: BorrowedBytes($0), in: low..<count) }
    }

    @inline(__always)
    private func partition(_ bounds: Range<Int>, isBefore: (Table) -> Bool) -> Int {
        var low = bounds.lowerBound
        var high = bounds.upperBound
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
