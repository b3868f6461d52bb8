/// Where the keys of a small history lie: each key is a position, and so is each gap before, between and behind them.
///
/// Of `n` keys, key `i` is position `2i + 1` and the gaps are the even ones. Gaps never hold a value, but ranges cover
/// them: two deletions of ranges may meet where there is no key.
package enum KeySpace {
    package static let keyCount = 4
    package static let positionCount = 2 * keyCount + 1

    /// The position of a key, as a set.
    package static func bit(ofKey key: Int) -> UInt32 { 1 << UInt32(2 * key + 1) }
}

/// The positions from `lower` up to but not including `upper`.
package struct KeySpan: Sendable, Equatable {
    package let lower: Int
    package let upper: Int

    package init(_ lower: Int, _ upper: Int) {
        self.lower = lower
        self.upper = upper
    }

    package var isEmpty: Bool { lower >= upper }

    /// The positions as a set.
    package var bits: UInt32 { isEmpty ? 0 : (1 << UInt32(upper)) - (1 << UInt32(lower)) }

    /// The keys in it, in order.
    package var keys: [Int] { (0..<KeySpace.keyCount).filter { lower <= 2 * $0 + 1 && 2 * $0 + 1 < upper } }
}

extension KeySpan: CustomStringConvertible {
    package var description: String { "[\(Self.name(lower)), \(Self.name(upper)))" }

    /// `a`, `b`, ... for the position of a key, `a'` for the gap behind it.
    private static func name(_ position: Int) -> String {
        guard position > 0 else { return "start" }
        guard position < KeySpace.positionCount else { return "end" }
        let key = KeyName.of((position - 1) / 2)
        return position % 2 == 1 ? key : key + "'"
    }
}

/// Keys as letters.
enum KeyName {
    static func of(_ key: Int) -> String {
        guard (0..<26).contains(key) else { return "key \(key)" }
        return String(UnicodeScalar(UInt8(ascii: "a") + UInt8(key)))
    }
}
