import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Drives the built program as a user does.
@Suite("Commands")
final class CommandTests: CommandSuite {
    // MARK: One key

    @Test func putCreatesTheFileAndGetReadsItBack() throws {
        let first = try run("put", file, "hello", "world")
        #expect(first.status == 0)
        let second = try run("put", file, "hello", "again")
        let timestamps = [first, second].map { Int($0.text.split(separator: "\n").first ?? "") ?? -1 }
        #expect(timestamps[0] > 0 && timestamps[1] > timestamps[0], "\(first.text)\(second.text)")
        let get = try run("get", file, "hello")
        #expect(get.status == 0)
        #expect(get.text == "again\n")
        #expect(folder.names == ["app.lsmtx"])
    }

    @Test func anAbsentKeyIsStatus1AndNothingOnEitherStream() throws {
        _ = try run("put", file, "a", "1")
        let get = try run("get", file, "b")
        #expect(get.status == 1)
        #expect(get.output.isEmpty)
        #expect(get.errors.isEmpty)
    }

    @Test func deleteRemovesAndSucceedsTwice() throws {
        _ = try run("put", file, "a", "1")
        #expect(try run("delete", file, "a").status == 0)
        #expect(try run("get", file, "a").status == 1)
        let again = try run("delete", file, "a")
        #expect(again.status == 0)
        #expect(Int(again.text.dropLast()) != nil)
    }

    @Test func deleteTakesARangeInPlaceOfAKey() throws {
        for key in ["a", "b/1", "b/2", "c", "d"] { _ = try run("put", file, key, "1") }
        let prefix = try run("delete", file, "--prefix", "b/")
        #expect(prefix.status == 0 && Int(prefix.text.dropLast()) != nil, "\(prefix.errorText)")
        #expect(try run("scan", file).text == "a\t1\nc\t1\nd\t1\n")
        #expect(try run("delete", file, "--from", "63", "--to", "64", "--hex", "--buffered").status == 0)
        #expect(try run("scan", file).text == "a\t1\nd\t1\n")
        #expect(try run("delete", file, "--from", "b").status == 0)
        #expect(try run("scan", file).text == "a\t1\n")
        for arguments in [["delete", file], ["delete", file, "a", "--prefix", "a"]] {
            let result = try ChildProcess.run(arguments)
            #expect(result.status == 64 && result.errorText.contains("either a key, or a range"))
        }
        #expect(try run("check", file).status == 0)
        #expect(try run("delete", "--help").text.contains("--prefix"))
    }

    @Test func compactSaysWhatItBrought() throws {
        #expect(try run("compact", file).status != 0)
        #expect(folder.names == [])
        for round in 0..<3 { _ = try run("put", file, "a", "\(round)") }
        let compact = try run("compact", file)
        #expect(compact.status == 0, "\(compact.errorText)")
        #expect(compact.text.contains("before") && compact.text.contains("after"))
        #expect(compact.errors.isEmpty)
        #expect(try run("get", file, "a").text == "2\n")
    }

    @Test func argumentsAreTakenByteForByte() throws {
        let key: [UInt8] = [0xFF, 0x5C, 0x6E, 0x20]
        let value: [UInt8] = [0xC3, 0x28]
        let put = try ChildProcess.run(bytes: [Array("put".utf8), Array(file.utf8), key, value])
        #expect(put.status == 0, "\(put.errorText)")
        let get = try ChildProcess.run(bytes: [Array("get".utf8), Array(file.utf8), key])
        #expect(get.output == value + [0x0A])
        #expect(try run("get", "--raw", "--", file, "").status == 1)
        let raw = try ChildProcess.run(bytes: [Array("get".utf8), Array("--raw".utf8), Array(file.utf8), key])
        #expect(raw.output == value)
        #expect(try run("scan", file).text == "\\xff\\\\n \t\\xc3(\n")
    }

    @Test func hexadecimalIsReadAndWritten() throws {
        #expect(try run("put", file, "--hex", "00ff", "0a09").status == 0)
        #expect(try run("get", file, "--hex", "00FF").text == "0a09\n")
        #expect(try run("scan", file, "--hex").text == "00ff\t0a09\n")
        #expect(try run("put", file, "--hex", "0", "00").status == 64)
        #expect(try run("put", file, "--hex", "zz", "00").status == 64)
    }

