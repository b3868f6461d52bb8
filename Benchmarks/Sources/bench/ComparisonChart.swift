import Foundation

/// One group of rows as bars, an SVG picture whose colours come from the page around it.
///
/// Each row has a scale of its own, for only the bars of one row are to be compared: linear from zero, or logarithmic
/// where the shortest bar would not be seen.
struct ComparisonChart {
    let comparison: Comparison
    let group: Row.Group
    let rows: [Row]

    private static let width = 960.0
    private static let nameRight = 112.0
    private static let barLeft = 122.0
    private static let barWidth = 610.0
    private static let barHeight = 15.0
    private static let step = 21.0
    private static let titleHeight = 30.0
    private static let rowGap = 22.0
    /// What a bar's figures take at most.
    private static let labelWidth = 130.0
    /// Where the largest figure is more than so many times the smallest one, the scale is logarithmic.
    private static let linearSpan = 100.0

    var svg: String {
        var y = 4.0
        var body = ""
        for row in rows {
            let block = block(row, at: y)
            body += block.text
            y = block.bottom + Self.rowGap
        }
        let height = Int(y - Self.rowGap + 6)
        return """
            <svg viewBox="0 0 \(Int(Self.width)) \(height)" role="img" aria-label="\(group.rawValue)">
            \(body)</svg>

            """
    }

    private func block(_ row: Row, at top: Double) -> (text: String, bottom: Double) {
        let figures = comparison.engines.filter { $0.lacks[row.rawValue] != "" }
            .map { (engine: $0, figure: comparison.figure(row, $0.name)) }
        let goal = goal(row)
        let scale = Scale(figures.compactMap(\.figure), goal: goal, width: Self.barWidth)
        var text = """
            <text class="row" x="0" y="\(top + 13)">\(Page.escaped(row.title))\
            <tspan class="dim code" dx="10">\(row.rawValue)</tspan></text>
            <text class="verdict" x="\(Self.width)" y="\(top + 13)" text-anchor="end">\(verdict(row))</text>

            """
        let barsTop = top + Self.titleHeight
        let bottom = barsTop + Double(figures.count) * Self.step
        text += grid(scale, row: row, top: barsTop - 5, bottom: bottom)
        for (number, (engine, figure)) in figures.enumerated() {
            let y = barsTop + Double(number) * Self.step
            let isOwn = engine.name == Comparison.ownName
            text += """
                <text class="\(isOwn ? "own" : "name")" x="\(Self.nameRight)" y="\(y + 12)" text-anchor="end">\
                \(engine.title)</text>

                """
            text +=
                figure.map { bar($0, of: engine, row: row, scale: scale, goal: isOwn ? goal : nil, at: y) }
                ?? missing(engine, row, at: y)
            if isOwn, let goal, figure != nil {
                let x = Self.barLeft + scale.length(goal)
                text += """
                    <line class="goal" x1="\(Self.text(x))" x2="\(Self.text(x))" y1="\(y - 4)" \
                    y2="\(y + Self.barHeight + 4)"/>

                    """
            }
        }
        return (text, scale.isLogarithmic ? bottom + 12 : bottom)
    }

    private func bar(
        _ figure: Comparison.Figure, of engine: EngineFacts, row: Row, scale: Scale, goal: Double?, at y: Double
    ) -> String {
        let length = max(2, scale.length(figure.median))
        let middle = y + Self.barHeight / 2
        let low = Self.barLeft + scale.length(figure.lowest)
        let high = Self.barLeft + scale.length(figure.highest)
        let marks = engine.marks(in: row)
        let rounding = min(3, length / 2)
        var text = """
            <rect class="bar \(engine.name)" x="\(Self.barLeft)" y="\(y)" width="\(Self.text(length))" \
            height="\(Self.barHeight)" rx="\(rounding)"/>

            """
        if engine.safety(in: row) == .weaker {
            text += """
                <rect fill="url(#weaker)" x="\(Self.barLeft)" y="\(y)" width="\(Self.text(length))" \
                height="\(Self.barHeight)" rx="\(rounding)"/>

                """
        }
        if high - low > 1 {
            text += """
                <path class="range" d="M\(Self.text(low)) \(middle)H\(Self.text(high))M\(Self.text(low)) \(middle - 4)v8\
                M\(Self.text(high)) \(middle - 4)v8"/>

                """
        }
        var end = max(Self.barLeft + length, high) + 8
        // The mark of the goal is not to stand in the figures.
        if let goal {
            let mark = Self.barLeft + scale.length(goal)
            if mark > end - 8, mark < end + Self.labelWidth { end = mark + 8 }
        }
        let range = comparison.options.runs > 1 ? Figures.range(figure, row.unit) : ""
        text += """
            <text class="value" x="\(Self.text(end))" y="\(y + 12)">\(Figures.text(figure.median, row.unit))\(marks)\
            <tspan class="dim" dx="8">\(range)</tspan></text>

            """
        return text
    }

