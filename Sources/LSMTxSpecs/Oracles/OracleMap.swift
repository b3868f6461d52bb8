/// A plain ordered map: an array sorted by key. What the oracles replay transactions on.
package struct OracleMap: Sendable, Equatable {
    package struct Entry: Sendable, Hashable {
        package var key: [UInt8]
        package var value: [UInt8]

        package init(key: [UInt8], value: [UInt8]) {
            self.key = key
            self.value = value
        }
    }

    package private(set) var entries: [Entry] = []

    package init() {}

    /// Where a key is, or would be.
    private func place(of key: [UInt8]) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].key.lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    package subscript(key: [UInt8]) -> [UInt8]? {
        get {
            let place = place(of: key)
            return place < entries.count && entries[place].key == key ? entries[place].value : nil
        }
        set {
            let place = place(of: key)
            let isThere = place < entries.count && entries[place].key == key
            if let newValue {
                let entry = Entry(key: key, value: newValue)
                if isThere { entries[place] = entry } else { entries.insert(entry, at: place) }
            } else if isThere {
                entries.remove(at: place)
            }
        }
    }

    private func places(in span: OracleSpan) -> Range<Int> {
        let start = place(of: span.lower)
        return start..<max(start, span.upper.map(place) ?? entries.count)
    }

    package mutating func removeAll(in span: OracleSpan) { entries.removeSubrange(places(in: span)) }

    /// The entries of a span in the order of their keys, or in the opposite one, at most `limit` of them.
    package func scan(_ span: OracleSpan, isReversed: Bool = false, limit: Int? = nil) -> [Entry] {
        let found = entries[places(in: span)]
        let limit = limit ?? .max
        return isReversed ? Array(found.reversed().prefix(limit)) : Array(found.prefix(limit))
    }
}

/// Keys from a low bound up to a high one, that one not included.
package struct OracleSpan: Sendable, Hashable {
    package var lower: [UInt8]
    /// `nil` for no bound.
    package var upper: [UInt8]?

    package init(from lower: [UInt8], upTo upper: [UInt8]?) {
        self.lower = lower
        self.upper = upper
    }

    /// One key.
    package init(_ key: [UInt8]) { self.init(from: key, upTo: key + [0]) }

    /// All keys that begin so.
    package init(prefix: [UInt8]) {
        var upper = prefix
        while upper.last == 0xFF { upper.removeLast() }
        if !upper.isEmpty { upper[upper.count - 1] += 1 }
        self.init(from: prefix, upTo: upper.isEmpty ? nil : upper)
    }

    package func overlaps(_ other: OracleSpan) -> Bool {
        let low = lower.lexicographicallyPrecedes(other.lower) ? other.lower : lower
        return [upper, other.upper].allSatisfy { $0.map { low.lexicographicallyPrecedes($0) } ?? true }
    }

    package func contains(_ key: [UInt8]) -> Bool {
        !key.lexicographicallyPrecedes(lower) && (upper.map { key.lexicographicallyPrecedes($0) } ?? true)
    }
}
