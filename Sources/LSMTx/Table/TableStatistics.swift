/// What is counted over a table's entries; the properties block and the descriptor both have it.
package struct TableStatistics: Equatable, Sendable {
    package internal(set) var entryCount: UInt64 = 0
    /// User keys; an entry is one version of one.
    package internal(set) var keyCount: UInt64 = 0
    package internal(set) var tombstoneCount: UInt64 = 0
    package internal(set) var dataBlockCount: UInt64 = 0
    /// Bytes of sealed data blocks.
    package internal(set) var dataBytes: UInt64 = 0
    package internal(set) var smallestKey: [UInt8] = []
    package internal(set) var largestKey: [UInt8] = []
    package internal(set) var rangeTombstoneCount: UInt64 = 0
    /// What the range tombstones cover together, from the first key to the end of the last; meaningful when there are
    /// any.
    package internal(set) var rangeLower: [UInt8] = []
    package internal(set) var rangeUpper: [UInt8]?
    /// Of entries and range tombstones.
    package internal(set) var smallestTimestamp = Timestamp.max
    package internal(set) var largestTimestamp = Timestamp.zero

    /// What of it may become droppable.
    package internal(set) var garbage = TableGarbage()

    init() {}

    func encode(to writer: inout ByteWriter) {
        writer.varint(entryCount)
        writer.varint(keyCount)
        writer.varint(tombstoneCount)
        writer.varint(dataBlockCount)
        writer.varint(dataBytes)
        writer.varint(smallestTimestamp.rawValue)
        writer.varint(largestTimestamp.rawValue)
        writer.lengthPrefixed(smallestKey)
        writer.lengthPrefixed(largestKey)
        garbage.encode(to: &writer)
        writer.varint(rangeTombstoneCount)
        guard rangeTombstoneCount > 0 else { return }
        writer.lengthPrefixed(rangeLower)
        // No upper bound is empty.
        writer.lengthPrefixed(rangeUpper ?? [])
    }

    /// Counts in the range tombstones.
    mutating func add(_ tombstones: RangeTombstones) {
        guard !tombstones.isEmpty else { return }
        rangeTombstoneCount = UInt64(tombstones.count)
        rangeLower = tombstones.lower.array
        rangeUpper = tombstones.upper?.array
        smallestTimestamp = min(smallestTimestamp, tombstones.smallestTimestamp)
        largestTimestamp = max(largestTimestamp, tombstones.largestTimestamp)
    }

    init(from reader: inout ByteReader) throws(StoreError) {
        entryCount = try reader.varint()
        keyCount = try reader.varint()
        tombstoneCount = try reader.varint()
        dataBlockCount = try reader.varint()
        dataBytes = try reader.varint()
        smallestTimestamp = Timestamp(rawValue: try reader.varint())
        largestTimestamp = Timestamp(rawValue: try reader.varint())
        smallestKey = try reader.lengthPrefixed(limit: Limits.maximumKeyBytes).array
        largestKey = try reader.lengthPrefixed(limit: Limits.maximumKeyBytes).array
        garbage = try TableGarbage(from: &reader)
        rangeTombstoneCount = try reader.varint()
        if rangeTombstoneCount > 0 {
            rangeLower = try reader.lengthPrefixed(limit: Limits.maximumKeyBytes).array
            let upper = try reader.lengthPrefixed(limit: Limits.maximumKeyBytes).array
            rangeUpper = upper.isEmpty ? nil : upper
            guard !KeyRange(from: rangeLower, upTo: rangeUpper).isEmpty else {
                throw reader.fail("A table's range tombstones cover nothing.")
            }
        }
        guard dataBlockCount > 0, dataBlockCount <= entryCount, keyCount > 0, keyCount <= entryCount,
            tombstoneCount <= entryCount,
            entryCount <= Limits.maximumFileBytes, rangeTombstoneCount <= Limits.maximumFileBytes,
            dataBytes <= Limits.maximumFileBytes,
            smallestTimestamp <= largestTimestamp, largestTimestamp < .max,
            !largestKey.lexicographicallyPrecedes(smallestKey)
        else { throw reader.fail("A table's counts or ranges contradict each other.") }
    }
}
