/// Says of keys that come in order whether deeper tables may have them: by the tables' bounds, joined where they
/// overlap or touch.
struct DeeperKeys {
    private var ranges: [KeyRange] = []
    private var index = 0

    init(_ tables: [TableDescriptor]) {
        for table in tables.sorted(by: { $0.bounds.lowerBound.lexicographicallyPrecedes($1.bounds.lowerBound) }) {
            if let last = ranges.last,
                last.upperBound.map({ !$0.lexicographicallyPrecedes(table.bounds.lowerBound) }) ?? true
            {
                ranges[ranges.count - 1] = last.hull(table.bounds)
            } else {
                ranges.append(table.bounds)
            }
        }
    }

    /// `key` is not before that of the call before.
    mutating func mayHold(_ key: BorrowedBytes) -> Bool {
        skip(upTo: key)
        return index < ranges.count && Self.compare(ranges[index].lowerBound, key) <= 0
    }

    /// Whether they may have any key from `lower` up to but not including `upper`. `lower` is not before the key of
    /// the call before.
    mutating func mayHold(from lower: BorrowedBytes, upTo upper: BorrowedBytes?) -> Bool {
        skip(upTo: lower)
        guard index < ranges.count else { return false }
        return upper.map { Self.compare(ranges[index].lowerBound, $0) < 0 } ?? true
    }

    /// Passes over the ranges that end at or before `key`.
    private mutating func skip(upTo key: BorrowedBytes) {
        while index < ranges.count, let upper = ranges[index].upperBound, Self.compare(upper, key) <= 0 { index += 1 }
    }

    private static func compare(_ a: [UInt8], _ b: BorrowedBytes) -> Int {
        a.withUnsafeBytes { KeyOrder.compare(BorrowedBytes($0), b) }
    }
}
