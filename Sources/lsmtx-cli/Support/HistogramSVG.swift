internal import LSMTxSpecs

/// A distribution as bars from left to right, one below the other, so that names of classes have room.
enum HistogramSVG {
    private static let width = 520.0
    private static let labelWidth = 120.0
    private static let numberWidth = 130.0
    private static let rowHeight = 22.0

    static func text(_ title: String, _ classes: [AnalysisReport.Class]) -> String {
        let largest = classes.map(\.count).max() ?? 0
        let sum = classes.reduce(0) { $0 + $1.count }
        let height = SVGNumber.text(Double(classes.count) * rowHeight)
        var text = "<svg class=\"wide\" viewBox=\"0 0 \(SVGNumber.text(width)) \(height)\" role=\"img\" "
        text += "aria-label=\"\(Markup.escaped(title))\">\n"
        for (index, item) in classes.enumerated() {
            let y = Double(index) * rowHeight
            let room = width - labelWidth - numberWidth
            let share = largest == 0 ? 0 : Double(item.count) / Double(largest)
            let baseline = SVGNumber.text(y + 15)
            text += "<text text-anchor=\"end\" x=\"\(SVGNumber.text(labelWidth - 10))\" y=\"\(baseline)\">"
            text += "\(Markup.escaped(item.label))</text>"
            let bar = item.count > 0 ? max(2, share * room) : 0
            text += "<rect class=\"bar\" x=\"\(SVGNumber.text(labelWidth))\" y=\"\(SVGNumber.text(y + 3))\" "
            text += "width=\"\(SVGNumber.text(bar))\" height=\"16\" rx=\"2\"/>"
            text += "<text class=\"soft\" x=\"\(SVGNumber.text(labelWidth + bar + 8))\" y=\"\(baseline)\">"
            text += "\(Rendering.grouped(item.count)) · \(Rendering.percent(item.count, of: sum))</text>\n"
        }
        return text + "</svg>\n"
    }
}
