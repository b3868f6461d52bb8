/// Finds entries by the hash of their key: open addressing over numbers of entries, which the owner keeps.
///
/// While there are few, the owner's walk over them is as good: up to ``linearLimit`` the index stays empty.
struct EntryIndex {
    /// Up to this many entries are searched one by one.
    static let linearLimit = 8
    private static let smallest = 32

    /// Entry numbers plus one; 0 is free. A power of two of them, at most half full.
    private var buckets: [UInt32] = []

    var isEmpty: Bool { buckets.isEmpty }

    /// Whether `count` entries need a rebuild before the next of them is entered.
    func isFull(for count: Int) -> Bool { buckets.count < count * 2 }

    /// The entry of `hash` for which `isMatch` is true.
    @inline(__always)
    func find(_ hash: UInt64, _ isMatch: (Int) -> Bool) -> Int? {
        let mask = buckets.count - 1
        var bucket = Int(truncatingIfNeeded: hash) & mask
        while buckets[bucket] != 0 {
            let entry = Int(buckets[bucket]) - 1
            if isMatch(entry) { return entry }
            bucket = (bucket + 1) & mask
        }
        return nil
    }

    /// Enters an entry; in place of `known`, which has the same hash, if there is one.
    mutating func insert(_ entry: Int, hash: UInt64, replacing known: Int? = nil) {
        let mask = buckets.count - 1
        var bucket = Int(truncatingIfNeeded: hash) & mask
        while buckets[bucket] != 0 {
            if let known, Int(buckets[bucket]) - 1 == known { break }
            bucket = (bucket + 1) & mask
        }
        buckets[bucket] = UInt32(entry + 1)
    }

    /// Forgets all, and makes place for `count` entries and as many more.
    mutating func reset(for count: Int) {
        var size = Self.smallest
        while size < count * 4 { size *= 2 }
        buckets = [UInt32](repeating: 0, count: size)
    }

    mutating func removeAll() { buckets = [] }
}
