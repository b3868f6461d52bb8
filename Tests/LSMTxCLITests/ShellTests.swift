import LSMTx
import LSMTxCLI
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The shell without a terminal.
@Suite("The shell")
final class ShellTests: CommandSuite {
    private func shell(_ options: [String] = ["--write"], _ lines: String...) throws -> ChildProcess.Result {
        try ChildProcess.run(
            ["shell", file] + options, input: Array(lines.joined(separator: "\n").utf8),
            environment: ["HOME": folder.path])
    }

    @Test func commandsAreThoseOfTheToolWithoutTheirFile() throws {
        let result = try shell(
            ["--write"], "put a 1", "put 'b c' \"x\\ty\"", "get a", "scan", "count", "delete a", "history 'b c' --json",
            "snapshot create s", "snapshot list", "check", "compact", "retention", "stats")
        #expect(result.status == 0, "\(result.errorText)")
        #expect(result.text.hasPrefix("1\n2\n1\na\t1\nb c\tx\\ty\n2\n3\n{\"time"), "\(result.text)")
        #expect(result.text.contains("\ns\t3\t"))
        #expect(result.text.contains("\(file): no problems found"))
        #expect(result.errors.isEmpty)
        #expect(folder.names == ["app.lsmtx"], "input that nobody types is not kept")
    }

    @Test func withoutWriteNothingChangesAndTheErrorSaysHow() throws {
        _ = try shell(["--write"], "put a 1")
        for command in ["put a 2", "delete a", "compact", "snapshot create s", "begin", "retention --all"] {
            let before = contents(of: file)
            let result = try shell([], command)
            #expect(result.status == 74, "\(command)")
            #expect(result.errorText.contains("start it as 'lsmtx shell --write \(file)'"), "\(result.errorText)")
            #expect(contents(of: file) == before)
        }
        #expect(try shell([], "get a").text == "1\n")
        let missing = try ChildProcess.run(["shell", folder.file("none")])
        #expect(missing.status == 66)
    }

    @Test func theFirstErrorEndsItWithItsLineAndStatus() throws {
        let cases: [(String, Int32, String)] = [
            ("gte a", 64, "line 3: Unknown command 'gte'. Did you mean 'get'?"),
            ("quit", 64, "line 3: Unknown command 'quit'. Did you mean '.quit'?"),
            ("get \"a", 64, "line 3: column 5: The quote is not closed."),
            ("get a --as-of none", 1, "line 3: "), ("commit", 1, "line 3: No transaction is open."),
            (
                ".mode tabel", 64,
                "line 3: Unknown mode 'tabel', expected table, tabs, json, hex, raw. Did you mean 'table'?"
            ),
            ("put b -", 64, "line 3: The standard input holds the shell's commands."),
            ("begin serr", 64, "line 3: Unknown level 'serr', expected rc, si, ser. Did you mean 'ser'?"),
            (".read \(folder.file("none"))", 66, "line 3: Cannot open"),
        ]
        for (line, status, text) in cases {
            let result = try shell(["--write"], "put a 1", "# A comment, and an empty line count too.", line, "put b 2")
            #expect(result.status == status, "\(line): \(result.errorText)")
            #expect(result.errorText.hasPrefix("Error: \(text)"), "\(result.errorText)")
            #expect(try ChildProcess.run(["get", file, "b"]).status == 1)
        }
    }

    @Test func aKeyThatIsNotThereIsNoError() throws {
        let result = try shell(["--write"], "get a", "put a 1", "get a")
        #expect(result.status == 0)
        #expect(result.text == "1\n1\n")
        #expect(result.errors.isEmpty)
    }

    @Test func aTransactionSeesItsWritesAndCommitsThemAtOnce() throws {
        let result = try shell(
            ["--write"], "put a 1", "begin si", "put b 2", "delete a", "scan", "count", "get b", "get b --as-of 1",
            "commit", "scan")
        #expect(result.status == 0, "\(result.errorText)")
        #expect(result.text == "1\nb\t2\n1\n2\n2\nb\t2\n")
    }

