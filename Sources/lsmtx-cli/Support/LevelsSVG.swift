internal import LSMTx
internal import LSMTxSpecs

/// The levels as lanes, newest on top, with the tables as boxes over the axis of keys.
///
/// 1. The axis has one step for each key at which a table begins or ends, in their order. A table's entries are spread
///    evenly over its steps, and a step is as long as the entries that fall on it.
/// 2. Tables of a level that overlap, as those of level 0 do, lie in lanes one below the other, the newest on top.
struct LevelsSVG {
    private static let width = 1120.0
    private static let left = 70.0
    private static let laneHeight = 24.0
    private static let gap = 4.0

    private let report: AnalysisReport
    /// Where each table begins and ends, in steps.
    private var steps: [ClosedRange<Int>] = []
    /// What is written at some steps.
    private var labels: [String] = []
    /// Where each step begins, and the last one ends, from 0 to 1.
    private var places: [Double] = []

    init(_ report: AnalysisReport) {
        self.report = report
        var keys: [[UInt8]: String] = [:]
        for (table, bounds) in zip(report.tables, report.bounds) {
            keys[bounds.lowerBound] = AnalysisReport.short(table.smallestKey)
            if let upper = bounds.upperBound { keys[upper] = keys[upper] ?? AnalysisReport.short(table.largestKey) }
        }
        let sorted = keys.keys.sorted { $0.lexicographicallyPrecedes($1) }
        let numbers = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })
        labels = sorted.map { keys[$0] ?? "" }
        steps = report.bounds.map { bounds in
            let lower = numbers[bounds.lowerBound] ?? 0
            // Without an upper bound a range tombstone reaches to the end.
            let upper = bounds.upperBound.flatMap { numbers[$0] } ?? sorted.count
            return lower...max(lower + 1, upper)
        }
        places = Self.places(of: report.tables, steps)
    }

    private static func places(of tables: [AnalysisReport.Table], _ steps: [ClosedRange<Int>]) -> [Double] {
        let count = steps.map(\.upperBound).max() ?? 0
        // What comes to the sum where a step begins, or goes from it.
        var changes = [Double](repeating: 0, count: count + 1)
        for (table, steps) in zip(tables, steps) {
            let density = Double(table.entries) / Double(steps.upperBound - steps.lowerBound)
            changes[steps.lowerBound] += density
            changes[steps.upperBound] -= density
        }
        var density = 0.0
        var ends = [0.0]
        for change in changes.dropLast() {
            density += change
            ends.append(ends[ends.count - 1] + max(0, density))
        }
        let length = max(ends[ends.count - 1], .leastNormalMagnitude)
        return ends.map { $0 / length }
    }

    var text: String {
        var body = ""
        var y = 4.0
        for level in report.levels {
            let lanes = lanes(ofLevel: level.level)
            for (lane, tables) in lanes.enumerated() {
                for table in tables { body += box(table, y: y + Double(lane) * (Self.laneHeight + Self.gap)) }
            }
            body += "<text x=\"0\" y=\"\(SVGNumber.text(y + 16))\">level \(level.level)</text>\n"
            y += Double(lanes.count) * (Self.laneHeight + Self.gap) + 8
            body += "<line class=\"rule\" x1=\"0\" x2=\"\(SVGNumber.text(Self.width))\" "
            body += "y1=\"\(SVGNumber.text(y - 5))\" y2=\"\(SVGNumber.text(y - 5))\"/>\n"
        }
        body += axis(y: y + 10)
        let height = SVGNumber.text(y + 20)
        return "<svg class=\"wide\" viewBox=\"0 0 \(SVGNumber.text(Self.width)) \(height)\" role=\"img\" "
            + "aria-label=\"Tables of each level by range of keys\">\n\(body)</svg>\n"
    }

    private func x(_ step: Int) -> Double { Self.left + places[step] * (Self.width - Self.left) }

    private func lanes(ofLevel level: Int) -> [[Int]] {
        var lanes: [[Int]] = []
        for table in report.tables.indices where report.tables[table].level == level {
            // A newer table lies above every older one that it overlaps.
            let free = lanes.lastIndex { lane in lane.contains { overlaps($0, table) } }.map { $0 + 1 } ?? 0
            if free == lanes.count { lanes.append([]) }
            lanes[free].append(table)
        }
        return lanes
    }

    private func overlaps(_ a: Int, _ b: Int) -> Bool {
        steps[a].lowerBound < steps[b].upperBound && steps[b].lowerBound < steps[a].upperBound
    }

    private func box(_ index: Int, y: Double) -> String {
        let table = report.tables[index]
        let start = x(steps[index].lowerBound)
        let width = max(1.5, x(steps[index].upperBound) - start - 2)
        var text = "<g><title>table \(table.id): \(Rendering.bytes(table.bytes)), "
        text += "\(Rendering.grouped(table.entries)) entries, \(Rendering.grouped(table.tombstones)) tombstones, "
        text += "commits \(table.smallestTimestamp) to \(table.largestTimestamp), "
        text += Markup.escaped(
            "\(AnalysisReport.short(table.smallestKey)) to \(AnalysisReport.short(table.largestKey))")
        text += "</title><rect class=\"table l\(min(table.level, 6))\" x=\"\(SVGNumber.text(start))\" "
        text += "y=\"\(SVGNumber.text(y))\" width=\"\(SVGNumber.text(width))\" "
        text += "height=\"\(SVGNumber.text(Self.laneHeight))\" rx=\"\(width > 6 ? 3 : 0)\"/>"
        let size = Rendering.bytes(table.bytes)
        let label = width > 110 ? "#\(table.id) · \(size)" : width > 60 ? size : ""
        if !label.isEmpty {
            text += "<text x=\"\(SVGNumber.text(start + 7))\" y=\"\(SVGNumber.text(y + 16))\">\(label)</text>"
        }
        return text + "</g>\n"
    }

    private func axis(y: Double) -> String {
        guard let first = labels.first, let last = labels.last else { return "" }
        var text = "<text class=\"key soft\" x=\"\(SVGNumber.text(Self.left))\" y=\"\(SVGNumber.text(y))\">"
        text += "\(Markup.escaped(first))</text>\n"
        for part in 1..<4 where labels.count > 8 {
            guard let step = places.firstIndex(where: { $0 >= Double(part) / 4 }), step < labels.count else { continue }
            text += "<text class=\"key soft\" text-anchor=\"middle\" x=\"\(SVGNumber.text(x(step)))\" "
            text += "y=\"\(SVGNumber.text(y))\">\(Markup.escaped(labels[step]))</text>\n"
        }
        text += "<text class=\"key soft\" text-anchor=\"end\" x=\"\(SVGNumber.text(Self.width))\" "
        return text + "y=\"\(SVGNumber.text(y))\">\(Markup.escaped(last))</text>\n"
    }
}
