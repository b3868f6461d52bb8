/// A part of a spec's text.
struct SpecToken {
    enum Kind: Equatable {
        case word(String)
        case string([UInt8])
        case variable(String, plus: Int)
        case arrow, bar, colon, semicolon, comma, equals, opening, closing, atMost
        case end
    }

    var kind: Kind
    var position: SourcePosition
    var length: Int
}

/// Tokens up to where a line's end counts, the last one of kind `end`, and what could not be read.
struct SpecLine {
    var tokens: [SpecToken]
    /// What is wrong; the tokens are those before it.
    var error: SpecError?
}

/// Cuts a text into lines of tokens.
///
/// A line that begins with `->`, `|` or `;` goes on with the one before it, comments and empty lines between them left
/// out. Everything else that the end of a line means is up to the parser.
struct SpecLexer {
    let file: String
    private let lines: [Substring.UnicodeScalarView]

    private var number = 0
    private var scalars: [Unicode.Scalar] = []
    private var index = 0

    /// Splits a text into lines. A carriage return before a line's end is white space as everywhere else.
    init(_ source: String, file: String) {
        self.file = file
        lines = source.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// A line as it stands in the text, from 1, without its end.
    func text(line: Int) -> String {
        guard lines.indices.contains(line - 1) else { return "" }
        var text = String(lines[line - 1])
        if text.unicodeScalars.last == "\r" { text.unicodeScalars.removeLast() }
        return text
    }

    /// What a token is in the text.
    func text(of token: SpecToken) -> String {
        let line = text(line: token.position.line).unicodeScalars
        return String(String.UnicodeScalarView(line.dropFirst(token.position.column - 1).prefix(token.length)))
    }

    /// All lines that hold anything.
    mutating func tokenise() -> [SpecLine] {
        var found: [SpecLine] = []
        for line in lines.indices {
            number = line + 1
            scalars = Array(lines[line])
            index = 0
            let next = tokeniseLine()
            if next.tokens.count == 1, next.error == nil { continue }
            if let first = next.tokens.first, [.arrow, .bar, .semicolon].contains(first.kind), !found.isEmpty,
                found[found.count - 1].error == nil
            {
                found[found.count - 1].tokens.removeLast()
                found[found.count - 1].tokens += next.tokens
                found[found.count - 1].error = next.error
            } else {
                found.append(next)
            }
        }
        return found
    }

    private mutating func tokeniseLine() -> SpecLine {
        var tokens: [SpecToken] = []
        var end = SourcePosition(line: number)
        do throws(SpecError) {
            while let token = try nextToken() {
                tokens.append(token)
                end.column = index + 1
            }
        } catch {
            tokens.append(SpecToken(kind: .end, position: end, length: 1))
            return SpecLine(tokens: tokens, error: error)
        }
        tokens.append(SpecToken(kind: .end, position: end, length: 1))
        return SpecLine(tokens: tokens)
    }

    private var scalar: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }
    private var following: Unicode.Scalar? { index + 1 < scalars.count ? scalars[index + 1] : nil }

    private func error(from start: Int, to end: Int, found: String, expected: String, hint: String? = nil) -> SpecError
    {
        SpecError(
            file: file, position: SourcePosition(line: number, column: start + 1), length: max(1, end - start),
            found: found, expected: expected, hint: hint, sourceLine: text(line: number))
    }

    private mutating func nextToken() throws(SpecError) -> SpecToken? {
        while let blank = scalar, blank == " " || blank == "\t" || blank == "\r" { index += 1 }
        guard let first = scalar, first != "#" else { return nil }
        let start = index
        let kind: SpecToken.Kind
        switch first {
        case "|": kind = single(.bar)
        case ":": kind = single(.colon)
        case ";": kind = single(.semicolon)
        case ",": kind = single(.comma)
        case "=": kind = single(.equals)
        case "[": kind = single(.opening)
        case "]": kind = single(.closing)
        case "<" where following == "=":
            index += 2
            kind = .atMost
        case "-" where following == ">":
            index += 2
            kind = .arrow
        case "\"": kind = .string(try string())
        case "$": kind = try variable()
        case _ where SpecWords.isPart(first): kind = .word(word())
        default:
            throw error(
                from: start, to: start + 1, found: "the character \(Self.shown(first))",
                expected: "a word or a string", hint: "words are ASCII; put other text in quotes")
        }
        return SpecToken(
            kind: kind, position: SourcePosition(line: number, column: start + 1), length: index - start)
    }

