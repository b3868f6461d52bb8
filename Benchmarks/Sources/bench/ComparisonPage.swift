import Foundation

/// The comparison as one HTML file that needs no other.
struct ComparisonPage {
    private let comparison: Comparison

    init(_ comparison: Comparison) { self.comparison = comparison }

    var html: String {
        let groups = Row.Group.allCases.map { group in
            (group, comparison.rows.filter { $0.group == group })
        }
        let charts = groups.filter { !$0.1.isEmpty }.map { group, rows in
            """
            <section><h2>\(group.rawValue)</h2>
            \(group == .synced ? device : "")\
            \(ComparisonChart(comparison: comparison, group: group, rows: rows).svg)</section>

            """
        }
        return """
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>LSMTx beside other engines</title>
            <style>
            \(Self.style)
            </style>
            <svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>
            <pattern id="weaker" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect class="hatch" width="2.5" height="6"/></pattern></defs></svg>
            <main>
            \(head)
            \(charts.joined())
            \(table)
            \(engines)
            \(notes)
            </main>
            </html>

            """
    }

    // MARK: Parts

    private var head: String {
        let machine = comparison.machine
        let verdicts = comparison.rows.compactMap { comparison.verdict($0) }
        let judged = verdicts.compactMap(\.isMet)
        let firsts = verdicts.compactMap(\.ratio).filter { $0 >= 1 }.count
        let legend = comparison.engines.map { engine in
            "<span><i class=\"swatch \(engine.name)\"></i>\(engine.title) "
                + "<small>\(Page.escaped(comparison.versions[engine.name] ?? ""))</small></span>"
        }
        let runs = comparison.options.runs
        return """
            <header>
            <h1>LSMTx beside other engines</h1>
            <p class="lead">\(Figures.short(Double(comparison.options.count))) keys of \(Key.byteCount) bytes, values of \
            \(Value.byteCount) bytes, written one at a time in random order. Medians of \(runs) \
            \(runs == 1 ? "run" : "runs"), engines in turn, every value checked.</p>
            <div class="tiles">
            <div class="tile"><b>\(firsts) <small>of \(verdicts.compactMap(\.ratio).count)</small></b>rows in which LSMTx is first</div>
            <div class="tile"><b>\(judged.filter { $0 }.count) <small>of \(judged.count)</small></b>goals met</div>
            <div class="tile wide"><p>\(Page.escaped(machine.processor)), \(machine.processors) processors, \
            \(machine.memoryGigabytes) GB<br>\(Page.escaped(machine.system))<br>\(Page.escaped(machine.fileSystem))<br>\
            \(Page.escaped(machine.compiler)), \(machine.date)</p></div>
            </div>
            <p class="legend">\(legend.joined())</p>
            <p class="hint">Each row has a scale of its own. The figure at the right is how many times as good as the best \
            of the others LSMTx is, whichever way the row counts; <i class="mark"></i> is what it has to reach. \
            Whiskers span all runs. <span class="sample"></span> Striped, <b>*</b>: weaker, these commits are lost when \
            the process is killed. <b>°</b>: snapshot isolation, where the others are serializable.</p>
            </header>
            """
    }

    private var device: String {
        guard let raw = comparison.rawSync else { return "" }
        let direct = comparison.rawDurableWrite.map {
            "; by one durable write: \(Figures.text($0.median, .perSecond)), \(Figures.range($0, .perSecond))"
        }
        return "<p class=\"hint\">The device itself, a write of 512 bytes and an <code>fdatasync</code> into a file "
            + "written before: \(Figures.text(raw.median, .perSecond)), \(Figures.range(raw, .perSecond))\(direct ?? "").</p>\n"
    }

    private var table: String {
        let titles = comparison.engines.map { "<th>\($0.title)</th>" }.joined()
        let lines = comparison.rows.map { row in
            let cells = comparison.engines.map { engine in
                guard let figure = comparison.figure(row, engine.name) else { return "<td class=\"dim\">–</td>" }
                let aborts = figure.abortsPerHundred.flatMap { $0 >= 0.005 ? String(format: "%.2f lost", $0) : nil }
                let range = comparison.options.runs > 1 ? Figures.range(figure, row.unit) : nil
                let isOwn = engine.name == Comparison.ownName ? " class=\"own\"" : ""
                return "<td\(isOwn)>\(Figures.text(figure.median, row.unit))\(engine.marks(in: row))"
                    + "<small>\([range, aborts].compactMap(\.self).joined(separator: "<br>"))</small></td>"
            }
            let verdict = comparison.verdict(row)
            var ratio = verdict?.ratio.map { Figures.ratio($0) } ?? ""
            if let inClass = verdict?.ratioInClass { ratio += "<small>\(Figures.ratio(inClass)) in class</small>" }
            let goal = verdict?.isMet.map { isMet in
                "<span class=\"\(isMet ? "met" : "missed")\">\(isMet ? "✓" : "✗") \(verdict?.goal ?? "")</span>"
            }
            return "<tr><th>\(row.rawValue)</th>\(cells.joined())<td>\(ratio)</td><td>\(goal ?? "")</td></tr>"
        }
        return """
            <section><h2>All figures</h2><div class="scroll"><table>
            <thead><tr><th></th>\(titles)<th>to the best</th><th>goal</th></tr></thead>
            <tbody>
            \(lines.joined(separator: "\n"))
            </tbody></table></div>
            <p class="hint">“Lost” counts the attempts of transactions that had to be made again, for each hundred that \
            succeeded. “In class” compares with the best of those that promise as much as LSMTx does in this row.</p>
            </section>
            """
    }

    private var engines: String {
        let items = comparison.engines.map { engine in
            let isolation = engine.isolation == .none ? "no transactions" : "transactions: \(engine.isolation.rawValue)"
            return """
                <div class="engine"><h3><i class="swatch \(engine.name)"></i>\(engine.title) \
                <small>\(Page.escaped(comparison.versions[engine.name] ?? ""))</small></h3>
                <p class="class">not synced: \(engine.buffered.rawValue) · synced: power-safe · \(isolation)</p>
                <ul>\(engine.settings.map { "<li>\(Page.escaped($0))</li>" }.joined())</ul></div>
                """
        }
        return "<section><h2>Settings</h2><div class=\"engines\">\n\(items.joined(separator: "\n"))\n</div></section>"
    }

    private var notes: String {
        guard !comparison.notes.isEmpty else { return "" }
        let items = comparison.notes.map { "<li>\(Page.escaped($0))</li>" }.joined(separator: "\n")
        return "<section><h2>What is not measured, and why</h2><ul class=\"notes\">\n\(items)\n</ul></section>"
    }
}

/// Pieces of HTML.
enum Page {
    static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
    }
}
