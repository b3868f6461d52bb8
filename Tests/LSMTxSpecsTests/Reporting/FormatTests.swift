import Foundation
import Testing

@testable import LSMTxSpecs

#if canImport(FoundationXML)
import FoundationXML
#endif

/// Reads XML and keeps what the tests ask for.
final class XMLReading: NSObject, XMLParserDelegate {
    struct Element {
        var name: String
        var attributes: [String: String]
        var text = ""
    }

    private(set) var elements: [Element] = []
    private var open: [Int] = []
    private(set) var problem: String?

    init(_ text: String) {
        super.init()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = self
        if !parser.parse() {
            problem = "line \(parser.lineNumber): \(parser.parserError.map { "\($0)" } ?? "")"
        }
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        open.append(elements.count)
        elements.append(Element(name: name, attributes: attributes))
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        if let last = open.last { elements[last].text += text }
    }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
        open.removeLast()
    }
}

@Suite("Reports for other programs")
struct FormatTests {
    @Test func everyLineOfJSONDecodesAndHasEveryMember() throws {
        let reports = try SampleReports.all()
        let lines = try JSONLinesReport.text(of: reports).split(separator: "\n")
        #expect(lines.count == reports.reduce(0) { $0 + $1.passed + $1.failed })
        let members: Set = [
            "spec", "schedule", "level", "order", "result", "expected", "actual", "verdict", "witness", "seed", "file",
            "anomaly", "place", "step", "anomalies", "steps", "counts", "unmet", "witnesses",
        ]
        var failed = 0
        for line in lines {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(Set(object.keys) == members)
            if object["result"] as? String == "fail" {
                failed += 1
                #expect(object["place"] is String)
            }
        }
        #expect(failed == reports.reduce(0) { $0 + $1.failed })
        let first = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
        #expect(first["verdict"] as? String == "G-single")
        #expect(first["order"] as? [String] == ["T1", "T2", "T1", "T2", "T1", "T2"])
        #expect((first["witness"] as? [String])?.isEmpty == false)
        #expect(first["expected"] is NSNull && first["seed"] as? Int == 1)
        let wrong = try #require(try JSONSerialization.jsonObject(with: Data(lines[3].utf8)) as? [String: Any])
        #expect(wrong["place"] as? String == "it's/sample.spec:12:3" && wrong["step"] as? String == "T2 commit")
        #expect(wrong["actual"] as? String == "ok" && wrong["seed"] as? Int == 7)
    }

    @Test func thePlanOfTAPIsRightAndItsNamesAreEscaped() throws {
        let reports = try SampleReports.all()
        let lines = try TAPReport.text(of: reports).split(separator: "\n")
        #expect(lines[0] == "TAP version 14")
        let points = lines.filter { $0.hasPrefix("ok ") || $0.hasPrefix("not ok ") }
        #expect(lines[1] == "1..\(points.count)")
        #expect(points.count == reports.reduce(0) { $0 + $1.passed + $1.failed })
        #expect(points.count { $0.hasPrefix("not ok ") } == reports.reduce(0) { $0 + $1.failed })
        for (number, point) in points.enumerated() {
            let words = point.split(separator: " ").drop { $0 == "not" }
            #expect(words.dropFirst().first == "\(number + 1)")
            for (place, part) in point.split(separator: "#", omittingEmptySubsequences: false).dropLast().enumerated() {
                #expect(part.hasSuffix("\\"), "\(place): \(point)")
            }
        }
        #expect(lines.count { $0 == "  ---" } == lines.count { $0 == "  ..." })
        #expect(lines.count { $0 == "  ---" } == reports.reduce(0) { $0 + $1.failed })
        #expect(lines.contains("  at: \"it's/sample.spec:12:3\""))
        // Everything else belongs to a block of diagnostics.
        #expect(lines.dropFirst(2).allSatisfy { $0.hasPrefix("  ") || points.contains($0) })
    }

    @Test func theXMLOfJUnitIsWellFormedAndSaysTheSame() throws {
        let reports = try SampleReports.all()
        let xml = XMLReading(JUnitReport.text(of: reports))
        #expect(xml.problem == nil)
        let suites = xml.elements.filter { $0.name == "testsuite" }
        #expect(suites.map { $0.attributes["name"] } == reports.map(\.spec.name))
        #expect(suites.map { $0.attributes["file"] } == reports.map(\.file))
        let cases = xml.elements.count { $0.name == "testcase" }
        let failures = xml.elements.filter { $0.name == "failure" }
        #expect(xml.elements[0].attributes["tests"] == "\(cases)")
        #expect(xml.elements[0].attributes["failures"] == "\(failures.count)")
        #expect(failures.count == reports.reduce(0) { $0 + $1.failed })
        #expect(failures.contains { $0.attributes["message"]?.contains("actual none <&>") == true })
        #expect(failures.allSatisfy { $0.text.contains("seed") })
    }

    @Test func whatXMLCannotHaveIsWrittenOut() {
        let all = String(String.UnicodeScalarView((1...0x2FF).compactMap(Unicode.Scalar.init)))
        let xml = XMLReading("<a b=\"\(Markup.escaped(all))\">\(Markup.escaped(all + "]]>\u{FFFE}"))</a>")
        #expect(xml.problem == nil)
        #expect(xml.elements.first?.text.contains("<=>") == true)
    }
}
