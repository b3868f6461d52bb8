/// What an entry says about its key from its timestamp on. The raw values are part of the file format.
package enum EntryKind: UInt8, Sendable {
    /// The key has the value that follows.
    case value = 1
    /// The key has no value.
    case tombstone = 2
    /// No key from this one up to but not including the one that follows has a value. Only a batch has such entries;
    /// tables keep range tombstones in a block of their own.
    case rangeTombstone = 3

    /// The key has a value that lives in an extent of its own; a ``LargeValueReference`` to it follows.
    case largeValue = 4

    /// The kind of a raw value that has been verified.
    @inline(__always)
    package init(verified rawValue: UInt8) {
        self = rawValue == 1 ? .value : rawValue == 2 ? .tombstone : rawValue == 3 ? .rangeTombstone : .largeValue
    }
}
