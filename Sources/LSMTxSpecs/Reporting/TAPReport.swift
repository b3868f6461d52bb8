/// Reports in the Test Anything Protocol, version 14.
package enum TAPReport {
    private struct Diagnostic: Encodable {
        var expected: String?
        var actual: String?
    }

    /// - Throws: What JSON cannot say; nothing that a report holds is of that kind.
    package static func text(of reports: [SpecReport]) throws -> String {
        let points = reports.flatMap { report in TestPoint.all(of: report).map { (report, $0) } }
        var text = "TAP version 14\n1..\(points.count)\n"
        for (number, (report, point)) in points.enumerated() {
            let state = point.problem == nil ? "ok" : "not ok"
            text += "\(state) \(number + 1) - \(escaped("\(report.spec.name): \(point.name)"))\n"
            guard let problem = point.problem else { continue }
            text += "  ---\n"
            text += "  message: \(try JSONFragment.text(problem))\n"
            text += "  severity: fail\n"
            text += "  at: \(try JSONFragment.text("\(report.file):\(point.position)"))\n"
            text += "  seed: \(point.seed)\n"
            if let expected = point.expected { text += "  expected: \(try JSONFragment.text(expected))\n" }
            if let actual = point.actual { text += "  actual: \(try JSONFragment.text(actual))\n" }
            if !point.details.isEmpty {
                // Strings of JSON are strings of YAML.
                text += "  schedule:\n"
                for line in point.details { text += "    - \(try JSONFragment.text(line))\n" }
            }
            text += "  ...\n"
        }
        return text
    }

    /// A number sign would begin a directive.
    private static func escaped(_ name: String) -> String {
        TextColumns.printable(name).reduce(into: "") { text, character in
            if character == "#" || character == "\\" { text += "\\" }
            text.append(character)
        }
    }
}
