/// The payload of one log record: a group of transactions that commit together, all or none.
///
/// Layout: first timestamp (8 bytes), wall clock in milliseconds since 1970 (8), number of transactions (4), zero (4);
/// then for each transaction its number of operations (4), their bytes (4) and the operations themselves. The
/// transactions have consecutive timestamps.
package enum CommitRecord {
    package static let headerBytes = 24
    package static let memberHeaderBytes = 8

    /// One transaction of a replayed group. Its operations have been checked.
    package struct Member {
        package let timestamp: Timestamp
        package let operationCount: Int
        package let operations: WriteOperations
    }

    /// A replayed group.
    package struct Group {
        package let firstTimestamp: Timestamp
        package let lastTimestamp: Timestamp
        package let wallClockMilliseconds: UInt64
        package let members: [Member]

        /// The extents of the large values that the group names.
        package var largeValues: [FileRange] {
            var found: [FileRange] = []
            for member in members {
                var operations = member.operations
                while let operation = operations.next() {
                    guard operation.kind == .largeValue else { continue }
                    found.append(LargeValueReference(verified: operation.value).extent)
                }
            }
            return found
        }
    }

    /// Reads the group that follows `last` in the log.
    ///
    /// - Throws: `corrupt` when the record is not a group, or its timestamps do not lie above `last`.
    package static func decode(
        _ payload: BorrowedBytes, after last: Timestamp, fileOffset: UInt64
    ) throws(StoreError) -> Group {
        let group = try decode(payload, fileOffset: fileOffset)
        guard group.firstTimestamp > last else {
            throw .corrupt("The log goes back from timestamp \(last) to \(group.firstTimestamp).", structure: "log")
        }
        return group
    }

    /// Reads a group from a record whose checksum has been verified.
    ///
    /// - Throws: `corrupt` when the record is not a group: the checksum guards against accidents, not against someone
    ///   who writes a wrong record with a right one.
    package static func decode(_ payload: BorrowedBytes, fileOffset: UInt64) throws(StoreError) -> Group {
        var reader = ByteReader(payload, structure: "commit record", fileOffset: fileOffset)
        let first = try reader.uint64()
        let wallClock = try reader.uint64()
        let count = try reader.uint32()
        _ = try reader.uint32()
        guard count > 0, first > 0, UInt64(count) <= UInt64(reader.remaining / memberHeaderBytes),
            first <= Superblock.maximumCounter
        else { throw reader.fail("A commit record's counts are out of range.") }
        var members: [Member] = []
        members.reserveCapacity(Int(count))
        for index in 0..<UInt64(count) {
            let operationCount = Int(try reader.uint32())
            let byteCount = Int(try reader.uint32())
            let bytes = try reader.bytes(byteCount)
            try WriteOperations.validate(
                bytes, count: operationCount, structure: "commit record", fileOffset: fileOffset)
            members.append(
                Member(
                    timestamp: Timestamp(rawValue: first + index), operationCount: operationCount,
                    operations: WriteOperations(verified: bytes)))
        }
        try reader.expectEnd()
        return Group(
            firstTimestamp: Timestamp(rawValue: first),
            lastTimestamp: Timestamp(rawValue: first + UInt64(count) - 1),
            wallClockMilliseconds: wallClock, members: members)
    }
}
