import LSMTx
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The shell as somebody at a terminal sees it.
@Suite("The shell on a terminal")
final class ShellTerminalTests: CommandSuite {
    private typealias Key = PseudoTerminal.Key
    private func shell(
        _ options: [String] = ["--write"], environment: [String: String] = [:], columns: Int = 80
    ) throws -> PseudoTerminal {
        let terminal = try PseudoTerminal(
            ["shell", file] + options, environment: ["HOME": folder.path].merging(environment) { $1 },
            columns: columns)
        try terminal.waitForPrompt()
        return terminal
    }

    private func fill(_ count: Int, value: String = "value") throws {
        let database = try Database(path: file)
        try database.write { t in
            for number in 0..<count { try t.put("key \(1_000_000 + number)", value) }
        }
        try database.close()
    }

    // MARK: Editing

    @Test func linesAreEdited() throws {
        let terminal = try shell()
        terminal.type("put kex 1" + Key.left + Key.left + Key.backspace + "y")
        try terminal.wait("the corrected line") { $0.cursorLine == "lsmtx> put key 1" }
        terminal.type(Key.control("E") + "23" + Key.control("A") + "x" + Key.backspace)
        try terminal.wait("both ends") { $0.cursorLine == "lsmtx> put key 123" && $0.cursorColumn == 7 }
        terminal.type(Key.enter)
        try terminal.waitForPrompt()
        try terminal.run("get key")
        #expect(terminal.screen.lines.suffix(3) == ["lsmtx> get key", "123", "lsmtx>"])
    }

