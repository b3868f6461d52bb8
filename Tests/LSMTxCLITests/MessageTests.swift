import LSMTx
import Testing

/// What is said where the numbers, the place or the next step are what a user needs.
@Suite("Messages")
final class MessageTests: CommandSuite {
    @Test func oneOfAThingIsSaidInTheSingular() throws {
        _ = try run("put", file, "k", "v")
        _ = try run("compact", file)
        let stats = try run("stats", file).text
        #expect(stats.contains("  1 entry, 1 table\n") && stats.contains("0 entries, 0 tables\n"), "\(stats)")
        let words = folder.file("words")
        write(Array("word\n".utf8), to: words)
        let demo = try run("demo", folder.file("demo.lsmtx"), words, "--threads", "1")
        #expect(demo.text.hasPrefix("Committed 1 word in 1 commit from 1 thread, "), "\(demo.text)")
    }

    /// Of a store that was not closed, the entries are in the log, and a check that spoke of "0 entries" alone would
    /// look as if it had passed over them.
    @Test func aCheckSaysWhatItHasReadOfTheLog() throws {
        let child = try ChildProcess(["torture", file, "--threads", "1"].map { Array($0.utf8) })
        var (output, errors): ([UInt8], [UInt8]) = ([], [])
        while !output.contains(0x0A) { _ = child.receive(timeoutMilliseconds: -1, output: &output, errors: &errors) }
        child.kill()
        _ = child.wait()
        let check = try run("check", file).text
        #expect(check.contains("no problems found (0 entries in 0 tables, 0 blocks, "), "\(check)")
        #expect(check.contains(" of commits in the log, "), "\(check)")
        #expect(try !run("check", file, "--json").text.contains("\"logGroups\" : 0"))
        _ = try run("compact", file)
        #expect(try !run("check", file).text.contains("in the log"))
    }

    @Test func anImportThatRunsOutOfSpaceSaysWhatIsStored() throws {
        let words = folder.file("words")
        let value = String(repeating: "v", count: 100)
        write(Array((0..<60_000).map { "\(value)\($0)\n" }.joined().utf8), to: words)
        let command = "trap '' XFSZ; ulimit -f 3000; exec \"$0\" import \"$1\" \"$2\" --format lines --batch 100"
        let result = try ChildProcess.run(["-c", command, ChildProcess.executable, file, words], program: "/bin/sh")
        #expect(result.status == 74)
        let stored = Int(try run("count", file).text.dropLast()) ?? 0
        #expect(stored > 0 && stored % 100 == 0)
        let text = result.errorText.replacing(",", with: "")
        #expect(
            text.hasSuffix(
                " again. Stopped after \(stored) entries in \(stored / 100) commits which are stored.\n"),
            "\(result.errorText)")
    }

    /// The library's sentence has the reason already.
    @Test func theReasonOfAFailureIsSaidOnce() throws {
        let result = try run("put", folder.file("none/app.lsmtx"), "k", "v")
        #expect(result.status == 66)
        #expect(
            result.errorText == """
                Error: Opening the folder failed: no such file or folder. (\(folder.path)/none) Check the path; the folder \
                must exist before the file can be created.

                """, "\(result.errorText)")
    }

    @Test func aKeyThatLooksLikeAnOptionIsToldWhereToGo() throws {
        for key in ["-dash", "--zzzzzzzz"] {
            let result = try run("put", file, key, "v")
            #expect(result.status == 64)
            #expect(result.errorText.contains("What begins with a hyphen and is no option goes after '--'."))
        }
        #expect(try run("put", file, "--bufered", "k", "v").errorText.contains("Did you mean '--buffered'?\n"))
        #expect(try run("put", file, "--", "-dash", "v").status == 0)
    }

    /// What was cut off is no riddle about superblocks.
    @Test func aFileThatWasCutOffIsSaidToBe() throws {
        _ = try run("put", file, "k", "v")
        write(Array(contents(of: file).prefix(50_000)), to: file)
        let result = try run("get", file, "k")
        #expect(result.status == 65)
        #expect(result.errorText.contains("The file ends at 50000, within its log or before it: it was cut off."))
    }
}
