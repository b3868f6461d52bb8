/// Reports for programs: a line of JSON for each run of a schedule and for each exploration.
package enum JSONLinesReport {
    /// - Throws: What JSON cannot say; nothing that a report holds is of that kind.
    package static func text(of reports: [SpecReport]) throws -> String {
        var text = ""
        for report in reports {
            for run in report.schedules { text += try JSONFragment.text(RunRecord(run, in: report)) + "\n" }
            for exploration in report.explorations {
                text += try JSONFragment.text(RunRecord(exploration, in: report)) + "\n"
            }
        }
        return text
    }
}
