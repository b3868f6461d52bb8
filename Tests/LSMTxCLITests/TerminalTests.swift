import Testing

/// What a command writes to a terminal, which is a pseudo-terminal here.
@Suite("Output on a terminal")
final class TerminalTests: CommandSuite {
    override init() throws {
        try super.init()
        _ = try ChildProcess.run(["put", file, "日本", "1"])
        _ = try ChildProcess.run(["put", file, "a\u{1B}", String(repeating: "v", count: 300)])
    }

    /// Runs the program on a terminal to its end.
    private func run(
        _ arguments: [String], _ environment: [String: String] = [:]
    ) throws -> (status: Int32, text: String) {
        let terminal = try PseudoTerminal(arguments, environment: environment)
        let status = try terminal.waitForEnd()
        let text = String(decoding: terminal.transcript, as: UTF8.self)
        return (status, text.replacing("\r\n", with: "\n"))
    }

    @Test func aScanIsATableThatFitsTheWidth() throws {
        let (status, text) = try run(["scan", file, "--no-color"], ["COLUMNS": "40"])
        #expect(status == 0)
        let value = String(repeating: "v", count: 32)
        #expect(text == "KEY    VALUE\na\\x1b  \(value)…\n日本   1\n")
    }

    @Test func coloursAreForTerminalsThatWantThem() throws {
        #expect(try run(["scan", file]).text.contains("\u{1B}[1mKEY"))
        #expect(try run(["scan", file], ["NO_COLOR": ""]).text.contains("\u{1B}[1mKEY"))
        #expect(!(try run(["scan", file], ["NO_COLOR": "1"]).text.contains("\u{1B}")))
        #expect(!(try run(["scan", file], ["TERM": "dumb"]).text.contains("\u{1B}")))
        #expect(!(try run(["stats", file, "--no-color"]).text.contains("\u{1B}")))
    }

    @Test func historyAndSnapshotsAreTablesToo() throws {
        _ = try ChildProcess.run(["snapshot", "create", file, "release 7"])
        let history = try run(["history", file, "日本", "--no-color"])
        #expect(history.text.hasPrefix("TIMESTAMP  TIME ") && history.text.contains("        1  2"))
        let snapshots = try run(["snapshot", "list", file, "--no-color"])
        #expect(snapshots.text.hasPrefix("NAME       TIMESTAMP  CREATED\nrelease 7          2  2"), "\(snapshots.text)")
        #expect(try run(["scan", file, "--json"]).text.contains("{\"key\":\"日本\",\"value\":\"1\"}"))
        #expect(try run(["scan", file, "--hex"], ["NO_COLOR": "1"]).text.contains("e697a5e69cac  31\n"))
    }

    @Test func progressIsErasedBeforeWhatFollows() throws {
        let words = folder.file("words")
        write(Array((0..<5000).map { "word\($0)\n" }.joined().utf8) + [0x0A], to: words)
        let (status, text) = try run(["import", file, words, "--format", "lines"], ["COLUMNS": "60"])
        #expect(status == 0)
        let parts = text.split(separator: "\r\u{1B}[K")
        #expect(parts.last?.hasPrefix("Imported 5,000 entries") == true, "\(text)")
        #expect(parts.first?.hasPrefix("importing ") == true && text.contains("%"), "\(text)")
        write(Array("{\"key\":\"a\",\"value\":\"1\"}\n{}\n".utf8), to: words)
        let failed = try run(["import", file, words, "--batch", "1"])
        #expect(failed.status == 65)
        #expect(failed.text.contains("\r\u{1B}[KError: ") || failed.text.hasPrefix("Error: "), "\(failed.text)")
    }
}
