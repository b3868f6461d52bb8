internal import LSMTxSpecs

/// An analysis as one web page that needs nothing else: the file as a map, the levels with their tables by range of keys,
/// where the bytes go, and the distributions.
package struct AnalysisPage {
    let report: AnalysisReport
    private var text = ""

    package static func text(of report: AnalysisReport) -> String {
        var page = AnalysisPage(report: report)
        page.write()
        return page.text
    }

    private init(report: AnalysisReport) { self.report = report }

    private var name: String {
        Markup.escaped(TextColumns.printable(report.path.split(separator: "/").last.map(String.init) ?? report.path))
    }

    private mutating func write() {
        text += """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(name): what the store is made of</title>
            <style>
            \(Self.style)</style>
            </head>
            <body>
            <main>
            <h1>\(name)</h1>
            <p class="soft">As of commit \(Rendering.grouped(report.timestamp)), file format \(report.formatVersion).</p>

            """
        writeTiles()
        writeMap()
        writeLevels()
        writeBytes()
        writeDistributions()
        writeTables()
        text += "</main>\n</body>\n</html>\n"
    }

    private mutating func writeTiles() {
        let free = report.uses.filter { ["free", "spare"].contains($0.use) }.reduce(0) { $0 + $1.bytes }
        let perKey = report.keys == 0 ? 0 : Double(report.versions) / Double(report.keys)
        let tenths = UInt64((perKey * 10).rounded())
        var tiles = [
            ("file", Rendering.bytes(report.fileBytes), "\(Rendering.percent(free, of: report.fileBytes)) free"),
            ("keys", Rendering.grouped(report.keys), "\(tenths / 10).\(tenths % 10) versions each"),
            ("versions", Rendering.grouped(report.versions), "\(Rendering.grouped(report.tombstones)) tombstones"),
            ("tables", Rendering.grouped(UInt64(report.tables.count)), "in \(report.levels.count) levels"),
            (
                "large values", Rendering.grouped(report.largeValues),
                Rendering.bytes(report.bytes.largeValueExtents)
            ),
        ]
        if report.unflushedEntries > 0 {
            tiles.append(("in the log", Rendering.grouped(report.unflushedEntries), "not in tables, and not shown"))
        }
        text += "<div class=\"tiles\">\n"
        for (label, number, detail) in tiles {
            text += "<div class=\"tile\"><span class=\"label\">\(label)</span><span class=\"number\">\(number)</span>"
            text += "<span class=\"soft\">\(detail)</span></div>\n"
        }
        text += "</div>\n"
    }

    private mutating func writeMap() {
        text += "<h2>The file</h2>\n<p class=\"soft\">From its first byte, top left, to its last, row by row.</p>\n"
        text += "<div class=\"scroll\">\n\(FileMapSVG(report).text)</div>\n"
        text += "<ul class=\"legend\">\n"
        for level in report.levels {
            text += Self.legend(
                "l\(min(level.level, 6))", "tables of level \(level.level)", level.bytes, report.fileBytes)
        }
        for use in report.uses where use.use != "table" {
            text += Self.legend(FileMapSVG.style(ofUse: use.use, level: nil), use.use, use.bytes, report.fileBytes)
        }
        text += "</ul>\n"
    }

    private static func legend(_ style: String, _ label: String, _ bytes: UInt64, _ whole: UInt64) -> String {
        """
        <li><svg width="16" height="16" aria-hidden="true"><rect class="\(style)" x="1" y="1" width="14" height="14" \
        rx="2"/></svg>\(label) <span class="soft">\(Rendering.bytes(bytes)), \(Rendering.percent(bytes, of: whole))\
        </span></li>

        """
    }

    private mutating func writeLevels() {
        text += "<h2>Levels</h2>\n"
        guard !report.tables.isEmpty else {
            text += "<p>There are no tables.</p>\n"
            return
        }
        text += """
            <p class="soft">Each box is a table, and reaches from its first key to its last. Ranges of keys are as long \
            as they have entries, about.</p>

            """
        text += "<div class=\"scroll\">\n\(LevelsSVG(report).text)</div>\n"
    }

    private mutating func writeBytes() {
        text += "<h2>Bytes</h2>\n<div class=\"scroll\"><table class=\"bars\">\n"
        for section in report.sections where section.title == "Bytes" {
            for row in section.rows {
                let share = row.whole == 0 ? 0 : min(1, Double(row.part ?? 0) / Double(row.whole))
                text += "<tr><th scope=\"row\">\(row.label)</th><td class=\"number\">\(row.text)</td><td>"
                text += "<svg width=\"320\" height=\"14\" aria-hidden=\"true\"><rect class=\"track\" width=\"320\" "
                text += "height=\"14\" rx=\"3\"/><rect class=\"bar\" width=\"\(SVGNumber.text(max(2, share * 320)))\" "
                text +=
                    "height=\"14\" rx=\"3\"/></svg></td><td class=\"soft\">\(Markup.escaped(row.detail))</td></tr>\n"
            }
        }
        text += "</table></div>\n"
    }

    private mutating func writeDistributions() {
        let charts = [
            ("Versions by age", report.ages), ("Versions of a key", report.versionsPerKey),
            ("Keys by size", report.keySizes), ("Values by size", report.valueSizes),
        ]
        text += "<h2>Distributions</h2>\n<div class=\"charts\">\n"
        for (title, classes) in charts where classes.contains(where: { $0.count > 0 }) {
            text += "<figure><figcaption>\(title)</figcaption>\n\(HistogramSVG.text(title, classes))</figure>\n"
        }
        text += "</div>\n"
    }

    private mutating func writeTables() {
        guard !report.tables.isEmpty else { return }
        text += "<h2>Tables</h2>\n<details><summary>All \(Rendering.grouped(UInt64(report.tables.count)))</summary>\n"
        text += "<div class=\"scroll\"><table>\n<thead><tr>"
        let titles = ["table", "level", "size", "entries", "keys", "tombstones", "commits", "first key", "last key"]
        for title in titles { text += "<th scope=\"col\">\(title)</th>" }
        text += "</tr></thead>\n<tbody>\n"
        for table in report.tables {
            let cells = [
                "\(table.level)", Rendering.bytes(table.bytes), Rendering.grouped(table.entries),
                Rendering.grouped(table.keys), Rendering.grouped(table.tombstones + table.rangeTombstones),
                "\(table.smallestTimestamp)–\(table.largestTimestamp)",
            ]
            text += "<tr><th scope=\"row\">\(table.id)</th>"
            for cell in cells { text += "<td class=\"number\">\(cell)</td>" }
            for key in [table.smallestKey, table.largestKey] {
                text += "<td><code>\(Markup.escaped(AnalysisReport.short(key)))</code></td>"
            }
            text += "</tr>\n"
        }
        text += "</tbody>\n</table></div>\n</details>\n"
    }
}

/// Coordinates with a decimal, whatever the locale.
enum SVGNumber {
    static func text(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
    }
}
