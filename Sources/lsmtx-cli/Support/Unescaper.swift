/// Turns escaped text, or hexadecimal digits, back into bytes; the text may come in pieces that end anywhere.
struct Unescaper {
    private enum State {
        case text
        case backslash
        /// After `\x`, or within hexadecimal text.
        case high
        case low(UInt8)
    }

    private var state: State
    private let isHexadecimal: Bool

    /// - Parameter hex: Whether the text is nothing but digits.
    init(hex: Bool = false) {
        isHexadecimal = hex
        state = hex ? .high : .text
    }

    /// Whether the text may end here.
    var isComplete: Bool {
        switch state {
        case .text: true
        case .high: isHexadecimal
        case .backslash, .low: false
        }
    }

    /// Appends what `text` stands for.
    ///
    /// - Returns: `false` when it stands for nothing.
    mutating func add(_ text: UnsafeRawBufferPointer, to result: inout [UInt8]) -> Bool {
        var index = 0
        while index < text.count {
            switch state {
            case .text:
                let start = index
                while index < text.count, text[index] != UInt8(ascii: "\\") { index += 1 }
                result.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[start..<index]))
                guard index < text.count else { return true }
                state = .backslash
            case .backslash:
                state = .text
                switch text[index] {
                case UInt8(ascii: "\\"): result.append(UInt8(ascii: "\\"))
                case UInt8(ascii: "t"): result.append(UInt8(ascii: "\t"))
                case UInt8(ascii: "n"): result.append(UInt8(ascii: "\n"))
                case UInt8(ascii: "r"): result.append(UInt8(ascii: "\r"))
                case UInt8(ascii: "x"): state = .high
                default: return false
                }
            case .high:
                guard let digit = Hexadecimal.value(text[index]) else { return false }
                state = .low(digit << 4)
            case .low(let high):
                guard let digit = Hexadecimal.value(text[index]) else { return false }
                result.append(high | digit)
                state = isHexadecimal ? .high : .text
            }
            index += 1
        }
        return true
    }
}
