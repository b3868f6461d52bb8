/// Swift source with its comments and the text of its strings replaced by spaces. Lines keep their numbers, and code
/// interpolated into strings stays.
struct CodeOnly {
    private(set) var text: [UInt8] = []
    private let source: [UInt8]
    private var index = 0

    static func of(_ source: String) -> String {
        var scanner = CodeOnly(source: [UInt8](source.utf8))
        scanner.scanCode(untilParenthesis: false)
        return String(decoding: scanner.text, as: UTF8.self)
    }

    private init(source: [UInt8]) { self.source = source }

    private func hasPrefix(_ prefix: String) -> Bool { source[index...].starts(with: prefix.utf8) }

    private mutating func keep() {
        text.append(source[index])
        index += 1
    }

    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where index < source.count {
            text.append(source[index] == UInt8(ascii: "\n") ? source[index] : UInt8(ascii: " "))
            index += 1
        }
    }

    private mutating func scanCode(untilParenthesis: Bool) {
        var depth = 0
        while index < source.count {
            if hasPrefix("//") {
                while index < source.count, source[index] != UInt8(ascii: "\n") { blank() }
            } else if hasPrefix("/*") {
                scanBlockComment()
            } else if hasPrefix("\"") || hasPrefix("#\"") || hasPrefix("##\"") {
                scanString()
            } else {
                if source[index] == UInt8(ascii: "(") { depth += 1 }
                if source[index] == UInt8(ascii: ")") {
                    if depth == 0, untilParenthesis { return }
                    depth -= 1
                }
                keep()
            }
        }
    }

    private mutating func scanBlockComment() {
        var depth = 0
        repeat {
            if hasPrefix("/*") {
                depth += 1
                blank(2)
            } else if hasPrefix("*/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && index < source.count
    }

    private mutating func scanString() {
        var pounds = ""
        while hasPrefix("#") {
            pounds += "#"
            blank()
        }
        let quotes = hasPrefix("\"\"\"") ? "\"\"\"" : "\""
        blank(quotes.count)
        while index < source.count {
            if hasPrefix(quotes + pounds) {
                blank(quotes.count + pounds.count)
                return
            }
            if hasPrefix("\\" + pounds + "(") {
                blank(2 + pounds.count)
                scanCode(untilParenthesis: true)
                blank()
            } else if quotes == "\"", source[index] == UInt8(ascii: "\n") {
                // Not a string after all, but a quotation mark in a regular expression.
                return
            } else if hasPrefix("\\" + pounds) {
                blank(2 + pounds.count)
            } else {
                blank()
            }
        }
    }
}
