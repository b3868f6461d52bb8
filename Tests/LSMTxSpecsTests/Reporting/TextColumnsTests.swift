import LSMTxSpecs
import Testing

@Suite("Text by columns")
struct TextColumnsTests {
    @Test(arguments: [
        ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("鍵盤", 4), ("한글", 4), ("ｱ", 1), ("Ａ", 2), ("👍", 2), ("→", 1),
        ("☕", 2),
        ("🇩🇪", 2), ("\u{1112}\u{1161}\u{11AB}", 2), ("🪿", 2), ("©", 1),
    ])
    func widthCountsWideCharactersTwice(text: String, width: Int) {
        #expect(TextColumns.width(of: text) == width)
    }

    @Test func paddingGoesUpToTheWidthAndNeverCuts() {
        #expect(TextColumns.padded("鍵", to: 4) == "鍵  ")
        #expect(TextColumns.padded("abc", to: 2) == "abc")
    }

    @Test func linesAreBrokenAtBlanksAndLongWordsAnywhere() {
        #expect(TextColumns.wrapped("put x 1", to: 5) == ["put x", "1"])
        #expect(TextColumns.wrapped("鍵盤鍵盤", to: 5) == ["鍵盤", "鍵盤"])
        #expect(TextColumns.wrapped("", to: 5) == [""])
        for width in 2...30 {
            let text = "scan aaaaaaaaaaaaaaaaaaaa 鍵盤鍵盤鍵盤 → [a=1, b=2]"
            let lines = TextColumns.wrapped(text, to: width)
            #expect(lines.allSatisfy { TextColumns.width(of: $0) <= width }, "\(width)")
            #expect(lines.joined().filter { $0 != " " } == text.filter { $0 != " " }, "\(width)")
        }
    }

    @Test func aLongTextIsWrappedInLinearTime() {
        let text = String(repeating: "鍵x", count: 100_000)
        #expect(TextColumns.wrapped(text, to: 80).joined() == text)
    }

    @Test func whatIsTooLongEndsInAnEllipsis() {
        #expect(TextColumns.shortened("abc", to: 3) == "abc")
        #expect(TextColumns.shortened("abcd", to: 3) == "ab…")
        #expect(TextColumns.shortened("鍵盤鍵盤", to: 4) == "鍵…")
    }

    @Test func nothingThatSteersATerminalIsLeft() {
        let text = TextColumns.printable("a\u{1B}[31m\n\t\u{202E}\u{9B}鍵")
        #expect(text == "a\\x1b[31m\\n\\t\\u{202e}\\x9b鍵")
    }
}
