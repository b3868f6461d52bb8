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
        let done: Void? = bytes.withContiguousStorageIfAvailable {
            append(UnsafeRawBufferPointer($0), controls: controls, to: &result)
        }
        if done == nil { Array(bytes).withUnsafeBytes { append($0, controls: controls, to: &result) } }
        return result
    }

    /// Appends `bytes` escaped for a terminal, or for a line.
    static func append(_ bytes: UnsafeRawBufferPointer, controls: Bool, to result: inout [UInt8]) {
        var index = 0
        while index < bytes.count {
            let start = index
            while index < bytes.count, (0x20..<0x7F).contains(bytes[index]), bytes[index] != UInt8(ascii: "\\") {
                index += 1
            }
            result.append(contentsOf: bytes[start..<index])
            guard index < bytes.count else { return }
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\\"): result += "\\\\".utf8
            case UInt8(ascii: "\t"): result += "\\t".utf8
            case UInt8(ascii: "\n"): result += "\\n".utf8
            case 0..<0x80:
                if controls { appendHex(byte, to: &result) } else { result.append(byte) }
            default:
                var iterator = bytes[index..<min(index + 4, bytes.count)].makeIterator()
                var parser = Unicode.UTF8.ForwardParser()
                guard case .valid(let scalar) = parser.parseScalar(from: &iterator) else {
                    appendHex(byte, to: &result)
                    break
                }
                // U+0080 to U+009F are control characters of two bytes.
                let isControl = controls && scalar.count == 2 && byte == 0xC2 && bytes[index + 1] < 0xA0
                for unit in bytes[index..<index + scalar.count] {
                    if isControl { appendHex(unit, to: &result) } else { result.append(unit) }
                }
                index += scalar.count
                continue
            }
            index += 1
        }
    }

    /// The bytes that an escaped text stands for: `\\`, `\t`, `\n`, `\r` and `\xNN`; everything else is itself.
    ///
    /// - Returns: `nil` when something else follows a backslash.
    package static func unescape(_ text: some Collection<UInt8>) -> [UInt8]? {
        let backslash = UInt8(ascii: "\\")
        guard var index = text.firstIndex(of: backslash) else { return Array(text) }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        result += text[..<index]
        while index < text.endIndex {
            guard text[index] == backslash else {
                let end = text[index...].firstIndex(of: backslash) ?? text.endIndex
                result += text[index..<end]
                index = end
                continue
            }
            index = text.index(after: index)
            guard index < text.endIndex else { return nil }
            let letter = text[index]
            index = text.index(after: index)
            switch letter {
            case backslash: result.append(backslash)
            case UInt8(ascii: "t"): result.append(UInt8(ascii: "\t"))
            case UInt8(ascii: "n"): result.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "r"): result.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "x"):
                let digits = text[index...].prefix(2)
                guard let byte = Hexadecimal.decode(Array(digits)), byte.count == 1 else { return nil }
                result.append(byte[0])
                index = digits.endIndex
            default: return nil
            }
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
