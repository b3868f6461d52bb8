/// A half-open range of keys: from its low bound, inclusive, up to its high bound, exclusive.
///
/// Keys are ordered by their unsigned bytes, a shorter key before a longer one that it begins.
///
/// ```swift
/// let users = KeyRange(prefix: "user/")
/// let some = KeyRange(from: Array("a".utf8), upTo: Array("m".utf8))
/// ```
public struct KeyRange: Sendable, Hashable {
    /// The first key that is in the range, if it is not empty.
    public let lowerBound: [UInt8]
    /// The first key past the range; `nil` when there is no end.
    public let upperBound: [UInt8]?

    /// Every key.
    public static let all = KeyRange()

    /// Makes a range from its bounds. A range whose bounds are the wrong way round is empty.
    ///
    /// - Parameters:
    ///   - lower: The first key in the range; the empty key by default, which is the first of all.
    ///   - upper: The first key past the range; `nil` for no end.
    public init(from lower: [UInt8] = [], upTo upper: [UInt8]? = nil) {
        lowerBound = lower
        upperBound = upper
    }

    /// Makes the range of all keys that begin with `prefix`.
    ///
    /// - Parameter prefix: The bytes that every key in the range begins with; the empty prefix gives ``all``.
    public init(prefix: some ByteSource) {
        let bytes = prefix.withBytes { span in span.withUnsafeBytes { [UInt8]($0) } }
        lowerBound = bytes
        upperBound = Self.successor(ofPrefix: bytes)
    }

    /// The first key after all that begin with `prefix`: its last byte below 255 is raised and the rest cut off.
    /// There is none when every byte is 255.
    private static func successor(ofPrefix prefix: [UInt8]) -> [UInt8]? {
        guard let last = prefix.lastIndex(where: { $0 < .max }) else { return nil }
        var upper = Array(prefix[...last])
        upper[last] += 1
        return upper
    }

    /// Whether `key` is in the range.
    ///
    /// - Parameter key: Any key.
    /// - Returns: Whether it is neither below the low bound nor at the high one or above.
    /// - Complexity: O(the length of the bounds).
    public func contains(_ key: some ByteSource) -> Bool {
        key.withBytes { span in
            span.withUnsafeBytes { bytes in
                guard !bytes.lexicographicallyPrecedes(lowerBound) else { return false }
                guard let upperBound else { return true }
                return bytes.lexicographicallyPrecedes(upperBound)
            }
        }
    }

    /// Whether no key can be in the range.
    public var isEmpty: Bool {
        guard let upperBound else { return false }
        return !lowerBound.lexicographicallyPrecedes(upperBound)
    }
}

extension KeyRange {
    /// The one key that can be in the range, which then ends with that key followed by a zero byte.
    package var onlyKey: [UInt8]? {
        guard let upper = upperBound, upper.last == 0, upper.count == lowerBound.count + 1,
            upper.starts(with: lowerBound)
        else { return nil }
        return lowerBound
    }

    /// What errors say of it: `key k`, or `keys [a, m)`.
    package var words: String { onlyKey.map { "key \(Self.escaped($0))" } ?? "keys \(self)" }
}

extension KeyRange: CustomStringConvertible {
    /// The bounds, with bytes that are not printable ASCII as `\xNN`.
    public var description: String {
        "[\(Self.escaped(lowerBound)), \(upperBound.map(Self.escaped) ?? "end"))"
    }

    /// `bytes` as printable ASCII, everything else as `\xNN`.
    package static func escaped(_ bytes: some Sequence<UInt8>) -> String {
        let hexDigits = Array("0123456789abcdef")
        var text = ""
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\\"): text += "\\\\"
            case 0x20...0x7e: text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                text += "\\x"
                text.append(hexDigits[Int(byte >> 4)])
                text.append(hexDigits[Int(byte & 15)])
            }
        }
        return text
    }
}
