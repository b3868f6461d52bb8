import LSMTxCLI
import LSMTxSimulation
import Testing

@Suite("A line of the shell")
struct ShellLineTests {
    private func words(_ line: String) throws -> [[UInt8]] {
        try ShellLine(Array(line.utf8)).words.map(\.bytes)
    }

    private func texts(_ line: String) throws -> [String] {
        try words(line).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func blanksSeparateWords() throws {
        #expect(try texts("  put\ta   b ") == ["put", "a", "b"])
        #expect(try texts("") == [])
        #expect(try texts(" \t ") == [])
    }

    @Test func quotesKeepBlanksAndMakeEmptyWords() throws {
        #expect(try texts("put 'a b' \"c d\"") == ["put", "a b", "c d"])
        #expect(try texts("'' \"\"") == ["", ""])
        #expect(try texts("a'b'\"c\"d") == ["abcd"])
        #expect(try texts("\"it's\" 'say \"hi\"'") == ["it's", "say \"hi\""])
    }

    @Test func escapesAreBytesExceptInSingleQuotes() throws {
        #expect(try words("\\xff\"\\x00\"") == [[0xFF, 0]])
        #expect(try texts("a\\tb \"\\n\" \\\\ \\\"  \\ x") == ["a\tb", "\n", "\\", "\"", " x"])
        #expect(try texts("'\\n'") == ["\\n"])
        #expect(try words("\\0\\r") == [[0, 13]])
    }

    @Test(arguments: [
        ("get \"a", 5, "The quote is not closed."),
        ("日本 'a", 4, "The quote is not closed."),
        ("a\\", 2, "Nothing follows the backslash."),
        ("a \\q", 3, "Unknown escape '\\q'"),
        ("a \\xg0", 3, "Two hexadecimal digits must follow"),
        ("a \"\\x0", 4, "Two hexadecimal digits must follow"),
    ])
    func anErrorNamesItsColumn(line: String, column: Int, text: String) {
        do {
            _ = try ShellLine(Array(line.utf8))
            Issue.record("'\(line)' was accepted")
        } catch {
            #expect(error.column == column, "\(line)")
            #expect(error.text.hasPrefix(text), "\(error.text)")
        }
    }

    @Test func anUnfinishedLineTellsWhereItsLastWordBegins() throws {
        let line = try ShellLine(Array("get \"a b".utf8), isUnfinished: true)
        #expect(line.isWordOpen)
        #expect(line.words.last?.bytes == Array("a b".utf8) && line.words.last?.start == 4)
        #expect(try !ShellLine(Array("get ".utf8), isUnfinished: true).isWordOpen)
        #expect(try ShellLine(Array("get a\\x4".utf8), isUnfinished: true).words.last?.bytes == Array("a".utf8))
    }

    @Test func whatIsQuotedIsReadBack() throws {
        var random = SeededGenerator(seed: 6)
        for round in 0..<2_000 {
            let special = Array("\\\"' #\t\nöx日".utf8)
            let bytes = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? special.randomElement(using: &random) ?? 0 : UInt8.random(in: 0...255, using: &random)
            }
            let word = ShellLine.word(bytes)
            #expect(try ShellLine(word).words.map(\.bytes) == [bytes], "seed 6, round \(round)")
        }
        #expect(ShellLine.word(Array("user/1".utf8)) == Array("user/1".utf8))
        #expect(ShellLine.word([0xFF]) == Array("\"\\xff\"".utf8))
    }
}
