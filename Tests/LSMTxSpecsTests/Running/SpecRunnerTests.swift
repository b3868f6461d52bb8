import LSMTxSpecs
import Testing

@Suite struct SpecRunnerTests {
    /// Lines of a schedule, the last of which is as expected; and what else could be expected there, which it is not.
    struct Case: Sendable, CustomTestStringConvertible {
        let lines: String
        let wrong: String
        let actual: String
        var testDescription: String { lines }

        init(_ lines: String, notExpected wrong: String, actual: String) {
            self.lines = lines
            self.wrong = wrong
            self.actual = actual
        }
    }

    static let cases = [
        Case("T get x -> 1", notExpected: "2", actual: "1"),
        Case("T get x -> \"1\"", notExpected: "none", actual: "1"),
        Case("T get y -> none", notExpected: "1", actual: "none"),
        Case("T scan a z -> [x=1]", notExpected: "[]", actual: "[x=1]"),
        Case("T scan a x -> []", notExpected: "[x=1]", actual: "[]"),
        Case("T put w 0\nT scan a z reverse -> [x=1, w=0]", notExpected: "[w=0, x=1]", actual: "[x=1, w=0]"),
        Case("T put w 0\nT scan a z limit 1 -> [w=0]", notExpected: "[w=0, x=1]", actual: "[w=0]"),
        Case(
            "T put \"\\xff\\x00\" \"a b\"\nT prefix \"\\xff\" -> [\"\\xff\\x00\"=\"a b\"]", notExpected: "[]",
            actual: "[\"\\xff\\x00\"=\"a b\"]"),
        Case("T put y 2 -> ok", notExpected: "gone", actual: "ok"),
        Case("T get x -> one-of 1 2", notExpected: "one-of 2 none", actual: "1"),
        Case("T get x as a\nT get x -> $a", notExpected: "$a+1", actual: "1"),
        Case("T get x as a\nT put x $a-3\nT get x -> $a-3", notExpected: "$a", actual: "-2"),
        Case("T get y as a\nT get y -> $a", notExpected: "0", actual: "none"),
        Case("T scan a z as a\nU scan a z -> $a", notExpected: "[x=2]", actual: "[x=1]"),
        Case("T get x as a\nT scan a z -> [x=$a]", notExpected: "[x=$a+1]", actual: "[x=1]"),
        Case("T get x\nU put x 2\nU commit\nT put y 1\nT commit -> conflict", notExpected: "ok", actual: "conflict"),
        Case("T put x 2\nT commit -> ok", notExpected: "conflict", actual: "ok"),
        Case("T put x 2\nT rollback -> ok", notExpected: "gone", actual: "ok"),
        Case("T put x 2\ndb close\ndb reopen\nT commit -> gone", notExpected: "ok", actual: "gone"),
        Case("T put x 2\ndb failpoint wal.sync fail\nT commit -> unknown", notExpected: "ok", actual: "unknown"),
        Case("final [x=1]", notExpected: "[]", actual: "[x=1]"),
        Case("T del-range a z\nT commit\nfinal []", notExpected: "[x=1]", actual: "[]"),
        Case("db versions x -> 1", notExpected: "0", actual: "1"),
        Case("T open c a z\nT next c 1 -> [x=1]", notExpected: "[]", actual: "[x=1]"),
        Case("T open c a z\nT next c 2\nT next c -> []", notExpected: "[x=1]", actual: "[]"),
        Case(
            "T savepoint s\nT put y 1\nT rollback-to s\nT scan a z -> [x=1]", notExpected: "[x=1, y=1]",
            actual: "[x=1]"),
        Case(
            "T savepoint s\nT put y 1\nT release s\nT scan a z -> [x=1, y=1]", notExpected: "[x=1]",
            actual: "[x=1, y=1]"),
    ]

