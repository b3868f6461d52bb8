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
                let count = scalarBytes(bytes, at: index)
                guard count > 0 else {
                    appendHex(byte, to: &result)
                    break
                }
                // U+0080 to U+009F are control characters of two bytes.
                let isControl = controls && count == 2 && byte == 0xC2 && bytes[index + 1] < 0xA0
                for unit in bytes[index..<index + count] {
                    if isControl { appendHex(unit, to: &result) } else { result.append(unit) }
                }
                index += count
                continue
            }
            index += 1
        }
    }

    /// The bytes that an escaped text stands for: `\\`, `\t`, `\n`, `\r` and `\xNN`; everything else is itself.
    ///
    /// - Returns: `nil` when something else follows a backslash.
    package static func unescape(_ text: some Collection<UInt8>) -> [UInt8]? {
        var unescaper = Unescaper()
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        let isRight: Bool =
            text.withContiguousStorageIfAvailable { unescaper.add(UnsafeRawBufferPointer($0), to: &result) }
            ?? Array(text).withUnsafeBytes { unescaper.add($0, to: &result) }
        return isRight && unescaper.isComplete ? result : nil
    }

    /// How many bytes the character of two to four bytes has that begins here; 0 when none does. The standard library's
    /// parser takes 30 ns for each byte that is none.
    private static func scalarBytes(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
        let byte = bytes[index]
        let count: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch byte {
        case 0xC2...0xDF: count = 2
        case 0xE0...0xEF:
            count = 3
            // Neither overlong, nor a surrogate.
            if byte == 0xE0 { second = 0xA0...0xBF } else if byte == 0xED { second = 0x80...0x9F }
        case 0xF0...0xF4:
            count = 4
            // Neither overlong, nor past the last character.
            if byte == 0xF0 { second = 0x90...0xBF } else if byte == 0xF4 { second = 0x80...0x8F }
        default: return 0
        }
        guard index + count <= bytes.count, second.contains(bytes[index + 1]) else { return 0 }
        for place in index + 2..<index + max(count, 2) where bytes[place] & 0xC0 != 0x80 { return 0 }
        return count
    }

    private static func appendHex(_ byte: UInt8, to result: inout [UInt8]) {
        result.append(UInt8(ascii: "\\"))
        result.append(UInt8(ascii: "x"))
        result.append(digits[Int(byte >> 4)])
        result.append(digits[Int(byte & 15)])
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

    static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
