/// A few entries that stand for all.
extension Table {
    /// An entry that was picked.
    package struct Sample {
        package let key: [UInt8]
        package let timestamp: Timestamp
        package let kind: EntryKind
    }

    /// The first entries of blocks that lie evenly apart, at most `count`.
    ///
    /// - Throws: `corrupt` or `io` when a block cannot be read.
    /// - Complexity: Reads as many blocks as it returns entries, and the index.
    package func sample(_ count: Int) throws(StoreError) -> [Sample] {
        let epoch = Epoch.pin()
        defer { Epoch.unpin(epoch) }
        let index = try index()
        let blocks = index.pointee.blockCount
        var samples: [Sample] = []
        for step in 0..<min(count, blocks) {
            let number = step * blocks / min(count, blocks)
            let block = DataBlock(verified: try dataBlock(number, index: index, isPointRead: false).payload)
            let entry = block.entry(0)
            samples.append(
                Sample(key: block.key(0), timestamp: Timestamp(rawValue: entry.timestamp), kind: entry.kind))
        }
        return samples
    }
}
