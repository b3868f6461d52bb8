extension Spec {
    /// Reads a spec.
    ///
    /// - Parameters:
    ///   - source: The text.
    ///   - file: What the text is called in errors.
    /// - Throws: All that is wrong with it, up to ``SpecErrors/maximum`` errors.
    /// - Complexity: Linear in the length of the text.
    public init(parsing source: String, file: String = "spec") throws(SpecErrors) {
        var parser = SpecParser(source, file: file)
        self = try parser.parse()
    }

    /// Reads a spec from UTF-8.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - file: What the text is called in errors.
    /// - Throws: All that is wrong with it, up to ``SpecErrors/maximum`` errors.
    /// - Complexity: Linear in the length of the text.
    public init(parsing bytes: [UInt8], file: String = "spec") throws(SpecErrors) {
        if let source = String(validating: bytes, as: UTF8.self) {
            try self.init(parsing: source, file: file)
            return
        }
        // Repaired, a line is no longer what it was; so the first such line is found before anything else is looked at.
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
        throw SpecErrors(errors: [
            SpecError(
                file: file, position: SourcePosition(line: line + 1), length: 1, found: "bytes that are not UTF-8",
                expected: "text", hint: "write other bytes as \\xNN in a string",
                sourceLine: String(decoding: lines[line], as: UTF8.self))
        ])
    }
}

/// Reads a spec line by line. What is wrong in a line ends that line, and reading goes on with the next one.
struct SpecParser {
    /// What kind of lines can stand where a line stands.
    enum Section { case start, meta, setup, schedule, programs, counts }

    /// What ends a line.
    struct Failure: Error {
        var token: SpecToken
        /// How the token is named, where its text alone says too little.
        var found: String?
        var expected: String
        var hint: String?
    }

    private let lexer: SpecLexer
    private let lines: [SpecLine]
    private(set) var errors: [SpecError] = []

    var spec = Spec(name: "")
    var section = Section.start
    var programs: [Spec.Program] = []
    var scope = SpecScope()
    /// Metadata and sections that can be there only once, and are.
    var seen: Set<String> = []

    private var tokens: [SpecToken] = []
    private var index = 0

    init(_ source: String, file: String) {
        var lexer = SpecLexer(source, file: file)
        lines = lexer.tokenise()
        self.lexer = lexer
    }

    mutating func parse() throws(SpecErrors) -> Spec {
        for line in lines where errors.count < SpecErrors.maximum {
            tokens = line.tokens
            index = 0
            if let error = line.error { errors.append(error) }
            do throws(Failure) {
                try parseLine()
                try endOfLine()
            } catch {
                // Of a line that could not be read to its end, that is all there is to say.
                if line.error == nil { record(error) }
            }
        }
        if errors.count < SpecErrors.maximum { checkEnd() }
        if !errors.isEmpty {
            // Stable: of two at one place, the first one that was found stays first.
            let sorted = errors.enumerated().sorted {
                ($0.element.position, $0.offset) < ($1.element.position, $1.offset)
            }
            throw SpecErrors(errors: sorted.prefix(SpecErrors.maximum).map(\.element))
        }
        return spec
    }

    private mutating func checkEnd() {
        if section == .start {
            let token = SpecToken(kind: .end, position: SourcePosition(), length: 1)
            report(token, found: "no spec", expected: "\"spec\" and its name in quotes")
        }
        if let program = programs.first, section == .programs {
            let token = SpecToken(kind: .end, position: program.position, length: "session".count)
            report(
                token, found: "sessions that are not explored",
                expected: "\"explore all\", or \"explore sample N seed S\", after them")
        }
    }

    // MARK: Errors

    /// Reports what does not keep the line from being read on.
    mutating func report(_ token: SpecToken, found: String? = nil, expected: String, hint: String? = nil) {
        record(Failure(token: token, found: found, expected: expected, hint: hint))
    }