    @Test func theEmptyKeyAndValueAreLegal() throws {
        #expect(try run("put", file, "", "").status == 0)
        let get = try run("get", file, "")
        #expect(get.status == 0)
        #expect(get.text == "\n")
    }

    @Test func aValueComesFromAFileOrTheStandardInput() throws {
        let path = folder.file("value")
        let bytes = (0..<3000).map { UInt8(truncatingIfNeeded: $0) }
        write(bytes, to: path)
        #expect(try run("put", file, "a", "--file", path).status == 0)
        #expect(try run("get", file, "a", "--raw").output == bytes)
        #expect(try run("put", file, "b", "-", input: "from\na pipe").status == 0)
        #expect(try run("get", file, "b", "--raw").text == "from\na pipe")
        #expect(try run("put", file, "c", "--file=-", input: "").status == 0)
        #expect(try run("get", file, "c").text == "\n")
        #expect(try run("put", file, "c").status == 64)
        #expect(try run("put", file, "c", "v", "--file", path).status == 64)
        #expect(try run("put", file, "c", "--file", folder.file("none")).status == 66)
    }

    @Test func aHyphenatedKeyGoesAfterTwoHyphens() throws {
        #expect(try run("put", "--", file, "--hex", "-v").status == 0)
        #expect(try run("get", file, "--", "--hex").text == "-v\n")
    }

    // MARK: Many keys

    private func putLetters() throws {
        let lines = "abcdef".map { "{\"key\":\"\($0)\",\"value\":\"\($0)\($0)\"}" }.joined(separator: "\n")
        let result = try run("import", file, "-", input: lines)
        #expect(result.status == 0, "\(result.errorText)")
        #expect(result.text.hasPrefix("Imported 6 entries in 1 commit,"))
    }

    @Test func scanKeepsToItsRange() throws {
        try putLetters()
        func keys(_ options: String...) throws -> String {
            let result = try ChildProcess.run(["scan", file] + options)
            #expect(result.status == 0, "\(result.errorText)")
            return result.text.split(separator: "\n").compactMap { $0.split(separator: "\t").first }.joined()
        }
        #expect(try keys() == "abcdef")
        #expect(try keys("--reverse") == "fedcba")
        #expect(try keys("--from", "b", "--to", "e") == "bcd")
        #expect(try keys("--from", "b", "--to", "e", "--reverse", "--limit", "2") == "dc")
        #expect(try keys("--prefix", "c") == "c")
        #expect(try keys("--prefix", "c", "--from", "d").isEmpty)
        #expect(try keys("--from", "e", "--to", "b").isEmpty)
        #expect(try keys("--limit", "0").isEmpty)
        #expect(try run("count", file, "--from", "b").text == "5\n")
        #expect(try run("count", file, "--prefix", "zz", "--json").text == "{\"count\":0}\n")
    }

    @Test func whatScanWritesAsJSONImportTakes() throws {
        try putLetters()
        _ = try run("put", file, "--hex", "ff00", "c3")
        _ = try run("put", file, "tab\tnewline\n", "\"quoted\"")
        let dump = try run("scan", file, "--json")
        let copy = folder.file("copy.lsmtx")
        #expect(try run("import", copy, "-", input: dump.text).status == 0)
        #expect(try run("scan", copy, "--hex").text == (try run("scan", file, "--hex").text))
    }

    @Test func aWordListTakesLineNumbersAsValues() throws {
        let words = (1...2500).map { "word\($0)\n" }.joined()
        let result = try run(
            "import", file, "-", "--format", "lines", "--threads", "4", "--batch", "100", input: words)
        #expect(result.status == 0, "\(result.errorText)")
        #expect(result.text.hasPrefix("Imported 2,500 entries in 25 commits"))
        #expect(try run("get", file, "word2017").text == "2017\n")
        #expect(try run("count", file).text == "2500\n")
    }

    @Test func aBadLineIsNamedAndTheBatchesBeforeItAreStored() throws {
        let lines = """
            {"key":"a","value":"1"}
            {"key":"b","value":"2"}

            {"key":"c","value":3}
            {"key":"d","value":"4"}
            """
        let result = try run("import", file, "-", "--batch", "2", input: lines)
        #expect(result.status == 65)
        #expect(result.output.isEmpty)
        #expect(result.errorText.contains("standard input, line 4: \"value\" is not a string."), "\(result.errorText)")
        #expect(try run("count", file).text == "2\n")
    }

