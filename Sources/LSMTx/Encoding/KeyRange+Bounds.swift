/// Ranges as the layers compare them. The standard library's comparison of arrays orders the same, but goes element by
/// element.
extension KeyRange {
    /// The smallest range that holds both. Neither is empty.
    package func hull(_ other: KeyRange) -> KeyRange {
        let lower = Self.isBefore(other.lowerBound, lowerBound) ? other.lowerBound : lowerBound
        guard let upperBound, let otherUpper = other.upperBound else { return KeyRange(from: lower) }
        return KeyRange(from: lower, upTo: Self.isBefore(upperBound, otherUpper) ? otherUpper : upperBound)
    }

    /// Whether there are keys in both. Neither is empty.
    package func overlaps(_ other: KeyRange) -> Bool {
        if let otherUpper = other.upperBound, !Self.isBefore(lowerBound, otherUpper) { return false }
        guard let upperBound else { return true }
        return Self.isBefore(other.lowerBound, upperBound)
    }

    /// Whether a key, lent, is in the range.
    package func holds(_ key: BorrowedBytes) -> Bool {
        let isBehindLower = lowerBound.withUnsafeBytes { KeyOrder.compare(BorrowedBytes($0), key) <= 0 }
        guard isBehindLower, let upperBound else { return isBehindLower }
        return upperBound.withUnsafeBytes { KeyOrder.compare(key, BorrowedBytes($0)) < 0 }
    }

    /// What both have in common; they overlap.
    package func clipped(to other: KeyRange) -> KeyRange {
        let lower = Self.isBefore(lowerBound, other.lowerBound) ? other.lowerBound : lowerBound
        guard let upperBound, let otherUpper = other.upperBound else {
            return KeyRange(from: lower, upTo: upperBound ?? other.upperBound)
        }
        return KeyRange(from: lower, upTo: Self.isBefore(upperBound, otherUpper) ? upperBound : otherUpper)
    }

    private static func isBefore(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.withUnsafeBytes { a in b.withUnsafeBytes { KeyOrder.compare(BorrowedBytes(a), BorrowedBytes($0)) < 0 } }
    }

    /// The range that contains the same keys, with bounds that are keys themselves.
    ///
    /// A bound may be one byte longer than any key, as behind the longest one. No key lies between it and what it has
    /// without that byte, so the next key from it on begins with the successor of that.
    ///
    /// - Returns: `nil` when no key is in the range.
    package var withKeysForBounds: KeyRange? {
        func next(_ bound: [UInt8]) -> [UInt8]? {
            guard bound.count > Limits.maximumKeyBytes else { return bound }
            return KeyRange(prefix: Array(bound[..<Limits.maximumKeyBytes])).upperBound
        }
        guard let lower = next(lowerBound) else { return nil }
        let range = KeyRange(from: lower, upTo: upperBound.flatMap(next))
        return range.isEmpty ? nil : range
    }
}
