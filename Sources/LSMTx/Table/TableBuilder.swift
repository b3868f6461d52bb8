/// Writes a table from entries that come in order: key ascending, then timestamp descending.
///
/// Nothing is synced and nothing is published: the caller does both, or calls ``abandon()``.
package final class TableBuilder {
    private let id: TableID
    private let level: Int
    private let generation: Generation
    private let options: TableOptions
    private var writer: ExtentWriter
    private var block: DataBlockBuilder
    private var index = IndexBlockBuilder()
    private var statistics = TableStatistics()
    private var garbage: GarbageTally
    /// One for each user key.
    private var hashes: [UInt64] = []
    /// The last key of the block that was written last.
    private var boundaryKey: [UInt8] = []
    private var boundaryTimestamp: UInt64 = 0
    /// The extents that the entries' large values own.
    private var largeValues: [FileRange] = []
    private var rangeTombstones: RangeTombstones?
    private var isEnded = false

    package init(file: StoreFile, id: TableID, level: Int, generation: Generation, options: TableOptions = .init()) {
        precondition(level >= 0 && level <= Int(UInt8.max))
        self.id = id
        self.level = level
        self.generation = generation
        self.options = options
        garbage = GarbageTally(floor: options.floor, older: options.olderReadPoints)
        writer = ExtentWriter(file: file, table: id, level: UInt8(level), born: generation)
        block = DataBlockBuilder(target: options.blockBytes)
    }

    deinit {
        precondition(isEnded, "a table builder was neither finished nor abandoned")
    }

    /// About what the table will take in the file if it is finished now.
    package var estimatedBytes: UInt64 {
        writer.writtenBytes + UInt64(block.stagedBytes + index.estimatedBytes)
            + UInt64(hashes.count * options.filterBitsPerKey / 8)
    }

    package var entryCount: UInt64 { statistics.entryCount }

    /// Adds a version. It comes after all that were added: its key is greater, or the same with a smaller timestamp.
    ///
    /// - Parameter hidden: The oldest newer range tombstone that covers the key, of those that the table may get.
    package func add(
        key: BorrowedBytes, timestamp: Timestamp, kind: EntryKind, value: BorrowedBytes, hidden: Timestamp? = nil
    ) throws(StoreError) {
        precondition(!isEnded && key.count <= Limits.maximumKeyBytes && timestamp < .max)
        precondition(kind != .tombstone || value.count == 0, "a tombstone has no value")
        var bytes = key.count + value.count + TableGarbage.entryBytes
        if kind == .largeValue {
            let extent = LargeValueReference(verified: value).extent
            largeValues.append(extent)
            bytes += Int(extent.length)
        }
        precondition(kind != .rangeTombstone, "range tombstones are added together")
        let isOversized = block.isOversized(key: key, value: value)
        if isOversized || block.isFull(with: key, value: value) { try finishBlock() }
        let isNewKey = checkOrder(key, timestamp.rawValue)
        if block.isEmpty, index.count > 0 {
            boundaryKey.withUnsafeBytes {
                index.endBlock(lastKey: BorrowedBytes($0), lastTimestamp: boundaryTimestamp, next: key)
            }
        }
        if isNewKey {
            if statistics.keyCount == 0 { statistics.smallestKey = key.array }
            statistics.keyCount += 1
            hashes.append(xxh3(key))
        }
        garbage.add(
            isNewKey: isNewKey, timestamp: timestamp.rawValue, kind: kind, bytes: bytes, hidden: hidden?.rawValue)
        statistics.entryCount += 1
        if kind == .tombstone { statistics.tombstoneCount += 1 }
        statistics.smallestTimestamp = min(statistics.smallestTimestamp, timestamp)
        statistics.largestTimestamp = max(statistics.largestTimestamp, timestamp)
        guard isOversized else {
            block.add(key: key, timestamp: timestamp.rawValue, kind: kind, value: value)
            return
        }
        block.addAlone(key: key, timestamp: timestamp.rawValue, kind: kind, value: value)
        try finishBlock()
    }

    /// Gives the table its range tombstones, after all entries.
    ///
    /// A table has at least one entry, so that index and filter are never empty. One that would have none gets a
    /// tombstone at the first key that a range tombstone covers, with the newest timestamp there: that says nothing new.
    ///
    /// - Returns: Whether it got that tombstone.
    @discardableResult
    package func setRangeTombstones(_ tombstones: RangeTombstones) throws(StoreError) -> Bool {
        precondition(!isEnded && rangeTombstones == nil)
        guard !tombstones.isEmpty else { return false }
        let isAlone = statistics.entryCount == 0
        if isAlone {
            try add(
                key: tombstones.lower, timestamp: tombstones.newest(in: 0, at: .max), kind: .tombstone, value: .empty)
        }
        // A mutating call on the stored property would have every access to it checked for exclusivity.
        var counted = statistics
        counted.add(tombstones)
        statistics = counted
        rangeTombstones = tombstones
        return isAlone
    }

    /// Whether `key` is not the one before.
    private func checkOrder(_ key: BorrowedBytes, _ timestamp: UInt64) -> Bool {
        guard statistics.entryCount > 0 else { return true }
        let order: Int
        let before: UInt64
        if block.isEmpty {
            order = boundaryKey.withUnsafeBytes { KeyOrder.compare(BorrowedBytes($0), key) }
            before = boundaryTimestamp
        } else {
            order = KeyOrder.compare(block.lastKey, key)
            before = block.lastTimestamp
        }
        precondition(order < 0 || (order == 0 && before > timestamp), "entries were added out of order")
        return order != 0
    }

    private func finishBlock() throws(StoreError) {
        guard !block.isEmpty else { return }
        boundaryKey.removeAll(keepingCapacity: true)
        boundaryKey.append(contentsOf: block.lastKey.buffer)
        boundaryTimestamp = block.lastTimestamp
        let newest = block.newest
        let payloadBytes = block.payloadBytes
        let pointer = try writer.write(.data, payloadBytes: payloadBytes) { target in
            block.finish(into: target, payloadBytes: payloadBytes)
        }
        statistics.dataBlockCount += 1
        statistics.dataBytes += UInt64(pointer.length)
        index.add(pointer, newest: newest)
    }

    /// Writes the rest and says what the manifest must know. At least one entry was added.
    package func finish() throws(StoreError) -> TableDescriptor {
        precondition(!isEnded && statistics.entryCount > 0, "a table has at least one entry")
        try finishBlock()
        largeValues.sort { $0.offset < $1.offset }
        guard zip(largeValues, largeValues.dropFirst()).allSatisfy({ $0.end <= $1.offset }) else {
            // Entries of a crafted file, which a compaction has read.
            throw .corrupt("Two entries have one large value.", structure: BlockKind.largeValue.name)
        }
        statistics.largestKey = boundaryKey
        statistics.garbage = garbage.finish()
        let indexPayload = index.encode(oldest: statistics.smallestTimestamp.rawValue)
        let indexPointer = try write(.index, indexPayload)
        let lineCount = FilterBlock.lineCount(keyCount: hashes.count, bitsPerKey: options.filterBitsPerKey)
        let filterBytes = FilterBlock.headerBytes + lineCount * FilterBlock.lineBytes
        let filterPointer = try writer.write(.filter, payloadBytes: filterBytes) { target in
            FilterBlock.build(hashes, lineCount: lineCount, into: target)
        }
        let rangePointer = try rangeTombstones.map { tombstones throws(StoreError) in
            try write(.rangeTombstones, RangeTombstoneBlock.encode(tombstones, smallest: statistics.smallestTimestamp))
        }
        let properties = TableProperties(
            id: id, statistics: statistics, index: indexPointer, filter: filterPointer, rangeTombstones: rangePointer,
            largeValueCount: largeValues.count)
        let propertiesPointer = try write(.properties, properties.encode())
        try writer.finish()
        isEnded = true
        return TableDescriptor(
            id: id, level: level, born: generation, extents: writer.extents, properties: propertiesPointer,
            statistics: statistics, largeValues: largeValues)
    }

    private func write(_ kind: BlockKind, _ payload: [UInt8]) throws(StoreError) -> BlockPointer {
        try writer.write(kind, payloadBytes: payload.count) { target in
            payload.withUnsafeBytes { target.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        }
    }

    /// Gives all space back. Allowed at any time before ``finish()`` returned, after an error too.
    package func abandon() {
        guard !isEnded else { return }
        isEnded = true
        writer.abandon()
    }
}
