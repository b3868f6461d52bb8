internal import LSMTxSpecs

/// The file as a picture: rows of equal length, one after the other, in which each part has the colour of its use.
struct FileMapSVG {
    private static let width = 1120.0
    private static let rowHeight = 20.0
    private static let gap = 3.0
    /// What is narrower goes into its neighbour: nobody sees it, and a page of a million boxes is slow.
    private static let narrowest = 0.7

    private let report: AnalysisReport
    private let rows: Int

    init(_ report: AnalysisReport) {
        self.report = report
        // A small file is not drawn as if it were large: 256 KiB a row, up to 20 of them.
        rows = max(1, min(20, Int((report.fileBytes + 262_143) / 262_144)))
    }

    /// The class of the style.
    static func style(ofUse use: String, level: Int?) -> String {
        switch use {
        case "table": "l\(min(level ?? 0, 6))"
        case "large values": "large"
        case "log": "log"
        case "superblock", "manifest": "meta"
        case "held": "held"
        default: "free"
        }
    }

    var text: String {
        let height = Double(rows) * (Self.rowHeight + Self.gap)
        var text = "<svg class=\"wide\" viewBox=\"0 0 \(SVGNumber.text(Self.width)) \(SVGNumber.text(height))\" "
        text += "role=\"img\" aria-label=\"Map of the file\">\n"
        guard report.fileBytes > 0 else { return text + "</svg>\n" }
        let bytesOfRow = Double(report.fileBytes) / Double(rows)
        for row in 0..<rows { text += boxes(ofRow: row, bytes: bytesOfRow) }
        return text + "</svg>\n"
    }

    private func boxes(ofRow row: Int, bytes: Double) -> String {
        let start = Double(row) * bytes
        let end = start + bytes
        let y = SVGNumber.text(Double(row) * (Self.rowHeight + Self.gap))
        var text = ""
        var drawn = 0.0
        for extent in extents(from: UInt64(start), to: UInt64(end.rounded(.up))) {
            let right = (min(Double(extent.offset + extent.bytes), end) - start) / bytes * Self.width
            guard right - drawn >= Self.narrowest else { continue }
            let style = Self.style(ofUse: extent.use, level: extent.level)
            text += "<rect class=\"\(style)\" x=\"\(SVGNumber.text(drawn))\" y=\"\(y)\" "
            text += "width=\"\(SVGNumber.text(right - drawn))\" height=\"\(SVGNumber.text(Self.rowHeight))\">"
            text += "<title>\(Self.title(of: extent))</title></rect>\n"
            drawn = right
        }
        return text
    }

    private static func title(of extent: AnalysisReport.Extent) -> String {
        let what = extent.table.map { "table \($0), level \(extent.level ?? 0)" } ?? extent.use
        return "\(what): \(Rendering.bytes(extent.bytes)) at \(Rendering.bytes(extent.offset))"
    }

    /// Extents are in order, so the first is found by halving.
    private func extents(from start: UInt64, to end: UInt64) -> ArraySlice<AnalysisReport.Extent> {
        var (low, high) = (0, report.extents.count)
        while low < high {
            let middle = (low + high) / 2
            if report.extents[middle].offset + report.extents[middle].bytes <= start {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return report.extents[low...].prefix { $0.offset < end }
    }
}
