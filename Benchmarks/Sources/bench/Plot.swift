import Foundation

/// Lines over seconds, several panels one below the other, as an SVG picture that any browser shows.
struct Plot {
    struct Line {
        let name: String
        let values: [Double]
    }

    struct Panel {
        let title: String
        let lines: [Line]
    }

    let title: String
    let panels: [Panel]

    private static let width = 900.0
    private static let panelHeight = 170.0
    private static let left = 70.0
    private static let right = 20.0
    private static let top = 50.0
    private static let gap = 50.0
    private static let colors = ["#1f6feb", "#d1242f"]

    var svg: String {
        let height = Self.top + Double(panels.count) * (Self.panelHeight + Self.gap)
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(height))" \
            font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="white"/>
            <text x="\(Self.left)" y="22" font-size="16">\(title)</text>

            """
        for (number, panel) in panels.enumerated() {
            text += Self.svg(of: panel, at: Self.top + Double(number) * (Self.panelHeight + Self.gap))
        }
        return text + "</svg>\n"
    }

    private static func svg(of panel: Panel, at y: Double) -> String {
        let highest = scale(panel.lines.flatMap(\.values).max() ?? 0)
        let count = panel.lines.map(\.values.count).max() ?? 0
        let bottom = y + panelHeight
        var text = "<text x=\"\(left)\" y=\"\(y - 8)\">\(panel.title)</text>\n"
        for step in 0...4 {
            let value = highest * Double(step) / 4
            let height = bottom - panelHeight * Double(step) / 4
            text += """
                <line x1="\(left)" x2="\(width - right)" y1="\(height)" y2="\(height)" stroke="#d0d7de"/>
                <text x="\(left - 6)" y="\(height + 4)" text-anchor="end">\(label(value))</text>

                """
        }
        for (number, line) in panel.lines.enumerated() {
            let points = line.values.enumerated().map { index, value in
                let x = left + (width - left - right) * Double(index) / Double(max(count - 1, 1))
                return String(format: "%.1f,%.1f", x, bottom - panelHeight * min(value / highest, 1))
            }
            let color = colors[number % colors.count]
            text += """
                <polyline fill="none" stroke="\(color)" stroke-width="1.2" points="\(points.joined(separator: " "))"/>
                <text x="\(width - right - 110 * Double(panel.lines.count - 1 - number))" y="\(y - 8)" \
                text-anchor="end" fill="\(color)">\(line.name)</text>

                """
        }
        text += "<text x=\"\(left)\" y=\"\(bottom + 16)\">0 s</text>\n"
        text += "<text x=\"\(width - right)\" y=\"\(bottom + 16)\" text-anchor=\"end\">\(count) s</text>\n"
        return text
    }

    /// The next round number that is not below `value`.
    private static func scale(_ value: Double) -> Double {
        guard value > 0 else { return 1 }
        let power = pow(10, floor(log10(value)))
        for factor in [1.0, 2, 4, 5, 8] where factor * power >= value { return factor * power }
        return 10 * power
    }

    private static func label(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(format: "%.2f", value)
    }
}
