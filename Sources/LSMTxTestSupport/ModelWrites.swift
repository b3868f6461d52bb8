/// What a transaction writes, reduced to what counts at its commit: every range first, then every point.
package struct ModelWrites: Sendable, ExpressibleByDictionaryLiteral {
    /// Deletes all keys from `lower` up to but not including `upper`; without it, to the end.
    package struct Range: Sendable, Equatable {
        package let lower: [UInt8]
        package let upper: [UInt8]?

        package init(lower: [UInt8], upper: [UInt8]?) {
            self.lower = lower
            self.upper = upper
        }

        package var isEmpty: Bool { upper.map { !lower.lexicographicallyPrecedes($0) } ?? false }

        package func contains(_ key: [UInt8]) -> Bool {
            !key.lexicographicallyPrecedes(lower) && (upper.map { key.lexicographicallyPrecedes($0) } ?? true)
        }

        func meets(_ other: Range) -> Bool {
            !isEmpty && !other.isEmpty && (upper.map { other.lower.lexicographicallyPrecedes($0) } ?? true)
                && (other.upper.map { lower.lexicographicallyPrecedes($0) } ?? true)
        }
    }

    /// A value, or `nil` to delete.
    package private(set) var points: [[UInt8]: [UInt8]?] = [:]
    package private(set) var ranges: [Range] = []

    package init() {}

    package init(dictionaryLiteral elements: ([UInt8], [UInt8]?)...) {
        for (key, value) in elements { points[key] = .some(value) }
    }

    package var isEmpty: Bool { points.isEmpty && ranges.isEmpty }

    /// The keys that are written one by one.
    package var keys: some Collection<[UInt8]> { points.keys }

    /// What is written to one key: a value, `.some(nil)` to delete it, `nil` for nothing.
    package subscript(key: [UInt8]) -> [UInt8]?? {
        get { points[key] }
        set { points[key] = newValue }
    }

    package mutating func put(_ key: [UInt8], _ value: [UInt8]) { points[key] = .some(value) }

    package mutating func delete(_ key: [UInt8]) { points[key] = .some(nil) }

    package mutating func delete(_ range: Range) {
        guard !range.isEmpty else { return }
        points = points.filter { !range.contains($0.key) }
        ranges.append(range)
    }

    /// What the transaction itself has made of `key`: a value, `.some(nil)` for deleted, `nil` for untouched.
    package func own(_ key: [UInt8]) -> [UInt8]?? {
        if let point = points[key] { return point }
        return ranges.contains { $0.contains(key) } ? .some(nil) : nil
    }
}
