import Testing

@testable import LSMTxSpecs

@Suite("Pictures of runs")
struct RunPictureTests {
    private func picture(_ report: SpecReport, _ index: Int) -> RunPicture {
        RunPicture(of: report.schedules[index], in: report.spec)
    }

    @Test func arrowsGoFromStepToStepAndThoseOfACycleAreMarked() throws {
        let picture = picture(try SampleReports.lostUpdateReport(), 0)
        #expect(picture.columns == ["T1", "T2"])
        let arrows = picture.arrows.map { "\($0.from) \($0.label) \($0.to) \($0.isOfAnomaly) \($0.isSupposed)" }
        // T1's own write follows what it read, so nothing is between its read and T2.
        #expect(arrows == ["1 rw x 2 true false", "2 ww x 3 true false"])
        #expect(picture.anomalyLines.contains { $0.hasPrefix("G-single: ") && $0.contains("-rw x->") })
    }

    @Test func anAbortedTransactionHasWhatItWouldHaveHad() throws {
        for index in [1, 2] {
            let picture = picture(try SampleReports.lostUpdateReport(), index)
            let arrows = picture.arrows.map { "\($0.from) \($0.label) \($0.to) \($0.isOfAnomaly) \($0.isSupposed)" }
            #expect(arrows == ["1 rw x 2 false true", "2 ww x 3 false true"])
            #expect(picture.verdict.anomalies.isEmpty)
            #expect(picture.dependencyLines.allSatisfy { $0.hasSuffix(", had both committed") })
        }
    }

    @Test func aScanReadsTheKeysThatItDoesNotFind() throws {
        let picture = picture(try SampleReports.phantomReport(), 0)
        let arrows = Set(picture.arrows.filter(\.isOfAnomaly).map { "\($0.from) \($0.label) \($0.to)" })
        #expect(arrows == ["0 rw b2 3", "1 rw x1 2"])
        #expect(picture.names[0] == "T1#1" && picture.names[1] == "T2" && picture.names[2] == "T1#2")
        #expect(picture.columns == ["T1", "T2", "db"])
    }

    @Test func whatBeganLaterCouldNotMeetAnAbortedTransaction() throws {
        var script = HistoryScript()
        script.begin(0)
        script.begin(1)
        script.end(0, [put("x", 1)], snapshot: 0, commit: 1)
        script.end(1, [get("x", nil), put("x", 2)], kind: .fail, snapshot: 0)
        script.run(2, [get("x", 1), put("x", 3)], snapshot: 1, commit: 2)
        let history = try History(script.events)
        let edges = DependencyGraph.edges(of: history, asIfCommitted: 1).map {
            "\($0.kind.rawValue) \($0.from) \($0.to)"
        }
        #expect(Set(edges) == ["ww 0 1", "rw 1 0"])
        #expect(DependencyGraph.edges(of: history, asIfCommitted: 0).isEmpty)
        #expect(DependencyGraph.edges(of: history, asIfCommitted: 9).isEmpty)
        let real = DependencyGraph.edges(of: history).map { "\($0.kind.rawValue) \($0.from) \($0.to)" }
        #expect(Set(real) == ["ww 0 2", "wr 0 2"])
    }

    @Test func columnsAreWhereTheSessionsNamesAre() throws {
        for report in try SampleReports.all() {
            for run in report.schedules {
                let picture = RunPicture(of: run, in: report.spec)
                let lines = picture.columnsOfText()
                #expect(lines.count == picture.rows.count + 1)
                for (row, line) in zip(picture.rows, lines.dropFirst()) {
                    guard let column = row.column else { continue }
                    // Columns count, not characters: keys may be wide.
                    let name = picture.columns[column]
                    let head = try #require(lines[0].range(of: name, isWord: true))
                    let cell = try #require(line.range(of: row.text, isWord: false))
                    #expect(head == cell, "\(lines[0])\n\(line)")
                }
            }
        }
    }

    @Test(arguments: [30, 40, 60, 80])
    func aNarrowTerminalBreaksCells(width: Int) throws {
        let report = try SampleReports.phantomReport()
        let picture = RunPicture(of: report.schedules[0], in: report.spec)
        let lines = picture.columnsOfText(width: width)
        // Three columns are not made narrower than twelve each.
        #expect(lines.allSatisfy { TextColumns.width(of: $0) <= max(width, 46) }, "\(lines)")
    }
}

extension String {
    /// The column at which some text begins.
    fileprivate func range(of text: String, isWord: Bool) -> Int? {
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(text), !isWord || rest.dropFirst(text.count).first.map({ $0 == " " }) ?? true {
                return TextColumns.width(of: self[..<rest.startIndex])
            }
            rest = rest.dropFirst()
        }
        return nil
    }
}
