/// Says of keys that come in order whether deeper tables may have them: by the tables' ranges, joined where they
/// overlap.
struct DeeperKeys {
    private var ranges: [(smallest: [UInt8], largest: [UInt8])] = []
    private var index = 0

    init(_ tables: [TableDescriptor]) {
        for table in tables.sorted(by: { $0.smallestKey.lexicographicallyPrecedes($1.smallestKey) }) {
            if let last = ranges.last, !last.largest.lexicographicallyPrecedes(table.smallestKey) {
                if last.largest.lexicographicallyPrecedes(table.largestKey) {
                    ranges[ranges.count - 1].largest = table.largestKey
                }
            } else {
                ranges.append((table.smallestKey, table.largestKey))
            }
        }
    }

    /// `key` is not before that of the call before.
    mutating func mayHold(_ key: BorrowedBytes) -> Bool {
        while index < ranges.count {
            if Self.compare(ranges[index].largest, key) >= 0 {
                return Self.compare(ranges[index].smallest, key) <= 0
            }
            index += 1
        }
        return false
    }

    private static func compare(_ a: [UInt8], _ b: BorrowedBytes) -> Int {
        a.withUnsafeBytes { KeyOrder.compare(BorrowedBytes($0), b) }
    }
}
