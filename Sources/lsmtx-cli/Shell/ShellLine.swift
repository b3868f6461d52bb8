/// The words of a line of the shell. Blanks separate them; quotes and escapes let any bytes be in them:
///
/// - in single quotes everything stands for itself;
/// - in double quotes and outside of quotes, `\xNN` is a byte, and `\n`, `\t`, `\r`, `\0`, `\\`, `\"`, `\'` and a backslash
///   before a blank are what one expects;
/// - quoted and other parts that touch are one word.
///
/// What `scan` writes, escaped, is therefore read back in double quotes.
package struct ShellLine: Equatable {
    package struct Word: Equatable {
        package var bytes: [UInt8] = []
        /// Where its first byte, or quote, stands in the line.
        package var start: Int
    }

    /// A line that cannot be split.
    package struct Problem: Error, Equatable {
        /// In characters, from 1.
        package let column: Int
        package let text: String

        package var description: String { "column \(column): \(text)" }
    }

    package private(set) var words: [Word] = []
    /// Whether the last word goes on at the line's end: no blank has come after it.
    package private(set) var isWordOpen = false

    private let line: [UInt8]
    private var position = 0

    /// - Parameters:
    ///   - line: The line, without a newline.
    ///   - isUnfinished: Whether a quote may be left open, as while it is being typed.
    package init(_ line: [UInt8], isUnfinished: Bool = false) throws(Problem) {
        self.line = line
        while position < line.count {
            let byte = line[position]
            if Self.isBlank(byte) {
                isWordOpen = false
                position += 1
                continue
            }
            if !isWordOpen { words.append(Word(start: position)) }
            isWordOpen = true
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""): try quoted(by: byte, isUnfinished)
            case UInt8(ascii: "\\"): try escaped(isUnfinished)
            default:
                words[words.count - 1].bytes.append(byte)
                position += 1
            }
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private mutating func quoted(by quote: UInt8, _ isUnfinished: Bool) throws(Problem) {
        let start = position
        position += 1
        while position < line.count {
            let byte = line[position]
            if byte == quote {
                position += 1
                return
            }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                try escaped(isUnfinished)
            } else {
                words[words.count - 1].bytes.append(byte)
                position += 1
            }
        }
        if !isUnfinished { throw problem(at: start, "The quote is not closed.") }
    }

    private mutating func escaped(_ isUnfinished: Bool) throws(Problem) {
        let start = position
        guard start + 1 < line.count else {
            position += 1
            if isUnfinished { return }
            throw problem(at: start, "Nothing follows the backslash. Write '\\\\' for the backslash itself.")
        }
        let code = line[start + 1]
        position += 2
        let byte: UInt8
        switch code {
        case UInt8(ascii: "n"): byte = 0x0A
        case UInt8(ascii: "t"): byte = 0x09
        case UInt8(ascii: "r"): byte = 0x0D
        case UInt8(ascii: "0"): byte = 0
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: " "), 0x09: byte = code
        case UInt8(ascii: "x"):
            let digits = line[position...].prefix(2)
            guard let decoded = Hexadecimal.decode(Array(digits)), decoded.count == 1 else {
                if isUnfinished, position + digits.count == line.count {
                    position = line.count
                    return
                }
                throw problem(at: start, "Two hexadecimal digits must follow '\\x'.")
            }
            position += 2
            byte = decoded[0]
        default:
            let scalar = String(decoding: line[(start + 1)...], as: UTF8.self).prefix(1)
            throw problem(
                at: start,
                "Unknown escape '\\\(Escaping.terminal(Array(scalar.utf8)))', expected \\xNN, \\n, \\t, \\r, \\0 or \\\\."
            )
        }
        words[words.count - 1].bytes.append(byte)
    }

    private func problem(at offset: Int, _ text: String) -> Problem {
        Problem(column: String(decoding: line[..<offset], as: UTF8.self).count + 1, text: text)
    }

    /// A word that is read back as `bytes`.
    ///
    /// - Parameters:
    ///   - bytes: Any bytes.
    ///   - isOpen: Whether more will be typed behind it: then quotes are not closed, and not begun for nothing.
    package static func word(_ bytes: [UInt8], isOpen: Bool = false) -> [UInt8] {
        let special = Set("\\\"' #".utf8)
        let text = Array(Escaping.terminal(bytes).utf8)
        let isPlain = text == bytes && !bytes.contains { special.contains($0) } && (isOpen || !bytes.isEmpty)
        guard !isPlain else { return bytes }
        let quote = UInt8(ascii: "\"")
        let inside = text.flatMap { $0 == quote ? [UInt8(ascii: "\\"), quote] : [$0] }
        return [quote] + inside + (isOpen ? [] : [quote])
    }
}
