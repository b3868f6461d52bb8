package import LSMTx

/// A check's result in the words that the command line promises: the only place that knows the library's too.
package struct CheckSummary: Encodable {
    package struct Finding: Encodable {
        package var message: String
        package var structure: String?
        package var offset: UInt64?
        package var keys: String?

        package var line: String {
            var place: [String] = []
            if let structure { place.append(structure) }
            if let offset { place.append("offset \(offset)") }
            if let keys { place.append("keys \(keys)") }
            return place.isEmpty ? message : "\(place.joined(separator: ", ")): \(message)"
        }
    }

    package var findings: [Finding]
    package var tables: UInt64
    package var blocks: UInt64
    package var entries: UInt64
    /// Groups of commits in the log, which are in no table yet.
    package var logGroups: UInt64
    package var bytes: UInt64

    package init(_ report: CheckReport) {
        findings = report.findings.map {
            Finding(
                message: $0.message, structure: $0.location.structure, offset: $0.location.offset,
                keys: $0.location.keys?.description)
        }
        tables = UInt64(report.tables)
        blocks = UInt64(report.blocks)
        entries = report.entries
        logGroups = UInt64(report.logGroups)
        bytes = report.bytes
    }

    package var verdict: String {
        let log = logGroups == 0 ? "" : "\(Rendering.count(logGroups, "group")) of commits in the log, "
        let extent = """
            \(Rendering.count(entries, "entry")) in \(Rendering.count(tables, "table")), \
            \(Rendering.count(blocks, "block")), \(log)\(Rendering.bytes(bytes))
            """
        return switch findings.count {
        case 0: "no problems found (\(extent))."
        case 1: "1 problem found (\(extent)). Restore the file from a backup."
        default: "\(findings.count) problems found (\(extent)). Restore the file from a backup."
        }
    }
}