    @Test(arguments: cases)
    func aLineIsRightOrWrong(_ example: Case) throws {
        let right = try SpecRuns.schedule(example.lines)
        #expect(right.hasPassed, "\(right.lines)")
        #expect(right.lines.last?.actual == example.actual)
        // What is behind the last arrow, or behind `final`, is what is expected.
        let arrow = example.lines.ranges(of: "-> ").last ?? example.lines.ranges(of: "final ").last
        let lines = example.lines[..<(try #require(arrow)).upperBound] + example.wrong
        let wrong = try SpecRuns.schedule(String(lines) + "\nT get x")
        #expect(!wrong.hasPassed)
        #expect(wrong.failure?.actual == example.actual)
        #expect(wrong.failure?.expected == example.wrong)
        #expect(wrong.lines.count == right.lines.count, "the run ends with the line that went wrong")
    }

    @Test func whatIsNotExpectedIsNotJudged() throws {
        #expect(try SpecRuns.schedule("T get x\nT get x -> any\nT commit").hasPassed)
        let run = try SpecRuns.schedule("T put x 2 -> skip\nT get x -> 1\nfinal skip\nverdict any")
        #expect(run.hasPassed)
        #expect(run.lines.first?.outcome == .skipped)
        #expect(run.lines.first?.transaction == nil)
    }

    @Test func aStoreErrorIsExpectedByNobody() throws {
        for (line, passes) in [("T guard x", false), ("T guard x -> ok", false), ("T guard x -> any", true)] {
            let run = try SpecRuns.schedule(line, at: .readCommitted)
            #expect(run.hasPassed == passes, "\(line)")
            guard case .failed(let error)? = run.lines.last?.outcome else {
                Issue.record("\(run.lines)")
                continue
            }
            #expect(error.contains("read committed"))
            #expect(run.lines.last?.actual == error)
        }
    }

    @Test func verdictsAreOfWhatHasHappenedSoFar() throws {
        let steps = "T get x\nU put x 2\nU put y 2\nU commit\nT get y\nT commit"
        let run = try SpecRuns.schedule("verdict none\n\(steps)\nverdict G-single\nV get x", at: .readCommitted)
        #expect(run.hasPassed)
        #expect(run.verdict.kinds == [.gSingle])
        #expect(run.lines.last { $0.text == "verdict" }?.outcome == nil)
        let wrong = try SpecRuns.schedule("\(steps)\nverdict G0", at: .readCommitted)
        #expect(wrong.failure?.actual == "G-single")
        // What is open may still be rolled back.
        #expect(
            try SpecRuns.schedule("T get x\nU put x 2\nU commit\nT get x\nverdict none", at: .readCommitted).hasPassed)
    }

    @Test func theHistorySaysWhatWasDone() throws {
        let run = try SpecRuns.schedule(
            "T1 get x\nT2 put y 1\nT1 put y 2\nT1 commit\nT2 commit\nT1 get y\nT3 get x", at: .snapshot)
        let transactions = run.history.transactions
        #expect(transactions.map(\.process) == [0, 1, 2, 1, 3])
        #expect(transactions.map(\.outcome) == [.committed, .committed, .aborted, .aborted, .aborted])
        #expect(transactions[1].operations == [.read("x", .text("1")), .write("y", .text("2"))])
        #expect(transactions.allSatisfy { $0.level == .snapshot })
        #expect(transactions[1].commit != nil && transactions[1].snapshot == transactions[0].commit)
        #expect(run.lines.map(\.transaction) == [1, 2, 1, 1, 2, 3, 4])
        #expect(run.lines.map(\.text) == ["get x", "put y 1", "put y 2", "commit", "commit", "get y", "get x"])
    }

    @Test func levelsAreThoseOfTheSpecThatAreAskedFor() throws {
        let text = "spec \"a\"\nlevels si ser\nschedule \"s\"\n  T get x -> none\n"
        #expect(try SpecRuns.report(text).schedules.map(\.level) == [.snapshot, .serializable])
        let some = SpecRunner.Options(levels: [.readCommitted, .serializable])
        #expect(try SpecRuns.report(text, some).schedules.map(\.level) == [.serializable])
        #expect(try SpecRuns.report(text).passed == 2)
    }

    @Test func retentionKeepsOldVersions() throws {
        let schedule = """
            schedule "s"
              T put x 2
              T commit
              db flush
              db compact full
              db versions x -> N
            """
        for (meta, versions) in [("", "1"), ("retention 5\n", "2")] {
            let text = "spec \"a\"\n\(meta)setup\n  put x 1\n" + schedule.replacing("N", with: versions)
            #expect(try SpecRuns.report(text).failed == 0, "\(meta)")
        }
    }

    // MARK: Mistakes that show only in a run

    static let misuses = [
        ("T get x\nT begin", "begin", 5),
        ("T begin read-only\nT put x 2", "a change", 5),
        ("db reopen", "reopen", 4),
        ("db close\nT get x", "a step of T", 5),
        ("db close\ndb flush", "a step of db", 5),
        ("db crash\ndb versions x", "a step of db", 5),
        ("db crash\nfinal []", "a closed database", 5),
        ("T get y as a\nT put y $a", "a variable that holds no value", 5),
        ("T get y as a\nT put y $a+1", "$a that holds none", 5),
        ("T scan a z as a\nT get x -> any\nT scan a z -> [x=$a]", "", 0),
        ("T put x 9223372036854775807\nT get x as a\nT put x $a+1", "$a that holds 9223372036854775807", 6),
        ("T open c a z -> rc si: ok | ser: skip\nT next c", "the cursor c", 5),
        ("T savepoint s -> rc si: ok | ser: skip\nT rollback-to s", "the savepoint s", 5),
    ]

    @Test(arguments: misuses)
    func aMistakeIsReportedWithItsPlace(_ lines: String, _ found: String, _ line: Int) throws {
        do {
            let text = "spec \"a\"\nsetup\nput x 1\nschedule \"s\"\n\(lines)\n"
            guard found != "" else {
                // The parser knows this one.
                #expect(throws: SpecErrors.self) { try Spec(parsing: text) }
                return
            }
            _ = try SpecRuns.report(text, SpecRunner.Options(levels: [.serializable]))
            Issue.record("no error")
        } catch let errors as SpecErrors {
            let error = try #require(errors.errors.first)
            #expect(error.found == found)
            #expect(error.line == line + 1)
            #expect(error.file == "a.spec")
        }
    }
}
