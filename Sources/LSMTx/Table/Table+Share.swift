extension Table {
    /// About which share of the table's data lies in `range`: whole blocks, by the index. None if that cannot be read.
    package func share(in range: KeyRange) -> Double {
        let epoch = Epoch.pin()
        defer { Epoch.unpin(epoch) }
        guard let index = try? index() else { return 0 }
        let count = index.pointee.blockCount
        let entries = descriptor.entryRange
        let beginsBefore = !entries.lowerBound.lexicographicallyPrecedes(range.lowerBound)
        var first = 0
        if !beginsBefore {
            first = range.lowerBound.withUnsafeBytes {
                index.pointee.find(BorrowedBytes($0), at: Timestamp.max.rawValue) + 1
            }
        }
        var end = count
        if let upper = range.upperBound, let last = entries.upperBound, upper.lexicographicallyPrecedes(last) {
            end = upper.withUnsafeBytes { index.pointee.find(BorrowedBytes($0), at: Timestamp.max.rawValue) }
        }
        return Double(max(0, end - first)) / Double(count)
    }
}
