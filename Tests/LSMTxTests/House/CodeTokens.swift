/// The words and the marks between them of Swift source that was freed of comments and strings.
struct CodeTokens {
    struct Token: Equatable {
        let text: Substring
        let line: Int
        var isWord: Bool { text.first.map { $0.isLetter || $0 == "_" } ?? false }
    }

    static func of(_ code: String) -> [Token] {
        var tokens: [Token] = []
        var line = 1
        var index = code.startIndex
        while index < code.endIndex {
            let character = code[index]
            if character.isLetter || character.isNumber || character == "_" {
                let end = code[index...].firstIndex { !($0.isLetter || $0.isNumber || $0 == "_") } ?? code.endIndex
                tokens.append(Token(text: code[index..<end], line: line))
                index = end
                continue
            }
            if character.isNewline {
                line += 1
            } else if !character.isWhitespace {
                tokens.append(Token(text: code[index...index], line: line))
            }
            index = code.index(after: index)
        }
        return tokens
    }
}
