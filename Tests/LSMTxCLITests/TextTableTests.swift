import LSMTxCLI
import Testing

@Suite("Tables for a terminal")
struct TextTableTests {
    private static func lines(_ width: Int, _ rows: [[String]]) -> [String] {
        var text = ""
        var table = TextTable([.init("KEY"), .init("N", isNumber: true), .init("VALUE")], width: width) { text += $0 }
        for row in rows { table.add(row) }
        table.finish()
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    @Test func columnsAreAlignedByWhatTheyTakeOnAScreen() {
        #expect(
            Self.lines(40, [["a", "1", "x"], ["鍵盤", "1234", "👍"], ["e\u{301}", "22", "☕"]]) == [
                "KEY      N  VALUE", "a        1  x", "鍵盤  1234  👍", "e\u{301}       22  ☕",
            ])
    }

    @Test func whatIsTooLongEndsInAnEllipsis() {
        let long = String(repeating: "k", count: 100)
        let wide = String(repeating: "鍵", count: 100)
        for width in [30, 31, 44, 80, 120] {
            for row in [[long, "1", long], [wide, "1", wide], ["a", "1", wide]] {
                for line in Self.lines(width, [row]) {
                    #expect(TextColumnsWidth.of(line) <= width, "\(width): \(line)")
                }
            }
        }
        #expect(Self.lines(20, [["a", "1", long]])[1] == "a    1  kkkkkkkkkkk…")
    }

    @Test func noRowsAreNoTable() { #expect(Self.lines(40, []) == []) }

    @Test func manyRowsHaveOneHeading() {
        let lines = Self.lines(40, (0..<1000).map { ["k\($0)", "\($0)", "v"] })
        #expect(lines.count == 1001)
        #expect(lines.filter { $0.hasPrefix("KEY") }.count == 1)
    }

    @Test func aCellHasNoBytesThatSteerATerminal() {
        #expect(TextTable.cell([0x1B, 0x5B, 0xFF, 0x41], hex: false, width: 20) == "\\x1b[\\xffA")
        #expect(TextTable.cell([0x1B, 0x5B], hex: true, width: 20) == "1b5b")
        // U+202E turns the direction of writing round.
        #expect(TextTable.cell(Array("a\u{202E}b".utf8), hex: false, width: 20) == "a\\u{202e}b")
        #expect(TextTable.cell([UInt8](repeating: 0x61, count: 1 << 20), hex: false, width: 5) == "aaaa…")
    }
}

/// Counted on its own, for the few characters that the tests use.
private enum TextColumnsWidth {
    static func of(_ line: String) -> Int { line.reduce(0) { $0 + ($1 == "鍵" ? 2 : 1) } }
}
