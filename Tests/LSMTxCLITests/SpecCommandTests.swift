import Foundation
import Testing

/// Drives `lsmtx spec` as a user does.
@Suite("Commands for specs")
struct SpecCommandTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: String..., environment: [String: String] = [:]) throws -> ChildProcess.Result {
        try ChildProcess.run(["spec"] + arguments, environment: environment)
    }

    private func file(_ name: String, _ text: String) -> String {
        let path = folder.file(name)
        write(Array(text.utf8), to: path)
        return path
    }

    private static let good = """
        spec "write skew <small>"
        anomaly G2-item
        see "Hermitage: G2-item"
        setup
          put x 1
          put y 1
        schedule "two doctors"
          T1 get x -> 1
          T2 get y -> 1
          T1 put y 0
          T2 put x 0
          T1 commit -> ok
          T2 commit -> rc si: ok | ser: conflict
          verdict rc si: G2-item | ser: none
        schedule "one after the other"
          T1 put x 2
          T1 commit -> ok
          T2 get x -> 2
          T2 commit -> ok
          verdict none

        """

    private static let bad = """
        spec "it does not hold"
        schedule "the wrong value"
          T1 put k 1
          T1 commit -> ok
          T2 get k -> 2

        """

    @Test func aSpecThatHoldsIsStatus0() throws {
        let path = file("good.spec", Self.good)
        let result = try run("run", path)
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        #expect(result.text.hasPrefix("ok    \(path)  write skew <small>  (6 runs)\n"))
        #expect(result.text.contains("\nG2-item  seen  seen  not seen\n"), "\(result.text)")
        #expect(result.text.hasSuffix("\nseed 1\n6 passed, 0 failed\n"))
        #expect(result.errors.isEmpty)
    }

    @Test func aSpecThatDoesNotIsStatus1AndSaysHowToRepeatIt() throws {
        let path = file("bad.spec", Self.bad)
        let result = try run("run", path, "--seed", "9")
        #expect(result.status == 1)
        #expect(result.text.contains("\(path):5:3: schedule \"the wrong value\" at rc, seed 9"), "\(result.text)")
        #expect(result.text.contains("expected  | actual\n    2         | 1\n"), "\(result.text)")
        #expect(result.text.hasSuffix("\n0 passed, 3 failed\n"))
        #expect(!result.text.contains("\u{1B}"))
        // The command that is printed shows the same failure.
        let repeated = try #require(result.text.split(separator: "\n").first { $0.contains("repeat: ") })
        #expect(repeated.hasSuffix("lsmtx spec run \(path) --filter 'the wrong value' --level rc --seed 9"))
        let again = try run("run", path, "--filter", "the wrong value", "--level", "rc", "--seed", "9")
        #expect(again.status == 1 && again.text.contains(":5:3: schedule"))
        #expect(again.text.hasSuffix("\n0 passed, 1 failed\n"))
    }

    @Test func aFolderIsEveryFileInItByName() throws {
        _ = file("b.spec", Self.good)
        _ = file("a.spec", Self.bad)
        _ = file("notes.txt", "no spec")
        let result = try run("run", folder.path, "--format", "jsonl", "--level", "si", folder.file("a.spec"))
        #expect(result.status == 1)
        let lines = result.text.split(separator: "\n")
        let objects = try lines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        #expect(objects.map { $0["schedule"] as? String } == ["the wrong value", "two doctors", "one after the other"])
        #expect(objects.map { $0["result"] as? String } == ["fail", "pass", "pass"])
        #expect(objects.map { $0["verdict"] as? String } == ["none", "G2-item", "none"])
        #expect(Set(objects.compactMap { $0["level"] as? String }) == ["si"])
    }

    @Test func theOtherFormatsSayTheSame() throws {
        let paths = [file("a.spec", Self.good), file("b.spec", Self.bad)]
        let tap = try run("run", paths[0], paths[1], "--format", "tap")
        #expect(tap.status == 1)
        #expect(tap.text.hasPrefix("TAP version 14\n1..9\nok 1 - write skew <small>: two doctors [rc]\n"))
        #expect(tap.text.split(separator: "\n").count { $0.hasPrefix("not ok ") } == 3)
        let junit = try run("run", paths[0], paths[1], "--format", "junit")
        #expect(junit.status == 1)
        #expect(junit.text.contains("<testsuites name=\"lsmtx spec run\" tests=\"9\" failures=\"3\" errors=\"0\">"))
    }

    @Test func thePageIsWrittenBesidesTheOutput() throws {
        let page = folder.file("page.html")
        let result = try run("run", file("a.spec", Self.good), "--html", page)
        #expect(result.status == 0 && result.text.hasSuffix("6 passed, 0 failed\n"))
        let text = String(decoding: contents(of: page), as: UTF8.self)
        #expect(text.hasPrefix("<!DOCTYPE html>") && text.hasSuffix("</html>\n"))
        #expect(text.contains("write skew &lt;small&gt;") && !text.contains("<small>\""))
        let nowhere = try run("run", folder.file("a.spec"), "--html", folder.file("no/page.html"))
        #expect(nowhere.status == 74 && nowhere.errorText.contains("Cannot write"))
    }

    @Test func bothDevicesAnswerTheSame() throws {
        let path = file("a.spec", Self.good)
        let memory = try run("run", path, "--device", "memory")
        let file = try run("run", path, "--device", "file")
        #expect(memory.text == file.text && file.status == 0)
    }

    @Test func aSyntaxErrorIsStatus65WithItsPlaceAndNothingRuns() throws {
        let good = file("a.spec", Self.good)
        let bad = file("b.spec", "spec \"x\"\nschedule \"y\"\n  T1 gett k\n  T1 commit -> xx: ok\n")
        for command in ["run", "list"] {
            let result = try run(command, good, bad)
            #expect(result.status == 65)
            #expect(result.output.isEmpty)
            #expect(result.errorText.hasPrefix("\(bad):3:6: error: found"), "\(result.errorText)")
            #expect(result.errorText.contains("\(bad):4:16: error: found"), "\(result.errorText)")
            #expect(result.errorText.hasSuffix("Error: 1 of 2 specs cannot be read. Correct what is said above.\n"))
        }
        #expect(try run("explain", bad).status == 65)
    }

    @Test func aSpecThatCannotBeRunIsStatus65WithItsPlace() throws {
        let path = file(
            "a.spec", "spec \"x\"\nschedule \"y\"\n  T1 put k a\n  T1 get k as n\n  T1 put k $n+1\n")
        let result = try run("run", path)
        #expect(result.status == 65, "\(result.text)")
        #expect(result.errorText.contains("\(path):5:3: error: found"), "\(result.errorText)")
    }

    @Test func whatIsNotThereIsStatus66() throws {
        #expect(try run("run", folder.file("no.spec")).status == 66)
        let empty = try run("run", folder.path)
        #expect(empty.status == 66 && empty.errorText.contains("no file called '*.spec'"))
    }

    @Test(arguments: [
        (["--level", "sii"], "Unknown level 'sii', expected rc, si, ser. Did you mean 'si'?"),
        (["--format", "jason"], "Unknown format 'jason', expected text, jsonl, tap, junit. Did you mean 'jsonl'?"),
        (["--format", "tex"], "Unknown format 'tex', expected text, jsonl, tap, junit. Did you mean 'text'?"),
        (["--device", "disk"], "Unknown device 'disk', expected memory, file."),
        (["--filter", "no such name"], "No spec and no schedule has 'no such name' in its name."),
        (["--seed", "-1"], "The value '-1' of '--seed' is not a whole number, 0 or more."),
    ])
    func aWrongCommandLineIsStatus64(arguments: [String], message: String) throws {
        let result = try ChildProcess.run(["spec", "run", file("a.spec", Self.good)] + arguments)
        #expect(result.status == 64)
        #expect(result.output.isEmpty)
        #expect(result.errorText.hasPrefix("Error: \(message)\nUsage: lsmtx spec run "), "\(result.errorText)")
        #expect(result.errorText.contains("See 'lsmtx spec run --help' for more information."))
    }

    @Test func aLevelAtWhichNoSpecRunsIsSaid() throws {
        let path = file("a.spec", "spec \"x\"\nlevels si ser\nschedule \"y\"\n  T1 get k -> none\n")
        #expect(try run("run", path, "--level", "ser").text.hasSuffix("1 passed, 0 failed\n"))
        #expect(try run("run", path, "--level", "rc").status == 64)
    }

    @Test func theGroupHasHelpAndNearMissesAreRecognised() throws {
        for arguments in [["spec"], ["spec", "--help"], ["help", "spec"]] {
            let result = try ChildProcess.run(arguments)
            #expect(result.status == 0 && result.text.contains("USAGE: lsmtx spec <subcommand>"), "\(result.text)")
            #expect(result.text.contains("  spec run ") && !result.text.contains("  torture "))
        }
        #expect(try ChildProcess.run(["help", "spec", "run"]).text == (try run("run", "--help").text))
        #expect(try run("run", "--help").text.contains(" <path>..."))
        let miss = try run("rnu")
        #expect(miss.status == 64 && miss.errorText.contains("Unknown subcommand 'spec rnu'. Did you mean 'spec run'?"))
        #expect(try ChildProcess.run(["sepc"]).errorText.contains("Did you mean 'spec'?"))
        #expect(try run("run").errorText.contains("Missing argument '<path>'."))
    }

    @Test func theListHasARowForEachSpec() throws {
        let path = file("a.spec", Self.good)
        let row = [path, "write skew <small>", "G2-item", "rc si ser", "2", "0", "Hermitage: G2-item"]
        #expect(try run("list", folder.path).text == row.joined(separator: "\t") + "\n")
        let line = try run("list", path, "--json").text
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["schedules"] as? [String] == ["two doctors", "one after the other"])
        #expect(object["levels"] as? [String] == ["rc", "si", "ser"])
        #expect(object["file"] as? String == path && object["orders"] as? Int == 0)
    }

    @Test func theExplanationDrawsColumnsAndConflicts() throws {
        let path = file("a.spec", Self.good)
        let result = try run("explain", path, "--level", "ser", "--filter", "DOCTORS")
        #expect(result.status == 0, "\(result.errorText)")
        #expect(!result.text.contains("one after the other"))
        for part in [
            "schedule \"two doctors\" at ser, seed 1: as expected\n", "       T1           T2\n",
            "   13               commit → conflict\n", "  conflicts\n",
            "    T1 -rw-> T2 on x: get x → 1 (line 8), then put x 0 (line 11), had both committed\n",
            "    T2 -rw-> T1 on y: get y → 1 (line 9), then put y 0 (line 10), had both committed\n",
        ] { #expect(result.text.contains(part), "\(part)\n\(result.text)") }
        #expect(try run("explain", file("b.spec", Self.bad)).status == 1)
    }

    @Test func theFailureInTheDocumentationIsWhatIsPrinted() throws {
        // Tests/LSMTxCLITests/<this file>
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let page = String(
            decoding: contents(of: "\(root)/Sources/LSMTxSpecs/LSMTxSpecs.docc/RunningSpecs.md"), as: UTF8.self)
        let start = try #require(page.range(of: "```text\n"))
        let documented = page[start.upperBound...].prefix(upTo: try #require(page.range(of: "failed\n```")).lowerBound)
        let path = file(
            "counter.spec",
            """
            spec "two count"
            anomaly P4
            setup
              put x 10
            schedule "two add one"
              T1 get x as a  -> 10
              T2 get x as b  -> 10
              T1 put x $a+1
              T2 put x $b+1
              T1 commit      -> ok
              T2 commit      -> rc si: ok | ser: conflict
              final          [x=11]

            """)
        let result = try run("run", path)
        #expect(result.status == 1)
        #expect(result.text.replacingOccurrences(of: path, with: "Specs/counter.spec") == documented + "failed\n")
    }
}