    @Test func aKeyOverTheLimitIsNamedByItsLine() throws {
        let lines = "short\n" + String(repeating: "k", count: 70_000) + "\n"
        let path = folder.file("words")
        write(Array(lines.utf8), to: path)
        let result = try run("import", file, path, "--format", "lines")
        #expect(result.status == 1)
        #expect(result.errorText.contains("line 2"), "\(result.errorText)")
    }

    @Test func importOfAMissingFileCreatesNoStore() throws {
        #expect(try run("import", file, folder.file("none")).status == 66)
        #expect(folder.names.isEmpty)
    }

    // MARK: The file as a whole

    @Test func statsAndCheckAgreeWithTheFile() throws {
        try putLetters()
        let stats = try run("stats", file)
        #expect(stats.status == 0, "\(stats.errorText)")
        #expect(stats.text.contains("timestamp"))
        let json = try run("stats", file, "--json")
        #expect(json.text.hasPrefix("{") && json.text.contains("\"fileBytes\""))
        let check = try run("check", file)
        #expect(check.status == 0, "\(check.text)\(check.errorText)")
        #expect(check.text.contains("no problems found"))
        #expect(try run("check", file, "--json").text.contains("\"findings\""))
    }

    @Test(arguments: ["get", "scan", "count", "stats", "check", "delete"])
    func aCommandThatReadsCreatesNothing(command: String) throws {
        let extra = ["get", "delete"].contains(command) ? ["k"] : []
        let result = try ChildProcess.run([command, file] + extra)
        #expect(result.status == 66)
        #expect(result.errorText.hasPrefix("Error: "))
        #expect(folder.names.isEmpty)
    }

    @Test(arguments: ["get", "scan", "count", "stats", "check"])
    func aCommandThatReadsChangesNothing(command: String) throws {
        try putLetters()
        let before = contents(of: file)
        let extra = command == "get" ? ["a"] : []
        #expect(try ChildProcess.run([command, file] + extra).status == 0)
        #expect(contents(of: file) == before)
        #expect(folder.names == ["app.lsmtx"])
    }

    @Test(arguments: ["get", "put", "delete", "scan", "count", "stats", "check"])
    func whatIsNoStoreIsRefusedAndNotChanged(command: String) throws {
        let extra = ["get": ["k"], "put": ["k", "v"], "delete": ["k"]][command] ?? []
        for bytes in [[], Array("not a store\n".utf8), [UInt8](repeating: 0, count: 9000)] {
            write(bytes, to: file)
            let result = try ChildProcess.run([command, file] + extra)
            #expect(result.status == 65, "\(result.errorText)")
            #expect(result.output.isEmpty)
            #expect(contents(of: file) == bytes)
        }
        #expect(try ChildProcess.run([command, folder.path] + extra).status == 65)
    }

    // MARK: The command line itself

    @Test func helpAndVersionGoToTheStandardOutput() throws {
        for arguments in [[], ["--help"], ["-h"], ["help"]] {
            let result = try ChildProcess.run(arguments)
            #expect(result.status == 0)
            #expect(result.text.hasPrefix("OVERVIEW: "))
            #expect(result.errors.isEmpty)
        }
        #expect(try run("help", "scan").text == (try run("scan", "--help").text))
        #expect(try run("--version").text.hasPrefix("lsmtx "))
    }

