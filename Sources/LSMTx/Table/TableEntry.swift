/// One version of a key, as a table or a cursor gives it.
package struct TableEntry: Sendable {
    package let kind: EntryKind
    package let timestamp: Timestamp
    /// Empty for a tombstone.
    package let value: BorrowedBytes

    @inline(__always)
    package init(kind: EntryKind, timestamp: Timestamp, value: BorrowedBytes) {
        self.kind = kind
        self.timestamp = timestamp
        self.value = value
    }
}