    @Test func wideCharactersTakeTheirColumns() throws {
        let terminal = try shell()
        terminal.type("put 日本 x" + Key.left + Key.left + Key.left + Key.backspace)
        try terminal.wait("the shorter key") { $0.cursorLine == "lsmtx> put 本 x" }
        terminal.type(Key.control("A"))
        try terminal.wait("the beginning") { $0.cursorColumn == 7 }
        terminal.type(Key.enter)
        try terminal.waitForPrompt()
        try terminal.run("put 👩 \"\\xff\\x1b[31m\"")
        try terminal.run("put öäü 漢字")
        try terminal.run("scan")
        #expect(
            terminal.screen.lines.suffix(5) == [
                "KEY  VALUE", "öäü  漢字", "本   x", "👩   \\xff\\x1b[31m", "lsmtx>",
            ], "\(terminal.screen.text)")
    }

    @Test func bytesThatAreNotUTF8AreLeftOutOfALine() throws {
        let terminal = try shell()
        terminal.send(Array("put a".utf8) + [0xFF, 0xC3] + Array("b 1".utf8))
        try terminal.wait("the rest") { $0.cursorLine == "lsmtx> put ab 1" }
        terminal.type(Key.enter)
        try terminal.waitForPrompt()
    }

    @Test func historyIsWalkedThroughAndKeptOverSessions() throws {
        let first = try shell()
        try first.run("put a 1")
        try first.run("count")
        first.type(Key.up + Key.up)
        try first.wait("the line before the last") { $0.cursorLine == "lsmtx> put a 1" }
        first.type(Key.control("U"))
        try first.wait("an empty line") { $0.cursorLine == "lsmtx>" }
        first.type(Key.control("D"))
        #expect(try first.waitForEnd() == 0)
        let path = folder.file(".local/state/lsmtx/history")
        #expect(String(decoding: contents(of: path), as: UTF8.self) == "put a 1\ncount\n")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)

        let second = try shell([])
        second.type(Key.up)
        try second.wait("the last line of the first session") { $0.cursorLine == "lsmtx> count" }
    }

    @Test func theHistoryGoesWhereItIsToldAndStaysShort() throws {
        let state = folder.file("state")
        #expect(mkdir(state, 0o700) == 0 && mkdir("\(state)/lsmtx", 0o700) == 0)
        let path = "\(state)/lsmtx/history"
        write(Array((0..<1_500).map { "get \($0)\n" }.joined().utf8), to: path)
        let terminal = try shell(environment: ["XDG_STATE_HOME": state])
        terminal.type(Key.up)
        try terminal.wait("the newest") { $0.cursorLine == "lsmtx> get 1499" }
        terminal.type(Key.enter)
        try terminal.wait(forText: "Not found.")
        try terminal.waitForPrompt()
        terminal.type(".quit" + Key.enter)
        #expect(try terminal.waitForEnd() == 0)
        let lines = contents(of: path).split(separator: 0x0A)
        #expect(lines.count == 1_000)
        #expect(lines.last.map { String(decoding: $0, as: UTF8.self) } == ".quit")
    }

    @Test func aHistoryThatCannotBeKeptIsNoError() throws {
        let terminal = try shell(environment: ["XDG_STATE_HOME": "/dev/null"])
        try terminal.run("count")
        #expect(terminal.screen.lines.suffix(3) == ["lsmtx> count", "0", "lsmtx>"])
    }

    // MARK: Completion

    @Test func tabCompletesCommandsKeysAndNames() throws {
        let terminal = try shell()
        try terminal.run("put 'user one' 1")
        try terminal.run("snapshot create before")
        terminal.type("cou" + Key.tab)
        try terminal.wait("the command") { $0.cursorLine == "lsmtx> count" && $0.cursorColumn == 13 }
        terminal.type("--as" + Key.tab + "b" + Key.tab)
        try terminal.wait("the snapshot") { $0.cursorLine == "lsmtx> count --as-of before" }
        terminal.type(Key.enter)
        try terminal.waitForPrompt()
        terminal.type("get us" + Key.tab)
        try terminal.wait("the key in quotes") { $0.cursorLine == "lsmtx> get \"user one\"" }
        terminal.type(Key.enter)
        try terminal.waitForPrompt()
        #expect(terminal.screen.lines.suffix(2) == ["1", "lsmtx>"])
    }

    @Test func tabListsWhatThereIsAndKeepsTheLine() throws {
        try fill(3)
        let terminal = try shell([])
        terminal.type("get k" + Key.tab)
        try terminal.wait("what the keys have in common") { $0.cursorLine == "lsmtx> get \"key 100000" }
        terminal.type(Key.tab)
        try terminal.wait("the keys") { screen in
            screen.text.contains("\"key 1000000\"  \"key 1000001\"  \"key 1000002\"\nlsmtx> get \"key 100000")
                && screen.cursorLine == "lsmtx> get \"key 100000"
        }
        terminal.type("1" + Key.tab + Key.enter)
        try terminal.wait(forText: "\nvalue\nlsmtx>")
    }

    // MARK: Interrupts and the end

    @Test func controlCClearsTheLineAndControlDLeaves() throws {
        let terminal = try shell()
        terminal.type("put a 1")
        try terminal.wait("the line") { $0.cursorLine == "lsmtx> put a 1" }
        terminal.type(Key.control("C"))
        try terminal.waitForPrompt()
        try terminal.run("count")
        #expect(terminal.screen.lines.suffix(2) == ["0", "lsmtx>"])
        terminal.type(Key.control("D"))
        #expect(try terminal.waitForEnd() == 0)
    }

    @Test func controlCEndsALongCommandAndKeepsTheTransaction() throws {
        try fill(60_000, value: String(repeating: "v", count: 60))
        let terminal = try shell()
        try terminal.run("begin", prompt: "lsmtx(ser)> ")
        try terminal.run("put mine 1", prompt: "lsmtx(ser)> ")
        for _ in 0..<2 {
            // It cannot come to its end: the terminal takes no more than is read from it here.
            terminal.forgetScreen()
            terminal.type("scan" + Key.enter)
            try terminal.wait(forText: "key 1000")
            terminal.type(Key.control("C"))
            try terminal.wait(forText: "Interrupted. The transaction is still open.")
            try terminal.waitForPrompt("lsmtx(ser)> ")
            terminal.type(Key.control("C"))
            try terminal.run("get mine", prompt: "lsmtx(ser)> ")
        }
        #expect(!String(decoding: terminal.transcript, as: UTF8.self).contains("key 1059999"))
        terminal.type("commit" + Key.enter)
        try terminal.waitForPrompt()
        try terminal.run("get mine")
        #expect(terminal.screen.lines.suffix(2) == ["1", "lsmtx>"])
    }

    @Test func thePromptTellsTheState() throws {
        let terminal = try shell()
        try terminal.run("put a 1")
        for level in ["rc", "si", "ser"] {
            try terminal.run("begin \(level)", prompt: "lsmtx(\(level))> ")
            terminal.type("rollback" + Key.enter)
            try terminal.waitForPrompt()
        }
        try terminal.run(".as-of 1", prompt: "lsmtx(as of 1)> ")
        terminal.type(".as-of now" + Key.enter)
        try terminal.waitForPrompt()
        try terminal.run("begin", prompt: "lsmtx(ser)> ")
        terminal.type(Key.control("D"))
        #expect(try terminal.waitForEnd() == 0)
        #expect(terminal.screen.text.hasSuffix("The open transaction was rolled back."))
    }

    @Test func anErrorIsSaidAndTheShellGoesOn() throws {
        try fill(1)
        let terminal = try shell([])
        terminal.type("gte 'key 1000000'" + Key.enter)
        try terminal.wait(forText: "Error: Unknown command 'gte'. Did you mean 'get'?")
        try terminal.waitForPrompt()
        try terminal.run("put a 1")
        #expect(terminal.screen.text.contains("Error: The shell is only reading."))
        try terminal.run("get 'key 1000000'")
        #expect(terminal.screen.lines.suffix(2) == ["value", "lsmtx>"])
    }

    // MARK: Terminals

    @Test func aDumbTerminalGetsNothingButText() throws {
        let terminal = try shell(environment: ["TERM": "dumb"])
        terminal.type("put a 1\n")
        try terminal.wait(forText: "put a 1\n1\nlsmtx>")
        terminal.type("half a line")
        try terminal.wait(forText: "half a line")
        terminal.type(Key.control("C"))
        try terminal.wait(forText: "half a line^C\nlsmtx>")
        terminal.type("scan\n")
        try terminal.wait(forText: "KEY  VALUE\na    1\nlsmtx>")
        terminal.type(Key.control("D"))
        #expect(try terminal.waitForEnd() == 0)
        #expect(!terminal.transcript.contains(0x1B))
    }

    @Test(arguments: [("1", false), ("", true)])
    func noColorIsObeyed(value: String, hasColor: Bool) throws {
        try fill(1)
        let terminal = try PseudoTerminal(["scan", file], environment: ["NO_COLOR": value])
        #expect(try terminal.waitForEnd() == 0)
        #expect(terminal.transcript.contains(0x1B) == hasColor)
        #expect(terminal.screen.lines == ["KEY          VALUE", "key 1000000  value"])
    }

    @Test(arguments: [30, 50])
    func aTableKeepsToTheWidthOfTheTerminal(columns: Int) throws {
        try fill(2, value: String(repeating: "漢字", count: 30))
        let terminal = try PseudoTerminal(["scan", file], columns: columns)
        #expect(try terminal.waitForEnd() == 0)
        let lines = terminal.screen.lines
        #expect(lines.count == 3, "\(terminal.screen.text)")
        #expect(lines.dropFirst().allSatisfy { $0.hasSuffix("…") && $0.hasPrefix("key 100000") })
        let told = try PseudoTerminal(["scan", file], environment: ["COLUMNS": "24"], columns: columns)
        #expect(try told.waitForEnd() == 0)
        #expect(told.screen.lines.dropFirst().allSatisfy { $0.count < 24 }, "\(told.screen.text)")
    }

    @Test func theShellFollowsTheWidthOfTheTerminal() throws {
        try fill(1, value: String(repeating: "v", count: 100))
        let terminal = try shell([])
        try terminal.run("scan")
        #expect(terminal.screen.lines.suffix(2).first?.count == 80, "\(terminal.screen.text)")
        terminal.resize(columns: 40)
        try terminal.waitForPrompt()
        try terminal.run("scan")
        #expect(terminal.screen.lines.suffix(2).first?.count == 40, "\(terminal.screen.text)")
        terminal.type(String(repeating: "x", count: 50))
        try terminal.wait("a line that goes on below") { $0.cursorLine == String(repeating: "x", count: 17) }
        terminal.type(Key.control("A"))
        try terminal.wait("its beginning") { $0.cursorColumn == 7 && $0.cursorLine.hasPrefix("lsmtx> x") }
    }

    @Test func aReaderThatLeavesEarlyEndsAScanQuietly() throws {
        try fill(20_000)
        let terminal = try PseudoTerminal(
            [], shell: "{ \"$LSMTX\" scan \"$FILE\"; echo \"status $?\" >&2; } | head -1", environment: ["FILE": file])
        #expect(try terminal.waitForEnd() == 0)
        #expect(Set(terminal.screen.lines) == ["key 1000000     value", "status 141"], "\(terminal.screen.text)")
    }
}
