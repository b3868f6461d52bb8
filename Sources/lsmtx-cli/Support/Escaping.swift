/// Bytes as text that can be told apart and read back.
package enum Escaping {
    private static let digits = Array("0123456789abcdef".utf8)

    /// For a pipe: a backslash as `\\`, tab and newline as `\t` and `\n`, bytes that are not UTF-8 as `\xNN`.
    /// Everything else is itself.
    package static func line(_ bytes: some Collection<UInt8>) -> [UInt8] { escape(bytes, controls: false) }

    /// For a terminal: all that, and control characters too, so that stored bytes cannot steer the terminal.
    package static func terminal(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: escape(bytes, controls: true), as: UTF8.self)
    }

    private static func escape(_ bytes: some Collection<UInt8>, controls: Bool) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var rest = bytes[...]
        while let byte = rest.first {
            switch byte {
            case UInt8(ascii: "\\"): result += Array("\\\\".utf8)
            case UInt8(ascii: "\t"): result += Array("\\t".utf8)
            case UInt8(ascii: "\n"): result += Array("\\n".utf8)
            case 0x20..<0x7F: result.append(byte)
            case 0..<0x80:
                if controls { appendHex(byte, to: &result) } else { result.append(byte) }
            default:
                var iterator = rest.makeIterator()
                var parser = Unicode.UTF8.ForwardParser()
                if case .valid(let scalar) = parser.parseScalar(from: &iterator) {
                    // U+0080 to U+009F are control characters of two bytes.
                    let isControl = controls && scalar.count == 2 && byte == 0xC2 && Array(scalar)[1] < 0xA0
                    for unit in scalar {
                        if isControl { appendHex(unit, to: &result) } else { result.append(unit) }
                    }
                    rest = rest.dropFirst(scalar.count)
                    continue
                }
                appendHex(byte, to: &result)
            }
            rest = rest.dropFirst()
        }
        return result
    }

    private static func appendHex(_ byte: UInt8, to result: inout [UInt8]) {
        result += [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
}

/// Bytes as hexadecimal digits.
package enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    package static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            result.append(digits[Int(byte >> 4)])
            result.append(digits[Int(byte & 15)])
        }
        return result
    }

    /// - Returns: `nil` when `text` is not an even number of hexadecimal digits.
    package static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 2)
        for index in stride(from: 0, to: text.count, by: 2) {
            guard let high = value(text[index]), let low = value(text[index + 1]) else { return nil }
            result.append(high << 4 | low)
        }
        return result
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