    @Test(arguments: [
        (["gte", "f"], "Unknown subcommand 'gte'. Did you mean 'get'?"),
        (["get", "f"], "Missing argument '<key>'."),
        (["get", "f", "k", "x"], "Unexpected argument 'x'."),
        (["get", "--hx", "f", "k"], "Unknown option '--hx'. Did you mean '--hex'?"),
        (["get", "-x", "f", "k"], "Unknown option '-x'. What begins with a hyphen and is no option goes after '--'."),
        (["get", "--he", "f", "k"], "The option '--he' is ambiguous: it could be '--hex', '--help'."),
        (["get", "--hex=1", "f", "k"], "The option '--hex' takes no value."),
        (["scan", "f", "--limit"], "Missing value for '--limit <n>'."),
        (["scan", "f", "--limit", "-1"], "The value '-1' of '--limit' is not a whole number, 0 or more."),
        (["scan", "f", "--raw", "--json"], "'--raw' and '--json' exclude each other."),
        (
            ["import", "f", "-", "--format", "json"],
            "Unknown format 'json', expected jsonl, csv, hex, lines. Did you mean 'jsonl'?"
        ),
        (["--frob"], "Unknown option '--frob'. What begins with a hyphen and is no option goes after '--'."),
        (["rn"], "Unknown subcommand 'rn'. Did you mean 'spec run'?"),
        (["record"], "Unknown subcommand 'record'. Did you mean 'spec record'?"),
        (["spec", "rn"], "Unknown subcommand 'spec rn'. Did you mean 'spec run'?"),
        (["snapshot", "lst", "f"], "Unknown action 'lst', expected list, create, drop. Did you mean 'list'?"),
        (["completions", "bsh"], "Unknown shell 'bsh', expected bash, zsh, fish. Did you mean 'bash'?"),
        (
            ["spec", "run", "f", "--device", "fiel"],
            "Unknown device 'fiel', expected memory, file. Did you mean 'file'?"
        ),
    ])
    func aWrongCommandLineIsStatus64AndSaysWhatToDo(arguments: [String], message: String) throws {
        let result = try ChildProcess.run(arguments)
        #expect(result.status == 64)
        #expect(result.output.isEmpty)
        #expect(result.errorText.hasPrefix("Error: \(message)\nUsage: lsmtx "), "\(result.errorText)")
        #expect(result.errorText.contains("--help' for more information."))
    }

    @Test func optionsMayBeAbbreviatedAndStandAnywhere() throws {
        try putLetters()
        #expect(try run("scan", "--rev", "--lim=1", file).text == "f\tff\n")
        #expect(try run("scan", file, "--li", "1", "--js").text == "{\"key\":\"a\",\"value\":\"aa\"}\n")
    }

    @Test func aReaderThatGoesAwayEndsTheCommandQuietly() throws {
        for key in 0..<4 {
            let path = folder.file("value")
            write([UInt8](repeating: 0x61, count: 60_000), to: path)
            #expect(try run("put", file, "k\(key)", "--file", path).status == 0)
        }
        let child = try ChildProcess(["scan", file].map { Array($0.utf8) })
        child.abandonOutput()
        var (output, errors): ([UInt8], [UInt8]) = ([], [])
        while child.receive(timeoutMilliseconds: -1, output: &output, errors: &errors) {}
        #expect(child.wait() == -SIGPIPE)
        #expect(errors.isEmpty)
    }

    @Test func anInterruptedImportStoresWhatItHadRead() throws {
        let child = try ChildProcess(
            ["import", file, "-", "--batch", "10", "--format", "lines"].map { Array($0.utf8) })
        child.send(Array((0..<35).map { "word\($0)\n" }.joined().utf8), more: true)
        // The handler is there before the file is. The input stays open, so only the signal can end the command.
        while folder.names.isEmpty {}
        child.kill(SIGINT)
        var (output, errors): ([UInt8], [UInt8]) = ([], [])
        while child.receive(timeoutMilliseconds: -1, output: &output, errors: &errors) {}
        #expect(child.wait() == 130, "\(String(decoding: errors, as: UTF8.self))")
        let words = String(decoding: output, as: UTF8.self).split(separator: " ")
        #expect(words.first == "Imported")
        #expect(try run("count", file).text == "\(words[1])\n")
        #expect(try run("check", file).status == 0)
    }

    // MARK: Torture

    @Test func aLoadThatEndsVerifiesAndAForgedAcknowledgementDoesNot() throws {
        let load = try run("torture", file, "--threads", "4", "--commits", "40", "--memtable", "65536")
        #expect(load.status == 0, "\(load.errorText)")
        #expect(load.text.split(separator: "\n").count == 160)
        let good = try run("torture", file, "--verify", "-", input: load.text)
        #expect(good.status == 0, "\(good.text)\(good.errorText)")
        let lost = try run("torture", file, "--verify", "-", input: load.text + "2 41\n")
        #expect(lost.status == 65)
        #expect(lost.text.contains("thread 2"))
        _ = try run("delete", file, "torture/data/001/000000000040/1")
        let half = try run("torture", file, "--verify", "-", input: load.text)
        #expect(half.status == 65)
        #expect(half.text.contains("transaction 40"), "\(half.text)")
    }

    @Test func aHeldSnapshotSeesNothingOfTheImport() throws {
        try putLetters()
        let words = (1...500).map { "word\($0)\n" }.joined()
        let result = try run("demo", file, "-", "--threads", "3", input: words)
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        #expect(result.text.contains("has always had 6 keys"))
        #expect(result.text.contains("a new one has 506"))
    }
}
