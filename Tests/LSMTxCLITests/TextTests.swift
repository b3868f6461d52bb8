import LSMTxCLI
import LSMTxSimulation
import Testing

@Suite("Bytes as text")
struct TextTests {
    @Test func aLineEscapesBackslashTabNewlineAndWhatIsNotUTF8() {
        #expect(escaped("a\\b\tc\nd") == "a\\\\b\\tc\\nd")
        #expect(escaped("naïve 🦆\u{1B}") == "naïve 🦆\u{1B}")
        #expect(
            String(decoding: Escaping.line([0x61, 0xFF, 0xC3, 0x28, 0xE2, 0x82]), as: UTF8.self)
                == "a\\xff\\xc3(\\xe2\\x82")
        // A surrogate and an overlong form are not UTF-8.
        #expect(
            String(decoding: Escaping.line([0xED, 0xA0, 0x80, 0xC0, 0x80]), as: UTF8.self)
                == "\\xed\\xa0\\x80\\xc0\\x80")
    }

    @Test func aTerminalGetsNoControlCharacters() {
        #expect(Escaping.terminal(Array("\u{1B}[2J\r\u{7F}\u{9B}ok é".utf8)) == "\\x1b[2J\\x0d\\x7f\\xc2\\x9bok é")
    }

    @Test func everyByteStringEscapesToDistinctUTF8() {
        var generator = SeededGenerator(seed: 7)
        var seen: [[UInt8]: [UInt8]] = [:]
        for _ in 0..<20_000 {
            let alphabet: [UInt8] = [0x5C, 0x09, 0x0A, 0x78, 0x66, 0xC3, 0xA9, 0xFF, 0xE2, 0x82, 0xAC, 0x74]
            let bytes = (0..<Int.random(in: 0..<6, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator)!
            }
            let line = Escaping.line(bytes)
            #expect(String(validating: line, as: UTF8.self) != nil)
            #expect(!line.contains(0x09) && !line.contains(0x0A))
            #expect(seen.updateValue(bytes, forKey: line) ?? bytes == bytes, "seed 7: \(bytes)")
        }
    }

    @Test func whatWasEscapedComesBackAndOnlyWhatIsNotUTF8IsEscaped() {
        var generator = SeededGenerator(seed: 8)
        // Where characters of two to four bytes begin, go on, and cannot begin.
        let edges: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
            0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        for _ in 0..<40_000 {
            let bytes = (0..<Int.random(in: 0..<6, using: &generator)).map { _ in
                edges.randomElement(using: &generator)!
            }
            #expect(Escaping.unescape(Escaping.line(bytes)) == bytes, "seed 8: \(bytes)")
            #expect(Escaping.unescape(Array(Escaping.terminal(bytes).utf8)) == bytes, "seed 8: \(bytes)")
            let isText = String(validating: bytes, as: UTF8.self) != nil
            #expect((Escaping.line(bytes) == bytes) == isText, "seed 8: \(bytes)")
        }
    }

    @Test(arguments: ["\\", "a\\", "\\x", "\\x4", "\\xg0", "\\x0g", "\\q", "\\\\\\", "\\X41"])
    func whatIsNoEscapeIsNotRead(text: String) { #expect(Escaping.unescape(text.utf8) == nil) }

    @Test func escapesAreReadInEitherCase() {
        #expect(Escaping.unescape("\\xC3\\xa9\\t\\n\\r\\\\é".utf8) == [0xC3, 0xA9, 9, 10, 13, 0x5C, 0xC3, 0xA9])
    }

    @Test func hexadecimalGoesThereAndBack() {
        let all = (0...255).map { UInt8($0) }
        #expect(Hexadecimal.decode(Hexadecimal.encode(all)) == all)
        #expect(Hexadecimal.decode(Array("AbfF".utf8)) == [0xAB, 0xFF])
        #expect(Hexadecimal.decode(Array("abc".utf8)) == nil)
        #expect(Hexadecimal.decode(Array("0g".utf8)) == nil)
    }

    @Test func jsonCarriesTextAsTextAndOtherBytesAsBase64() throws {
        let text = JSONEntry(key: Array("a\"\\/\u{0}é".utf8), value: Array("line\n".utf8))
        let line = try JSONText.line(text)
        #expect(String(decoding: line, as: UTF8.self) == "{\"key\":\"a\\\"\\\\/\\u0000é\",\"value\":\"line\\n\"}\n")
        #expect(JSONText.entry(line) == .success(text))
        let bytes = JSONEntry(key: [0xFF, 0x00], value: [])
        let second = try JSONText.line(bytes)
        #expect(String(decoding: second, as: UTF8.self) == "{\"key_base64\":\"/wA=\",\"value\":\"\"}\n")
        #expect(JSONText.entry(second) == .success(bytes))
    }

    @Test(arguments: [
        ("", "it is not valid JSON"),
        ("{\"key\":\"a\"}", "there is no \"value\""),
        ("{\"value\":\"a\"}", "there is no \"key\""),
        ("{\"key\":\"a\",\"value\":7}", "\"value\" is not a string"),
        ("{\"key\":\"a\",\"value\":null}", "\"value\" is not a string"),
        ("[1]", "it is not a JSON object"),
        ("{\"key\":\"a\",\"value\":\"b\"", "it is not valid JSON"),
        ("{\"key\":\"a\",\"value_base64\":\"!\"}", "\"value_base64\" is not base64"),
    ])
    func whatIsWrongWithALineIsSaid(line: String, problem: String) {
        guard case .failure(let found) = JSONText.entry(line.utf8) else {
            Issue.record("\(line) was accepted")
            return
        }
        #expect(found.text == problem)
    }

    private func escaped(_ text: String) -> String { String(decoding: Escaping.line(text.utf8), as: UTF8.self) }
}

@Suite("Numbers and bars")
struct RenderingTests {
    @Test(arguments: [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB")])
    func bytesHaveAUnit(count: UInt64, text: String) { #expect(Rendering.bytes(count) == text) }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")])
    func digitsAreGrouped(count: UInt64, text: String) { #expect(Rendering.grouped(count) == text) }

    @Test func aBarIsNeverLongerThanItsRoomAndNeverHidesWhatIsThere() {
        for part in 0...64 as ClosedRange<UInt64> {
            let bar = Rendering.bar(part, of: 64, width: 8)
            #expect(bar.count <= 8)
            #expect(bar.isEmpty == (part == 0))
        }
        #expect(Rendering.bar(64, of: 64, width: 8) == "████████")
        #expect(Rendering.bar(1, of: 1_000_000, width: 8) == "▏")
        #expect(Rendering.bar(5, of: 4, width: 2) == "██")
        #expect(Rendering.bar(1, of: 0, width: 8).isEmpty)
    }
}
