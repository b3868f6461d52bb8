import LSMTxCLI
import LSMTxSimulation
import LSMTxTestSupport
import Testing

/// Entries that go out and come back, as a user moves them.
@Suite("Commands that move data")
final class DataCommandTests: CommandSuite {
    private func run(_ arguments: String..., input: [UInt8]) throws -> ChildProcess.Result {
        try ChildProcess.run(arguments, input: input)
    }

    /// Everything that a format may trip over, and a few hundred random keys and values.
    private static func awkwardEntries(seed: UInt64) -> [JSONEntry] {
        let all = (0...255).map { UInt8($0) }
        let texts = [
            "", " ", "a,b", "\"", "\"\"", "\r\n", "\n", "\r", "\t", "\\", "\\x41", "\\n", "key", "value", "#", "=",
            " a ",
            "DATA=END", "HEADER=END", "naïve", "日本語", "👩‍👩‍👧", "\u{9B}", "\u{0}", "\u{FEFF}", "e\u{301}", "'", ";",
        ]
        let broken: [[UInt8]] = [
            [0xFF], [0xC3], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0x5C, 0xFF], [0xF0, 0x9F, 0x98],
        ]
        var entries = [JSONEntry(key: all, value: Array(all.reversed()))]
        for (index, bytes) in (texts.map { Array($0.utf8) } + broken).enumerated() {
            entries.append(JSONEntry(key: bytes, value: Array("\(index)".utf8)))
            entries.append(JSONEntry(key: Array("v\(index)".utf8), value: bytes))
        }
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            func bytes() -> [UInt8] {
                let isText = Bool.random(using: &generator)
                return (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                    isText
                        ? Array("\",\\\r\n\txé ".utf8).randomElement(using: &generator)!
                        : all.randomElement(using: &generator)!
                }
            }
            entries.append(JSONEntry(key: bytes(), value: bytes()))
        }
        return entries
    }

    /// A store of them, and what it holds in hexadecimal.
    private func fill(seed: UInt64) throws -> [UInt8] {
        let lines = folder.file("entries")
        write(try Self.awkwardEntries(seed: seed).flatMap { try JSONText.line($0) }, to: lines)
        let result = try run("import", file, lines)
        #expect(result.status == 0, "seed \(seed): \(result.errorText)")
        return try run("scan", file, "--hex").output
    }

    @Test(arguments: [
        ["jsonl"], ["csv"], ["csv", "--header"], ["csv", "--raw"], ["csv", "--raw", "--header"], ["hex"],
    ])
    func everyByteComesBackFromEveryFormat(format: [String]) throws {
        let content = try fill(seed: 1)
        let exported = folder.file("out")
        let copy = folder.file("copy.lsmtx")
        let out = try ChildProcess.run(["export", file, "-o", exported, "--format"] + format)
        #expect(out.status == 0 && out.output.isEmpty && out.errors.isEmpty, "\(out.errorText)")
        let back = try ChildProcess.run(["import", copy, exported, "--batch", "7", "--format"] + format)
        #expect(back.status == 0, "seed 1: \(back.errorText)")
        #expect(try run("scan", copy, "--hex").output == content, "seed 1")
        // Without an output it goes to the standard one, byte for byte the same.
        #expect(try ChildProcess.run(["export", file, "--format"] + format).output == contents(of: exported))
    }

    @Test(arguments: [[], ["--hex"]])
    func everyByteComesBackFromADump(options: [String]) throws {
        let content = try fill(seed: 3)
        let dump = folder.file("dump")
        let copy = folder.file("copy.lsmtx")
        let written = try ChildProcess.run(["dump", file, dump] + options)
        #expect(written.status == 0 && written.errors.isEmpty, "\(written.errorText)")
        let restored = try run("restore", copy, dump)
        #expect(restored.status == 0 && restored.text.contains("entries restored"), "\(restored.errorText)")
        #expect(try run("scan", copy, "--hex").output == content)
        #expect(try run("check", copy).status == 0)
    }

    @Test func exportKeepsToItsRangeAndItsTime() throws {
        for key in ["a", "b", "c", "d"] { _ = try run("put", file, key, "1") }
        _ = try run("put", file, "b", "2")
        #expect(try run("export", file, "--from", "b", "--to", "d", "--format", "csv").text == "b,2\r\nc,1\r\n")
        #expect(try run("export", file, "--as-of", "2", "--format", "csv").text == "a,1\r\nb,1\r\n")
        #expect(try run("export", file, "--limit", "1").text == "{\"key\":\"a\",\"value\":\"1\"}\n")
        #expect(try run("export", file, "--limit", "0", "--format", "csv", "--header").text == "key,value\r\n")
    }

    @Test func whatIsThereAlreadyIsNotOverwritten() throws {
        _ = try run("put", file, "a", "1")
        let store = contents(of: file)
        for arguments in [["export", file, "-o", file], ["dump", file, file], ["analyze", file, "--html", file]] {
            let result = try ChildProcess.run(arguments)
            #expect(result.status == 1 && result.errorText.contains("is there already. Remove it"), "\(arguments)")
        }
        #expect(contents(of: file) == store)
        // A device is no file that could be lost.
        #expect(try run("dump", file, "/dev/null").status == 0)
        #expect(try run("dump", file, "\(folder.path)/none/dump").status == 74)
        #expect(try run("dump", folder.file("none"), folder.file("dump")).status == 66)
        #expect(folder.names == ["app.lsmtx"])
    }

    @Test(arguments: [
        ("csv", "a,1\r\nb\r\n", 2, "expected two fields, key and value, but found 1 field"),
        ("csv", "a,1,2\n", 1, "expected two fields, key and value, but found 3 fields"),
        ("csv", "a,\"1\n2\"\n\nb,\"2\"x\n", 4, "expected a comma or the end of the line after a closing quote"),
        ("csv", "a,b\"c\n", 1, "expected quotes around a field that holds a quote"),
        ("csv", "a,1\nb,\"2\nc,3\n", 2, "expected a quote that closes the field"),
        ("csv", "C:\\dir,1\n", 1, "expected \\\\, \\t, \\n, \\r or \\xNN where the key has a backslash; '--raw' takes"),
        ("hex", "00\t11\n0\t11\n", 2, "expected two even numbers of hexadecimal digits"),
        ("hex", "0011\n", 1, "expected two even numbers of hexadecimal digits"),
    ])
    func whatIsWrongWithALineIsSaid(format: String, input: String, line: Int, problem: String) throws {
        let result = try run("import", file, "--format", format, "--batch", "1000", input: input)
        #expect(result.status == 65)
        #expect(result.errorText.hasPrefix("Error: standard input, line \(line): \(problem)"), "\(result.errorText)")
        #expect(result.errorText.contains("Nothing was stored."))
        #expect(try run("count", file).text == "0\n")
    }

    @Test func aHeaderIsSkippedWhenItIsAskedForAndMustBeThere() throws {
        #expect(try run("import", file, "--format", "csv", "--header", input: "key,value\na,1\n").status == 0)
        #expect(try run("scan", file).text == "a\t1\n")
        let missing = try run("import", file, "--format", "csv", "--header", input: "b,1\n")
        #expect(
            missing.status == 65 && missing.errorText.contains("line 1: expected the header"), "\(missing.errorText)")
        #expect(try run("import", file, "--header", input: "").status == 64)
        #expect(try run("export", file, "--format", "hex", "--raw").status == 64)
        #expect(try run("export", file, "--format", "cvs").errorText.contains("Did you mean 'csv'?"))
    }

    @Test func hexadecimalArgumentsPickARangeAndTheFormat() throws {
        _ = try run("put", file, "--hex", "ff00", "01")
        _ = try run("put", file, "a", "1")
        #expect(try run("export", file, "--hex", "--prefix", "ff").text == "ff00\t01\n")
        #expect(try run("export", file, "--hex", "--to", "ff", "--format", "csv").text == "a,1\r\n")
    }

    #if os(Linux)
    @Test func aFullDeviceIsStatus74AndOneError() throws {
        _ = try run("put", file, "a", "1")
        for arguments in [["dump", file], ["export", file], ["analyze", file, "--html"]] {
            let result = try ChildProcess.run(arguments + (arguments[0] == "export" ? ["-o"] : []) + ["/dev/full"])
            #expect(result.status == 74)
            #expect(result.errorText.hasPrefix("Error: Cannot write '/dev/full': No space left on device."))
            #expect(result.errorText.split(separator: "\n").count == 1)
        }
    }
    #endif

    // MARK: Interrupted, and locked out

    /// Runs until it has made `name`, and waits for input then.
    private func start(_ arguments: [String], until name: String) throws -> ChildProcess {
        let child = try ChildProcess(arguments.map { Array($0.utf8) })
        child.send(Array(SourceTree.read(Self.golden).utf8.prefix(400)), more: true)
        while !folder.names.contains(name) {}
        return child
    }

    @Test func anInterruptedRestoreLeavesNothing() throws {
        let child = try start(["restore", file], until: "app.lsmtx.restoring")
        child.kill(2)
        var (output, errors): ([UInt8], [UInt8]) = ([], [])
        while child.receive(timeoutMilliseconds: -1, output: &output, errors: &errors) {}
        #expect(child.wait() == 130)
        #expect(output.isEmpty && String(decoding: errors, as: UTF8.self) == "Error: Interrupted.\n")
        #expect(folder.names == [])
    }

    @Test func aLockedStoreIsStatus75AndNamesWhoHasIt() throws {
        let child = try start(["import", file, "--format", "lines", "--batch", "1"], until: "app.lsmtx")
        for arguments in [["get", file, "a"], ["put", file, "a", "1"], ["dump", file], ["analyze", file]] {
            let result = try ChildProcess.run(arguments)
            #expect(result.status == 75, "\(result.errorText)")
            #expect(result.errorText.contains("in process \(child.pid)"), "\(result.errorText)")
            #if os(Linux)
            #expect(result.errorText.contains("\(child.pid) (lsmtx)"), "\(result.errorText)")
            #endif
        }
        child.send([])
        var (output, errors): ([UInt8], [UInt8]) = ([], [])
        while child.receive(timeoutMilliseconds: -1, output: &output, errors: &errors) {}
        #expect(child.wait() == 0)
    }

    // MARK: Dumps

    private static let golden = "Tests/Golden/version-1.dump"

    @Test func aDumpOfTheFirstVersionIsRestored() throws {
        let dump = Array(SourceTree.read(Self.golden).utf8)
        #expect(!dump.isEmpty)
        let result = try run("restore", file, input: dump)
        #expect(result.status == 0, "\(result.errorText)")
        #expect(result.text == "\(file): 6 entries restored; their number and checksum are right.\n")
        let content = "\t\n00ff5c\t0d0a2c22c3\n6e61c3af7665\t782c227922\n7461620978\t206c656164\nc29be2\t1b7f\n"
        #expect(try run("scan", file, "--hex").text == content + "e697a5e69cac\t6d756c74690a6c696e65\n")
        #expect(try run("retention", file).text.contains("1m30s"))
        // What says nothing about the state is another: the dump is that of the restored store too.
        func entries(_ dump: [UInt8]) -> [Substring] {
            String(decoding: dump, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
                .filter { $0.hasPrefix(" ") || $0.hasPrefix("retention") || $0.hasPrefix("count") }
        }
        #expect(entries(try run("dump", file).output) == entries(dump))
    }

    @Test func aDumpThatIsCutShortAnywhereIsRefusedAndLeavesNothing() throws {
        let dump = Array(SourceTree.read(Self.golden).utf8)
        for count in stride(from: 0, to: dump.count, by: 43) {
            let result = try run("restore", file, input: Array(dump[..<count]))
            #expect(result.status == 65 && result.errorText.contains("standard input, line "), "\(count) bytes")
            #expect(folder.names == [], "\(count) bytes")
        }
    }

    @Test func aDumpThatWasChangedIsRefusedAndLeavesNothing() throws {
        let dump = Array(SourceTree.read(Self.golden).utf8)
        for place in stride(from: 0, to: dump.count, by: 41) {
            var changed = dump
            changed[place] ^= 1
            let result = try run("restore", file, input: changed)
            #expect(result.status == 65, "byte \(place): \(result.text)")
            #expect(folder.names == [], "byte \(place)")
        }
        let more = try run("restore", file, input: dump + Array(" x\n".utf8))
        #expect(more.status == 65 && more.errorText.contains("expected nothing after the closing line"))
        let newer = SourceTree.read(Self.golden).replacing("LSMTX-DUMP=1", with: "LSMTX-DUMP=2")
        let refused = try run("restore", file, input: newer)
        #expect(refused.status == 65 && refused.errorText.contains("a dump of version 2; this build reads version 1"))
    }

    @Test func theDocumentedDumpIsRestored() throws {
        let page = SourceTree.read("Sources/LSMTx/LSMTx.docc/FileFormat.md")
        let match = try #require(page.firstMatch(of: /\n```\n(LSMTX-DUMP=(?:.|\n)*?)```\n/))
        #expect(try run("restore", file, input: String(match.1)).status == 0)
        #expect(try run("scan", file).text == "user/1\tAda\nuser/2\tone\\ntwo\n")
    }

    @Test func aDumpWhoseLineEndsWereChangedIsToldSo() throws {
        let dump = SourceTree.read(Self.golden).replacing("\n", with: "\r\n")
        let result = try run("restore", file, input: dump)
        #expect(result.status == 65 && result.errorText.contains("its line ends were changed"), "\(result.errorText)")
        #expect(folder.names == [])
    }

    @Test func aStoreIsNeverRestoredOverAnother() throws {
        let dump = Array(SourceTree.read(Self.golden).utf8)
        _ = try run("put", file, "a", "1")
        let result = try run("restore", file, input: dump)
        #expect(result.status == 1 && result.errorText.contains("is there already. Remove it"), "\(result.errorText)")
        #expect(try run("restore", folder.path, input: dump).status == 1)
        #expect(try run("get", file, "a").text == "1\n")
        let empty = folder.file("empty")
        write([], to: empty)
        #expect(try run("restore", empty, input: dump).status == 0)
        #expect(try run("count", empty).text == "6\n")
        let other = folder.file("other")
        write([1], to: other + ".restoring")
        let atWork = try run("restore", other, input: dump)
        #expect(atWork.status == 1 && atWork.errorText.contains("Remove it first"))
        #expect(try run("restore", other, folder.file("none")).status == 66)
    }

    @Test func aDumpIsOfOneNamedState() throws {
        _ = try run("put", file, "a", "1")
        _ = try run("snapshot", "create", file, "before")
        _ = try run("put", file, "a", "2")
        let dump = try run("dump", file, "--as-of", "before").text
        #expect(dump.contains("\ntimestamp=1\n") && dump.contains("\n# snapshot 'before' at 1, named "))
        let copy = folder.file("copy.lsmtx")
        #expect(try run("restore", copy, input: dump).status == 0)
        #expect(try run("get", copy, "a").text == "1\n")
    }

    @Test func aLargeValueIsDumpedInPiecesThatFitTogether() throws {
        // Characters of two to four bytes over the ends of pieces, and bytes that are none.
        for (number, unit) in ["é", "鍵", "👍", "é\u{9B}x"].map({ Array($0.utf8) }).enumerated() {
            let value = (0..<70_000).flatMap { (index: Int) -> [UInt8] in
                index % 9973 == 0 ? unit + [0x80, 0xFF] : unit
            }
            let path = folder.file("value\(number)")
            write(value, to: path)
            #expect(try run("put", file, "k\(number)", "--file", path).status == 0)
        }
        let copy = folder.file("copy.lsmtx")
        let dump = folder.file("dump")
        #expect(try run("dump", file, dump).status == 0)
        #expect(try run("restore", copy, dump).status == 0)
        for number in 0..<4 {
            let value = try run("get", copy, "k\(number)", "--raw").output
            #expect(value == contents(of: folder.file("value\(number)")))
            let line = [UInt8(ascii: " ")] + Array(Escaping.terminal(value).utf8)
            #expect(contents(of: dump).split(separator: UInt8(ascii: "\n")).contains(line[...]))
        }
    }
}