    private func missing(_ engine: EngineFacts, _ row: Row, at y: Double) -> String {
        let reason = engine.lacks[row.rawValue] ?? "not measured"
        return "<text class=\"dim\" x=\"\(Self.barLeft)\" y=\"\(y + 12)\">– \(Page.escaped(reason))</text>\n"
    }

    private func grid(_ scale: Scale, row: Row, top: Double, bottom: Double) -> String {
        var text = """
            <line class="axis" x1="\(Self.barLeft)" x2="\(Self.barLeft)" y1="\(top)" y2="\(bottom)"/>

            """
        // The first one is where the bars begin.
        for tick in scale.decades.dropFirst() {
            let x = Self.text(Self.barLeft + scale.length(tick))
            text += """
                <line class="grid" x1="\(x)" x2="\(x)" y1="\(top)" y2="\(bottom)"/>
                <text class="tick" x="\(x)" y="\(bottom + 11)" text-anchor="middle">\(Figures.text(tick, row.unit))</text>

                """
        }
        if scale.isLogarithmic {
            text += "<text class=\"tick\" x=\"\(Self.nameRight)\" y=\"\(bottom + 11)\" text-anchor=\"end\">"
            text += "logarithmic</text>\n"
        }
        return text
    }

    private func verdict(_ row: Row) -> String {
        guard let verdict = comparison.verdict(row) else { return "" }
        var text = ""
        if let ratio = verdict.ratio {
            text += "<tspan class=\"ratio\">\(Figures.ratio(ratio))</tspan>"
            text += "<tspan class=\"dim\" dx=\"5\">\(comparison.title(verdict.best))</tspan>"
        }
        if let goal = verdict.goal, let isMet = verdict.isMet {
            text += "<tspan class=\"\(isMet ? "met" : "missed")\" dx=\"12\">\(isMet ? "✓" : "✗") goal \(goal)</tspan>"
        }
        return text
    }

    /// The value that LSMTx is to reach, in the row's unit.
    private func goal(_ row: Row) -> Double? {
        switch row.aim {
        case .factor(let factor):
            guard let best = comparison.verdict(row)?.best, let figure = comparison.figure(row, best) else {
                return nil
            }
            return row.isHigherBetter ? figure.median * factor : figure.median / factor
        case .shareOfDevice(let share): return comparison.rawSync.map { $0.median * share }
        case .atMost(let limit): return limit
        case nil: return nil
        }
    }

    private static func text(_ number: Double) -> String { String(format: "%.1f", number) }

    /// From figures to lengths of bars.
    private struct Scale {
        let isLogarithmic: Bool
        private let lowest: Double
        private let highest: Double
        private let width: Double

        init(_ figures: [Comparison.Figure], goal: Double?, width: Double) {
            let least = figures.map(\.median).filter { $0 > 0 }.min() ?? 1
            let most = max(figures.map(\.highest).max() ?? 1, goal ?? 0)
            self.width = width
            isLogarithmic = most / least > ComparisonChart.linearSpan
            // A decade below the smallest figure, so that its bar is seen.
            lowest = isLogarithmic ? pow(10, (log10(least) - 0.3).rounded(.down)) : 0
            highest = max(most, lowest * 10)
        }

        func length(_ value: Double) -> Double {
            guard isLogarithmic else { return width * min(value / highest, 1) }
            return width * max(0, min(log(value / lowest) / log(highest / lowest), 1))
        }

        /// The powers of ten of a logarithmic scale.
        var decades: [Double] {
            guard isLogarithmic else { return [] }
            return (0...20).map { lowest * pow(10, Double($0)) }.filter { $0 <= highest * 1.0001 }
        }
    }
}
