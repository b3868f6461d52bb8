import Testing

@testable import LSMTxSpecs

@Suite("Reports as a web page")
struct HTMLReportTests {
    private static func page() throws -> String { HTMLReport.text(of: try SampleReports.all()) }

    /// What stands in double quotes behind some text.
    private static func values(behind mark: String, in text: String) -> [String] {
        var rest = Substring(text)
        var found: [String] = []
        while let start = rest.firstRange(of: mark) {
            rest = rest[start.upperBound...]
            found.append(String(rest.prefix { $0 != "\"" }))
        }
        return found
    }

    @Test func everyReferenceIsToOneThingOnThePage() throws {
        let page = try Self.page()
        let ids = Self.values(behind: " id=\"", in: page)
        #expect(Set(ids).count == ids.count)
        let links = Self.values(behind: " href=\"", in: page)
        #expect(links.count > 20)
        for link in links { #expect(link.hasPrefix("#") && ids.contains(String(link.dropFirst())), "\(link)") }
        for label in Self.values(behind: " aria-labelledby=\"", in: page) { #expect(ids.contains(label), "\(label)") }
    }

    @Test func thePageNeedsNothingElseAndNoScript() throws {
        let page = try Self.page()
        for word in ["<script", "<link", "<img", "@import", "url(", "src=", "onclick"] {
            #expect(!page.contains(word), "\(word)")
        }
        #expect(page.contains("prefers-color-scheme: dark") && page.contains("<html lang=\"en\">"))
        #expect(page.contains("<th scope=\"col\">") && page.contains("<th scope=\"row\">"))
    }

    @Test func thePageIsWellFormedAndNamesStayText() throws {
        // But for two tags and the first line, the page is XML too.
        var page = try Self.page()
        page = String(page.dropFirst("<!DOCTYPE html>".count))
        for tag in ["<meta charset=\"utf-8\">", "initial-scale=1\">"] {
            let range = try #require(page.firstRange(of: tag))
            page.replaceSubrange(range, with: tag.dropLast() + "/>")
        }
        page = page.split(separator: "<details class=\"spec\" open>", omittingEmptySubsequences: false)
            .joined(separator: "<details class=\"spec\">")
        let xml = XMLReading(page)
        #expect(xml.problem == nil)
        #expect(xml.elements.contains { $0.name == "summary" && $0.text.contains("phantoms <&\"'> ]]>") })
        let pictures = xml.elements.count { $0.name == "svg" }
        let runs = try SampleReports.all().reduce(0) { sum, report in
            sum + report.schedules.count + report.explorations.reduce(0) { $0 + $1.witnesses.count }
        }
        #expect(pictures == runs)
    }

    @Test func everyCellThatRanOpensAPicture() throws {
        let page = try Self.page()
        let table = page[(try #require(page.firstRange(of: "<tbody>"))).upperBound...].prefix(
            upTo: try #require(page.firstRange(of: "</tbody>")).lowerBound)
        let cells = table.split(separator: "<td").dropFirst()
        #expect(cells.count == 9)
        #expect(cells.allSatisfy { $0.contains("<a href=\"#s") })
    }
}

@Suite("Layout of pictures")
struct ScheduleLayoutTests {
    private static func pictures() throws -> [RunPicture] {
        try SampleReports.all().flatMap { report in report.schedules.map { RunPicture(of: $0, in: report.spec) } }
    }

    /// Many sessions on few keys, so that there are many arrows.
    private static func crowded(_ sessions: Int, _ keys: Int) throws -> RunPicture {
        var source = "spec \"crowd\"\nschedule \"crowd\"\n"
        var outcomes: [Int: Outcome] = [:]
        for session in 0..<sessions {
            for key in 0..<keys {
                outcomes[session * keys + key] = Outcome.none
                source += "  S\(session) get key\(key) -> none\n"
            }
        }
        for session in 0..<sessions {
            for key in 0..<keys { source += "  S\(session) put key\(key) \(session)\n" }
        }
        for session in 0..<sessions { source += "  S\(session) commit\n" }
        var run = try ScriptedRun(source)
        try run.add(.readCommitted, outcomes: outcomes)
        return RunPicture(of: run.report.schedules[0], in: run.spec)
    }

    @Test func nothingOverlapsAndArrowsEndAtBoxes() throws {
        let pictures = try Self.pictures() + [Self.crowded(2, 5), Self.crowded(5, 2), Self.crowded(3, 3)]
        for picture in pictures {
            let layout = ScheduleLayout(picture)
            #expect(layout.connections.count == picture.arrows.count)
            let fixed = layout.headers + layout.steps.map(\.box)
            for (index, box) in fixed.enumerated() {
                #expect(!fixed[..<index].contains(where: box.overlaps), "\(picture.rows.map(\.text))")
                #expect(box.x >= 0 && box.right <= layout.width && box.bottom <= layout.height)
            }
            let labels = layout.connections.map(\.label)
            for (index, label) in labels.enumerated() {
                #expect(!fixed.contains(where: label.overlaps), "\(picture.arrows[index].label)")
                #expect(!labels[..<index].contains(where: label.overlaps), "\(picture.arrows[index].label)")
                #expect(label.x >= 0 && label.right <= layout.width && label.bottom <= layout.height)
            }
            for (arrow, connection) in zip(picture.arrows, layout.connections) {
                for (point, row) in [(connection.start, arrow.from), (connection.end, arrow.to)] {
                    let box = layout.steps[row].box
                    #expect(point.x == box.x || point.x == box.right)
                    #expect(point.y > box.y && point.y < box.bottom)
                }
            }
        }
    }

    @Test func textFitsItsBox() throws {
        for picture in try Self.pictures() {
            for step in ScheduleLayout(picture).steps {
                for line in step.lines { #expect(ScheduleLayout.width(of: line) <= step.box.width, "\(line)") }
            }
        }
    }
}