    private mutating func record(_ failure: Failure) {
        guard errors.count < SpecErrors.maximum else { return }
        let token = failure.token
        errors.append(
            SpecError(
                file: lexer.file, position: token.position, length: token.length,
                found: failure.found ?? described(token), expected: failure.expected, hint: failure.hint,
                sourceLine: lexer.text(line: token.position.line)))
    }

    private func described(_ token: SpecToken) -> String {
        switch token.kind {
        case .end: "the end of the line"
        case .string: lexer.text(of: token)
        default: "\"\(lexer.text(of: token))\""
        }
    }

    /// What is said when a token is not what it should be, with the word that may have been meant.
    func unexpected(
        _ token: SpecToken, expected: String, among candidates: some Sequence<String> = [], else hint: String? = nil
    ) -> Failure {
        var meant = hint
        if case .word(let word) = token.kind, let closest = SpecWords.closest(to: word, among: candidates) {
            meant = "did you mean \"\(closest)\"?"
        }
        return Failure(token: token, expected: expected, hint: meant)
    }

    // MARK: Tokens

    /// The token that is read next. The last one of a line, `end`, stays.
    var current: SpecToken { tokens[index] }

    /// The word that is read next.
    var currentWord: String? {
        if case .word(let word) = current.kind { word } else { nil }
    }

    /// The token before the one that is read next.
    var previous: SpecToken { tokens[max(0, index - 1)] }

    /// Whether a token of a kind comes before the next `|` and the end.
    func isAhead(_ kind: SpecToken.Kind) -> Bool {
        for token in tokens[index...] {
            if token.kind == kind { return true }
            if token.kind == .bar { return false }
        }
        return false
    }

    mutating func advance() {
        if index < tokens.count - 1 { index += 1 }
    }

    mutating func accept(_ kind: SpecToken.Kind) -> Bool {
        guard current.kind == kind else { return false }
        advance()
        return true
    }

    mutating func accept(word: String) -> Bool { accept(.word(word)) }

    mutating func expect(_ kind: SpecToken.Kind, _ expected: String) throws(Failure) {
        guard accept(kind) else { throw unexpected(current, expected: expected) }
    }

    mutating func word(_ expected: String, among candidates: some Sequence<String> = []) throws(Failure) -> String {
        guard let word = currentWord else { throw unexpected(current, expected: expected, among: candidates) }
        advance()
        return word
    }

    /// A key: a word or a string.
    mutating func bytes(_ expected: String) throws(Failure) -> [UInt8] {
        switch current.kind {
        case .word(let word):
            advance()
            return Array(word.utf8)
        case .string(let bytes):
            advance()
            return bytes
        default: throw unexpected(current, expected: expected)
        }
    }

    /// A string that is text.
    mutating func text(_ expected: String) throws(Failure) -> String {
        guard case .string(let bytes) = current.kind else {
            throw unexpected(current, expected: expected, else: currentWord.map { "put it in quotes: \"\($0)\"" })
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(token: current, expected: "UTF-8")
        }
        advance()
        return text
    }

    /// A whole number that is not negative.
    mutating func number<Number: FixedWidthInteger>(
        _ expected: String, from least: Number = 0
    ) throws(Failure) -> Number {
        guard case .word(let word) = current.kind, word.utf8.allSatisfy({ (48...57).contains($0) }) else {
            throw unexpected(current, expected: expected)
        }
        guard let number = Number(word) else {
            throw unexpected(current, expected: "\(expected), up to \(Number.max)")
        }
        guard number >= least else { throw unexpected(current, expected: "\(expected), \(least) at least") }
        advance()
        return number
    }

    private mutating func endOfLine() throws(Failure) {
        guard current.kind != .end else { return }
        throw unexpected(
            current, expected: "the end of the line", among: ["as", "limit", "reverse"],
            else: currentWord != nil ? "keys and values with blanks are put in quotes" : nil)
    }
}
