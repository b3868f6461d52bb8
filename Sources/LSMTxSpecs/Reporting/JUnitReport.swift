/// Reports in the XML that JUnit's users read: a suite for each spec, a case for each run.
package enum JUnitReport {
    package static func text(of reports: [SpecReport]) -> String {
        let (tests, failures) = reports.reduce((0, 0)) { ($0.0 + $1.passed + $1.failed, $0.1 + $1.failed) }
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        text += "<testsuites name=\"lsmtx spec run\" tests=\"\(tests)\" failures=\"\(failures)\" errors=\"0\">\n"
        for report in reports {
            let points = TestPoint.all(of: report)
            text += "  <testsuite name=\"\(Markup.escaped(report.spec.name))\" file=\"\(Markup.escaped(report.file))\""
            text += " tests=\"\(points.count)\" failures=\"\(report.failed)\" errors=\"0\">\n"
            for point in points { text += self.text(of: point, in: report) }
            text += "  </testsuite>\n"
        }
        return text + "</testsuites>\n"
    }

    private static func text(of point: TestPoint, in report: SpecReport) -> String {
        var text = "    <testcase classname=\"\(Markup.escaped(report.spec.name))\""
        text += " name=\"\(Markup.escaped(point.name))\" file=\"\(Markup.escaped(report.file))\""
        text += " line=\"\(point.position.line)\""
        guard let problem = point.problem else { return text + "/>\n" }
        let content = ["\(report.file):\(point.position), seed \(point.seed)"] + [problem] + point.details
        text += ">\n      <failure message=\"\(Markup.escaped(TextColumns.printable(problem)))\" type=\"expectation\">"
        text += Markup.escaped(content.map(TextColumns.printable).joined(separator: "\n"))
        return text + "</failure>\n    </testcase>\n"
    }
}
