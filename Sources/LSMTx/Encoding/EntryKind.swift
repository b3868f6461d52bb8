/// What an entry says about its key from its timestamp on. The raw values are part of the file format.
package enum EntryKind: UInt8, Sendable {
    /// The key has the value that follows.
    case value = 1
    /// The key has no value.
    case tombstone = 2

    // 3 is reserved for range tombstones, 4 for values that live in an extent of their own.
}
