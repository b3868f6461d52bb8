import Foundation
import Testing

@testable import LSMTxSpecs

@Suite("Reports as text")
struct TextReportTests {
    @Test func aSpecWithoutFailuresIsOneLine() throws {
        let text = TextReport().text(of: [try SampleReports.lostUpdateReport()])
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.first == "ok    Specs/sample.spec  lost update  (3 runs)")
        #expect(lines[1] == "")
        #expect(text.hasSuffix("\nseed 1\n3 passed, 0 failed\n"))
    }

    @Test func aFailureShowsScheduleStepBothResultsSeedAndHowToRepeatIt() throws {
        let text = TextReport().text(of: [try SampleReports.failedReport()])
        #expect(text.contains("FAIL  it's/sample.spec  lost update  (1 of 1 run)"))
        #expect(text.contains("  it's/sample.spec:12:3: schedule \"two add one\" at ser, seed 7\n"), "\(text)")
        #expect(text.contains("        T1               T2\n"), "\(text)")
        #expect(text.contains(">12                   commit → ok\n"), "\(text)")
        #expect(text.contains("    step: T2 commit\n"))
        #expect(text.contains("    expected                   | actual\n    rc: ok | si ser: conflict"), "\(text)")
        #expect(
            text.contains(
                "repeat: lsmtx spec run 'it'\\''s/sample.spec' --filter 'two add one' --level ser --seed 7\n"),
            "\(text)")
        #expect(text.hasSuffix("\nseed 7\n0 passed, 1 failed\n"))
    }

    @Test func anExplorationThatFailsShowsCountsAndTheForbiddenRun() throws {
        let text = TextReport(width: 100).text(of: [try SampleReports.phantomReport()])
        // Explorations that fail count among all that was run.
        #expect(text.contains("  (2 of 6"), "\(text)")
        #expect(text.contains("exploration at ser, seed 1"))
        #expect(text.contains("    count: anomalous\n    expected  | actual\n    0         | 18\n"), "\(text)")
        #expect(text.contains("forbidden: no serial <order>"))
        #expect(text.contains("4 passed, 2 failed\n"))
    }

    @Test func theMatrixSaysWhatWasSeenAtWhichLevel() throws {
        let matrix = AnomalyMatrix(try SampleReports.all())
        func cells(_ name: String) -> [String] {
            let row = matrix.rows.first { $0.name == name }
            return matrix.levels.map { row?.cells[$0]?.text ?? "" }
        }
        #expect(matrix.levels == Level.allCases)
        #expect(cells("P4") == ["seen", "not seen", "SEEN, not expected"])
        #expect(cells("G2")[0] == "seen" && cells("G2")[1] == "seen")
        #expect(cells("G-single") == ["seen", "not seen", "SEEN, not expected"])
        #expect(matrix.rows.map(\.name) == ["G-single", "G2", "P4"])
    }

    @Test func whatWasExpectedAndNotSeenIsSaid() throws {
        var run = try ScriptedRun(SampleReports.lostUpdate)
        try run.add(
            .readCommitted, outcomes: [0: bytes("10"), 1: bytes("10"), 5: .conflict("")], wrong: (7, "none"))
        let cell = AnomalyMatrix([run.report]).rows.first { $0.name == "G-single" }?.cells[.readCommitted]
        #expect(cell?.text == "NOT SEEN, expected")
    }

    @Test func aWordThatIsNoAnomalyIsAboutWhatHolds() throws {
        for (word, hasVerdict, text) in [
            ("my-word", true, "holds"), ("my-word", false, "holds"), ("P4", false, "seen"), ("G1c", true, "not seen"),
        ] {
            let source = SampleReports.lostUpdate.split(separator: "\n")
                .filter { hasVerdict || !$0.hasPrefix("  verdict") }.joined(separator: "\n")
            var run = try ScriptedRun(source.replacingOccurrences(of: "anomaly P4", with: "anomaly \(word)"))
            try run.add(.readCommitted, outcomes: [0: bytes("10"), 1: bytes("10")])
            let cell = AnomalyMatrix([run.report]).rows.first { $0.name == word }?.cells[.readCommitted]
            #expect(cell?.text == text, "\(word) \(hasVerdict)")
        }
    }

    @Test func aTerminalOnlyGetsStyleWhereTheCallerGivesIt() throws {
        let style = TextStyle(heading: { "<b>\($0)</b>" }, dimmed: { "<i>\($0)</i>" })
        let text = TextReport(style: style).text(of: [try SampleReports.lostUpdateReport()])
        #expect(text.contains("<b>anomaly") && text.contains("<i>(3 runs)</i>"))
        #expect(!TextReport().text(of: try SampleReports.all()).contains("\u{1B}"))
    }

    @Test func theExplanationDrawsEverySchedule() throws {
        let text = ScheduleExplanation().text(of: try SampleReports.lostUpdateReport())
        for part in [
            "Specs/sample.spec: lost update  (P4)", "see Hermitage: P4", "setup: put x 10",
            "schedule \"two add one\" at rc, seed 1: as expected", "T1 -ww-> T2 on x: put x 11 (line 9), then put x 12",
            "T2 line 12: x, written by T1", "had both committed",
        ] { #expect(text.contains(part), "\(part)\n\(text)") }
        let phantoms = ScheduleExplanation(width: 60).text(of: try SampleReports.phantomReport())
        #expect(phantoms.contains("exploration at ser, seed 1: NOT as expected"))
    }
}
