internal import Synchronization

/// What reading a whole table found.
package struct TableVerification: Sendable {
    package internal(set) var blockCount = 0
    package internal(set) var entryCount: UInt64 = 0
    package internal(set) var keyCount: UInt64 = 0
    package internal(set) var rangeTombstoneCount: UInt64 = 0
    package internal(set) var bytes: UInt64 = 0
    /// Each place that is damaged, and the keys that it costs.
    package internal(set) var findings: [StoreError] = []
    package var isSound: Bool { findings.isEmpty }
}

/// Is told of an entry with a large value.
package typealias LargeValueVisitor = (
    _ key: [UInt8], _ timestamp: Timestamp, _ reference: LargeValueReference
) throws(StoreError) -> Void

extension Table {
    /// Reads every block of the table from the device, and checks all that can be checked without other tables:
    /// checksums, structure, order, counts and ranges against properties and descriptor, that the filter has every key,
    /// and that the table owns the extents of exactly the large values which it names. The values are not read.
    ///
    /// - Parameter largeValue: Called with each entry that has a large value.
    /// - Throws: What is not damage, as when the device fails. Damage is among the findings.
    package func verify(
        largeValue: LargeValueVisitor? = nil
    ) throws(StoreError) -> TableVerification {
        var result = TableVerification()
        for ordinal in descriptor.extents.indices {
            try result.collect(keyRange) { () throws(StoreError) in try verifyExtent(ordinal) }
            result.bytes += UInt64(ExtentHeader.blockBytes)
        }
        var properties: TableProperties?
        try result.collect(keyRange) { () throws(StoreError) in properties = try readProperties() }
        guard let properties else { return result }
        var filter: BlockCache.Block?
        try result.collect(nil) { () throws(StoreError) in filter = try readFilter(properties.filter) }
        defer { filter?.unpin() }
        var rangeTombstones: RangeTombstones?
        if hasRangeTombstones {
            try result.collect(rangeOfTombstones) { () throws(StoreError) in
                rangeTombstones = try readRangeTombstones(properties)
            }
            result.rangeTombstoneCount = UInt64(rangeTombstones?.count ?? 0)
            result.bytes += UInt64(properties.rangeTombstones?.length ?? 0)
        }
        var index: BlockCache.Block?
        try result.collect(keyRange) { () throws(StoreError) in index = try readIndex(properties.index) }
        guard let index else { return result }
        defer { index.unpin() }
        result.bytes += UInt64(descriptor.properties.length) + UInt64(properties.filter.length)
        result.bytes += UInt64(properties.index.length)

        let view = IndexBlock.view(index)
        var walk = Walk(filter: filter.map { FilterBlock(verified: $0.payload) }, visitor: largeValue)
        var reader = TableBlockReader(self)
        for number in 0..<view.pointee.blockCount {
            do throws(StoreError) {
                try walk.add(try reader.read(number, index: view), number: number, index: view)
            } catch {
                guard error.code == .corrupt else { throw error }
                result.findings.append(error)
            }
            result.blockCount += 1
            result.bytes += UInt64(view.pointee.pointer(number).length)
        }
        result.entryCount = walk.statistics.entryCount
        result.keyCount = walk.statistics.keyCount
        if let rangeTombstones { walk.statistics.add(rangeTombstones) }
        // A table with unreadable blocks cannot have the right counts.
        if result.isSound { result.findings += compare(walk, properties: properties) }
        return result
    }

    private func verifyExtent(_ ordinal: Int) throws(StoreError) {
        let extent = descriptor.extents[ordinal]
        let header = try ExtentHeader.read(at: extent.offset, from: file)
        guard header.table == descriptor.id, header.ordinal == UInt32(ordinal), header.born == descriptor.born else {
            throw .corrupt(
                "An extent's header names another table.", structure: BlockKind.extentHeader.name,
                offset: extent.offset)
        }
    }

    private func compare(_ walk: Walk, properties: TableProperties) -> [StoreError] {
        var findings: [StoreError] = []
        // What was garbage depended on the readers of that time; it says when to compact, and no read depends on it.
        var counted = walk.statistics
        counted.garbage = descriptor.statistics.garbage
        if counted != descriptor.statistics {
            findings.append(
                .corrupt(
                    "A table's counts or ranges are not those of its entries.",
                    structure: BlockKind.properties.name, offset: descriptor.properties.offset, keys: keyRange))
        }
        if walk.largeValues.sorted(by: { $0.offset < $1.offset }) != descriptor.largeValues {
            findings.append(
                .corrupt(
                    "A table does not own the large values that it names.", structure: BlockKind.properties.name,
                    offset: descriptor.properties.offset, keys: keyRange))
        }
        if walk.missedKeys > 0 {
            findings.append(
                .corrupt(
                    "A filter denies \(walk.missedKeys) keys of its table.", structure: BlockKind.filter.name,
                    offset: properties.filter.offset, keys: keyRange))
        }
        if !walk.isNewestRight {
            findings.append(
                .corrupt(
                    "An index has a wrong newest timestamp.", structure: BlockKind.index.name,
                    offset: properties.index.offset, keys: keyRange))
        }
        return findings
    }

    /// Counts over all entries, as the builder should have made them.
    private struct Walk {
        let filter: FilterBlock?
        var statistics = TableStatistics()
        var missedKeys = 0
        var isNewestRight = true
        var largeValues: [FileRange] = []
        let visitor: LargeValueVisitor?

        init(filter: FilterBlock?, visitor: LargeValueVisitor?) {
            self.filter = filter
            self.visitor = visitor
        }

        mutating func add(
            _ block: DataBlock, number: Int, index: UnsafePointer<IndexBlock>
        ) throws(StoreError) {
            statistics.dataBlockCount += 1
            statistics.dataBytes += UInt64(index.pointee.pointer(number).length)
            var newest: UInt64 = 0
            for entryIndex in 0..<block.count {
                let entry = block.entry(entryIndex)
                newest = max(newest, entry.timestamp)
                statistics.entryCount += 1
                if entry.kind == .tombstone { statistics.tombstoneCount += 1 }
                let timestamp = Timestamp(rawValue: entry.timestamp)
                if entry.kind == .largeValue {
                    let reference = LargeValueReference(verified: entry.value)
                    largeValues.append(reference.extent)
                    try visitor?(block.key(entryIndex), timestamp, reference)
                }
                statistics.smallestTimestamp = min(statistics.smallestTimestamp, timestamp)
                statistics.largestTimestamp = max(statistics.largestTimestamp, timestamp)
                let continues =
                    entryIndex > 0
                    ? block.isSameKey(entryIndex - 1, entryIndex)
                    : number > 0 && index.pointee.spanTimestamp(number - 1) != nil
                if !continues { addKey(block.key(entryIndex)) }
            }
            statistics.largestKey = block.key(block.count - 1)
            if newest != index.pointee.newest(number) { isNewestRight = false }
        }

        private mutating func addKey(_ key: [UInt8]) {
            if statistics.keyCount == 0 { statistics.smallestKey = key }
            statistics.keyCount += 1
            guard let filter else { return }
            if !filter.mayContain(key.withUnsafeBytes { xxh3(BorrowedBytes($0)) }) { missedKeys += 1 }
        }
    }
}

extension TableVerification {
    /// Runs a check, and keeps damage as a finding.
    fileprivate mutating func collect(_ keys: KeyRange?, _ body: () throws(StoreError) -> Void) throws(StoreError) {
        do throws(StoreError) {
            try body()
        } catch {
            guard error.code == .corrupt else { throw error }
            findings.append(keys.map { Table.error(error, covering: $0) } ?? error)
        }
    }
}