    private mutating func single(_ kind: SpecToken.Kind) -> SpecToken.Kind {
        index += 1
        return kind
    }

    private mutating func word() -> String {
        var word = String.UnicodeScalarView()
        while let part = scalar, SpecWords.isPart(part), !(part == "-" && following == ">") {
            word.append(part)
            index += 1
        }
        return String(word)
    }

    private mutating func string() throws(SpecError) -> [UInt8] {
        let start = index
        index += 1
        var bytes: [UInt8] = []
        while let part = scalar {
            switch part {
            case "\"":
                index += 1
                return bytes
            case "\\": bytes.append(try escape())
            default:
                bytes += UTF8.encode(part).map(Array.init) ?? []
                index += 1
            }
        }
        throw error(
            from: start, to: scalars.count, found: "a string without an end", expected: "a quote before the line's end")
    }

    private mutating func escape() throws(SpecError) -> UInt8 {
        let start = index
        index += 2
        guard start + 1 < scalars.count else {
            throw error(
                from: start, to: start + 1, found: "a lone backslash", expected: "\\xNN, \\\", \\\\, \\n or \\t")
        }
        switch scalars[start + 1] {
        case "\"": return UInt8(ascii: "\"")
        case "\\": return UInt8(ascii: "\\")
        case "n": return UInt8(ascii: "\n")
        case "t": return UInt8(ascii: "\t")
        case "x":
            let digits = scalars[index...].prefix(2).map(Character.init)
            // Two digits are asked for one by one: UInt8 also takes signs.
            guard digits.count == 2, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }),
                let byte = UInt8(String(digits), radix: 16)
            else {
                throw error(
                    from: start, to: index, found: "\\x without a number",
                    expected: "two hexadecimal digits after it")
            }
            index += 2
            return byte
        default:
            throw error(
                from: start, to: start + 2, found: "the escape \\\(Self.shown(scalars[start + 1]))",
                expected: "\\xNN, \\\", \\\\, \\n or \\t")
        }
    }

    private mutating func variable() throws(SpecError) -> SpecToken.Kind {
        let start = index
        index += 1
        var name = String.UnicodeScalarView()
        while let part = scalar, SpecWords.isPartOfName(part) {
            name.append(part)
            index += 1
        }
        guard !name.isEmpty else {
            throw error(from: start, to: index, found: "$ without a name", expected: "the name of a variable after it")
        }
        guard let sign = scalar, sign == "+" || (sign == "-" && following != ">") else {
            return .variable(String(name), plus: 0)
        }
        index += 1
        var digits = String.UnicodeScalarView()
        while let part = scalar, SpecWords.isPart(part) {
            digits.append(part)
            index += 1
        }
        let number = String(digits)
        guard number.utf8.allSatisfy({ (48...57).contains($0) }), let plus = Int(sign == "-" ? "-" + number : number)
        else {
            throw self.error(
                from: start, to: index, found: "$\(String(name))\(sign)\(number)",
                expected: "a whole number after the sign")
        }
        return .variable(String(name), plus: plus)
    }

    /// A scalar as it can be shown, by its number if need be.
    private static func shown(_ scalar: Unicode.Scalar) -> String {
        let isShown = scalar.value > 0x20 && scalar.value != 0x7F && !(0x80...0xA0).contains(scalar.value)
        return isShown ? String(scalar) : "U+" + String(scalar.value, radix: 16, uppercase: true)
    }
}
