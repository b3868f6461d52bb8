/// How the values of a history are stored.
enum StoredValue {
    /// A number in decimal, text as it is, a list as its elements with spaces between, in brackets.
    static func bytes(of value: HistoryValue) -> [UInt8] {
        switch value {
        case .integer(let number): Array("\(number)".utf8)
        case .text(let text): Array(text.utf8)
        case .list(let elements):
            Array("[".utf8) + elements.map(bytes).joined(separator: [UInt8(ascii: " ")]) + Array("]".utf8)
        }
    }

    static func value(of bytes: [UInt8]) -> HistoryValue {
        if bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]") {
            return .list(bytes.dropFirst().dropLast().split(separator: UInt8(ascii: " ")).map { scalar($0) })
        }
        return scalar(bytes[...])
    }

    private static func scalar(_ bytes: ArraySlice<UInt8>) -> HistoryValue {
        let text = String(decoding: bytes, as: UTF8.self)
        return Int(text).map(HistoryValue.integer) ?? .text(text)
    }
}
