/// Numbers one published state of the file: each superblock that is written has the next one.
package struct Generation: Comparable, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package static func < (a: Generation, b: Generation) -> Bool { a.rawValue < b.rawValue }
    package var next: Generation { Generation(rawValue: rawValue + 1) }
}

/// Names a table for as long as the file exists; never given twice.
package struct TableID: Comparable, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package static func < (a: TableID, b: TableID) -> Bool { a.rawValue < b.rawValue }
    package var next: TableID { TableID(rawValue: rawValue + 1) }
}

/// A place in the endless sequence of log bytes, over all segments that ever were.
package struct LogSequenceNumber: Comparable, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package static let zero = LogSequenceNumber(rawValue: 0)
    package static func < (a: LogSequenceNumber, b: LogSequenceNumber) -> Bool { a.rawValue < b.rawValue }
    package func advanced(by bytes: Int) -> LogSequenceNumber {
        LogSequenceNumber(rawValue: rawValue + UInt64(bytes))
    }
}

extension Generation: CustomStringConvertible {
    package var description: String { String(rawValue) }
}

extension TableID: CustomStringConvertible {
    package var description: String { String(rawValue) }
}

extension LogSequenceNumber: CustomStringConvertible {
    package var description: String { String(rawValue) }
}

/// A run of bytes in the file.
package struct FileRange: Hashable, Sendable {
    /// Space in the file is given out in whole pages.
    package static let pageBytes: UInt64 = 4096

    package let offset: UInt64
    package let length: UInt64
    package init(offset: UInt64, length: UInt64) {
        self.offset = offset
        self.length = length
    }
    /// The first byte past the range. Callers have checked that it does not overflow.
    package var end: UInt64 { offset + length }
    package func contains(_ other: FileRange) -> Bool { offset <= other.offset && other.end <= end }
    package func overlaps(_ other: FileRange) -> Bool { offset < other.end && other.offset < end }
}

extension FileRange: CustomStringConvertible {
    package var description: String { "[\(offset), \(end))" }
}