    @Test func savepointsNestAndTheLastOfANameCounts() throws {
        let result = try shell(
            ["--write"], "begin", "put a 1", "savepoint s", "put a 2", "savepoint s", "put a 3", "rollback to s",
            "get a", "release s", "rollback to s", "get a", "commit", "get a")
        #expect(result.status == 0, "\(result.errorText)")
        #expect(result.text == "2\n1\n1\n1\n")
        for lines in [
            ["savepoint s"], ["begin", "rollback to s"], ["begin", "savepoint s", "release s", "release s"],
        ] {
            let wrong = try ChildProcess.run(
                ["shell", "--write", file], input: Array(lines.joined(separator: "\n").utf8))
            #expect(wrong.status == 1, "\(lines)")
        }
    }

    @Test func leavingRollsBackAndSaysSo() throws {
        for end in [".quit", ".exit", "", "bogus"] {
            let result = try shell(["--write"], "begin", "put a 1", end)
            #expect(result.errorText.hasSuffix("The open transaction was rolled back.\n"), "\(result.errorText)")
        }
        #expect(try ChildProcess.run(["count", file]).text == "0\n")
    }

    @Test func aConflictNamesWhatWasChangedAndEndsTheTransaction() throws {
        let database = try Database.inMemory()
        try database.write { try $0.put("user 1", "a") }
        let session = ShellSession(database: database, path: "x", isWritable: true, isHexadecimal: false)
        try session.begin(.serializable)
        #expect(session.prompt == "lsmtx(ser)> ")
        _ = try session.transaction?.get("user 1")
        try session.transaction?.put("b", "1")
        try database.write { try $0.put("user 1", "b") }
        do {
            _ = try session.commit(durability: .sync)
            Issue.record("the commit succeeded")
        } catch let error as Failure {
            #expect(error.status == .busy)
            #expect(
                error.text.hasPrefix(
                    "Conflict: the key \"user 1\", which the transaction read, has been changed at timestamp 2; "
                        + "it began at 1."), "\(error.text)")
        }
        #expect(session.prompt == "lsmtx> ")
        #expect(try database.read { try $0.get("b") } == nil)
        try session.begin(.snapshot)
        #expect(session.prompt == "lsmtx(si)> ")
    }

    @Test func modesChooseHowEntriesAreWritten() throws {
        let result = try shell(
            ["--write"], "put \\xff 1", ".mode", "scan", ".mode json", "scan", ".mode hex", "scan", ".mode raw",
            "get \\xff", ".mode table", "scan")
        #expect(result.status == 0, "\(result.errorText)")
        #expect(
            result.text
                == "1\ntabs\n\\xff\t1\n{\"key_base64\":\"/w==\",\"value\":\"1\"}\nff\t31\n1KEY   VALUE\n\\xff  1\n")
    }

    @Test func hexadecimalIsReadAndWritten() throws {
        let result = try shell(["--write", "--hex"], "put ff00 31", "get ff00", "scan")
        #expect(result.text == "1\n31\nff00\t31\n", "\(result.errorText)")
        #expect(try shell(["--hex"], "get f").status == 64)
    }

    @Test func aZeroByteAndOneThatStandsForItCanBeTyped() throws {
        let result = try shell(["--write"], "put \"\\x00\\x01\" \"\\x02\\0\"", "scan --hex")
        #expect(result.text == "1\n0001\t0200\n", "\(result.errorText)")
    }

    @Test func thePastIsLookedAtUntilNow() throws {
        let result = try shell(
            ["--write"], "put a 1", "put a 2", "snapshot create two", "put a 3", ".as-of 1", "get a", ".as-of",
            ".as-of two", "get a", "get a --as-of 3", ".as-of now", "get a")
        #expect(result.status == 0, "\(result.errorText)")
        #expect(result.text == "1\n2\n2\n3\n1\n1\n2\n3\n3\n")
        #expect(try shell(["--write"], ".as-of two", "put a 4").status == 1)
        #expect(try shell(["--write"], "begin", ".as-of two").status == 1)
        #expect(try shell([], ".as-of three").errorText.contains("three"))
    }

    @Test func onceWritesTheNextOutputToAFile() throws {
        let target = folder.file("once")
        let result = try shell(["--write"], "put a 1", ".once \(target)", "scan", "count")
        #expect(result.text == "1\n1\n")
        #expect(contents(of: target) == Array("a\t1\n".utf8))
        #expect(try shell([], ".once \(folder.path)").status == 74)
    }

    @Test func readRunsAFileAndNamesItsLines() throws {
        let script = folder.file("script")
        write(Array("put a 1\n\nput b\n".utf8), to: script)
        let result = try shell(["--write"], ".read \(script)", "put c 3")
        #expect(result.status == 64)
        #expect(result.errorText.hasPrefix("Error: \(script), line 3: Missing argument '<value>'"))
        #expect(try ChildProcess.run(["count", file]).text == "1\n")
        write(Array(".read \(script)\n".utf8), to: script)
        let loop = try shell([], ".read \(script)")
        #expect(loop.status == 1)
        #expect(loop.errorText.contains("Does it read itself?"))
    }

    @Test func helpIsThatOfTheTable() throws {
        let all = try shell(["--write"], ".help").text
        for name in ["get", "begin", "savepoint", ".once", ".as-of"] { #expect(all.contains("  \(name) "), "\(name)") }
        for line in all.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        let get = try shell([], ".help get").text
        #expect(get.contains("\nUSAGE: get [--as-of <point>] [--hex] [--raw] [--json] <key>\n"), "\(get)")
        #expect(try shell([], "get --help").text == get)
    }

    @Test func theTimerTellsOfEachCommand() throws {
        let result = try shell(["--write"], ".timer on", "count", ".timer off", "count")
        #expect(result.text == "0\n0\n")
        #expect(result.errorText.split(separator: "\n").count == 1 && result.errorText.hasSuffix(" ms\n"))
    }

    @Test func anInterruptEndsAScriptAndRollsBack() throws {
        let child = try ChildProcess(
            ["shell", "--write", file].map { Array($0.utf8) }, environment: ["HOME": folder.path])
        child.send(Array("put a 1\nbegin\nput b 2\n.timer on\ncount\n".utf8), more: true)
        var (output, errors): ([UInt8], [UInt8]) = ([], [])
        while errors.isEmpty { _ = child.receive(timeoutMilliseconds: -1, output: &output, errors: &errors) }
        child.kill(SIGINT)
        while child.receive(timeoutMilliseconds: -1, output: &output, errors: &errors) {}
        #expect(child.wait() == 130, "\(String(decoding: errors, as: UTF8.self))")
        #expect(try ChildProcess.run(["get", file, "b"]).status == 1)
    }

    @Test func completionOffersWhatCanStandThere() throws {
        let database = try Database.inMemory()
        try database.write { t in
            for key in ["user/1", "user/2", "name"] { try t.put(key, "") }
            try t.put([0xFF], "")
        }
        try database.createSnapshot(named: "before")
        let session = ShellSession(database: database, path: "x", isWritable: true, isHexadecimal: false)
        let completion = ShellCompletion(session: session)
        func words(_ line: String) -> [String] {
            completion.words(for: line).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(words("s") == ["savepoint", "scan", "snapshot", "stats"])
        #expect(words(".m") == [".mode"])
        #expect(words(".mode ") == ["hex", "json", "raw", "table", "tabs"])
        #expect(words("begin s") == ["ser", "si"])
        #expect(words("get us") == ["user/1", "user/2"])
        #expect(words("get \"us") == ["user/1", "user/2"])
        #expect(completion.words(for: "get ").count == 4)
        #expect(words("get user/1 ") == [])
        #expect(words("get --js") == ["--json"])
        #expect(words("get a --as-of ") == ["before"])
        #expect(words("get a --as-of=b") == ["--as-of=before"])
        #expect(words("scan --prefix n") == ["name"])
        #expect(words("snapshot dr") == ["drop"])
        #expect(words("snapshot drop ") == ["before"])
        #expect(words(".help com") == ["commit", "compact"])
        #expect(words("bogus ") == [])
        try session.begin(.serializable)
        try session.transaction?.put("user/3", "")
        #expect(words("get user/") == ["user/1", "user/2", "user/3"])
        try database.write { try $0.put("user/4", "") }
        // That a key was offered is no read that the commit depends on.
        _ = try session.commit(durability: .sync)
    }
}
