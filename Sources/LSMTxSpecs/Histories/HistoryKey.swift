/// How a history writes a key, which may be any bytes, as text.
///
/// Printable ASCII stands for itself, `\\` for a backslash and `\xNN` for any other byte: the form that the store's
/// errors have. A history of others may have other text in its keys; it stands for its bytes in UTF-8, and so does a
/// backslash that begins neither of those.
///
/// Two keys are the same if their bytes are, and they are in the order of their bytes. Neither is true of Swift's
/// strings, in which "é" is equal to an "e" with an accent behind it.
///
/// ```swift
/// HistoryKey.text(of: [0x61, 0xFF])   // "a\\xff"
/// HistoryKey.bytes(of: "a\\xff")      // [0x61, 0xFF]
/// ```
public enum HistoryKey {
    /// The text of a key.
    ///
    /// - Parameter bytes: The key.
    /// - Returns: Printable ASCII.
    public static func text(of bytes: some Collection<UInt8>) -> String {
        if bytes.allSatisfy(isPlain) { return String(decoding: bytes, as: UTF8.self) }
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case backslash: text += [backslash, backslash]
            case 0x20...0x7E: text.append(byte)
            default: text += [backslash, UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The key that a text stands for.
    ///
    /// - Parameter text: Any text.
    /// - Returns: The key.
    public static func bytes(of text: String) -> [UInt8] {
        let source = Array(text.utf8)
        guard source.contains(backslash) else { return source }
        var bytes: [UInt8] = []
        var place = 0
        while place < source.count {
            let rest = source[place...]
            if rest.starts(with: [backslash, backslash]) {
                bytes.append(backslash)
                place += 2
            } else if rest.starts(with: [backslash, UInt8(ascii: "x")]), rest.count >= 4,
                let high = digit(source[place + 2]), let low = digit(source[place + 3])
            {
                bytes.append(high << 4 | low)
                place += 4
            } else {
                bytes.append(source[place])
                place += 1
            }
        }
        return bytes
    }

    /// The one text of a key that may be written in several ways: equal texts, equal keys.
    package static func canonical(_ text: String) -> String {
        text.utf8.allSatisfy(isPlain) ? text : self.text(of: bytes(of: text))
    }

    /// Whether a key comes before another one.
    package static func precedes(_ left: String, _ right: String) -> Bool {
        if left.utf8.allSatisfy(isPlain), right.utf8.allSatisfy(isPlain) {
            return left.utf8.lexicographicallyPrecedes(right.utf8)
        }
        return bytes(of: left).lexicographicallyPrecedes(bytes(of: right))
    }

    private static let backslash = UInt8(ascii: "\\")

    private static func isPlain(_ byte: UInt8) -> Bool { (0x20...0x7E).contains(byte) && byte != backslash }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension MicroOperation {
    /// The step with every key in its one form.
    package var canonical: MicroOperation {
        switch self {
        case .read(let key, let value): return .read(HistoryKey.canonical(key), value)
        case .write(let key, let value): return .write(HistoryKey.canonical(key), value)
        case .append(let key, let value): return .append(HistoryKey.canonical(key), value)
        case .delete(let key): return .delete(HistoryKey.canonical(key))
        case .scan(var scan):
            scan.lower = HistoryKey.canonical(scan.lower)
            scan.upper = HistoryKey.canonical(scan.upper)
            scan.pairs = scan.pairs.map { pairs in
                pairs.map { ScanRecord.Pair(key: HistoryKey.canonical($0.key), value: $0.value) }
            }
            return .scan(scan)
        }
    }
}
