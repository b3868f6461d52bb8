/// A run as a picture for a web page. Its colours are those of the page's classes, so that they follow the page.
struct ScheduleSVG {
    let picture: RunPicture
    let layout: ScheduleLayout
    /// What the picture's own names begin with; no two pictures of a page have the same.
    let id: String
    let title: String

    init(_ picture: RunPicture, id: String, title: String) {
        self.picture = picture
        self.id = id
        self.title = title
        layout = ScheduleLayout(picture)
    }

    var text: String {
        var text = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"\(id)-title\""
        text += " width=\"\(number(layout.width))\" height=\"\(number(layout.height))\""
        text += " viewBox=\"0 0 \(number(layout.width)) \(number(layout.height))\">\n"
        text += "<title id=\"\(id)-title\">\(Markup.escaped(title))</title>\n"
        for (header, name) in zip(layout.headers, picture.columns) { text += self.header(header, name) }
        text += lifelines
        for (arrow, connection) in zip(picture.arrows, layout.connections) { text += line(arrow, connection) }
        for (row, step) in zip(picture.rows, layout.steps) { text += self.step(row, step) }
        for (arrow, connection) in zip(picture.arrows, layout.connections) { text += label(arrow, connection) }
        return text + "</svg>\n"
    }

    // MARK: Parts

    private func header(_ box: ScheduleLayout.Rectangle, _ name: String) -> String {
        let lane =
            "<line class=\"lane\" x1=\"\(number(box.x + box.width / 2))\" y1=\"\(number(box.bottom))\""
            + " x2=\"\(number(box.x + box.width / 2))\" y2=\"\(number(layout.height - 8))\"/>\n"
        return lane + "<text class=\"session\" text-anchor=\"middle\" x=\"\(number(box.x + box.width / 2))\""
            + " y=\"\(number(box.y + 18))\">\(Markup.escaped(TextColumns.printable(name)))</text>\n"
    }

    /// A thick line behind each transaction, from its first step to its last.
    private var lifelines: String {
        picture.names.keys.sorted().map { id in
            let boxes = zip(picture.rows, layout.steps).filter { $0.0.transaction == id }.map(\.1.box)
            guard let first = boxes.first, let last = boxes.last, boxes.count > 1 else { return "" }
            let x = number(first.x + first.width / 2)
            return "<line class=\"life\" x1=\"\(x)\" y1=\"\(number(first.middle))\" x2=\"\(x)\""
                + " y2=\"\(number(last.middle))\"><title>\(Markup.escaped(picture.name(id)))</title></line>\n"
        }.joined()
    }

    private func step(_ row: RunPicture.Row, _ step: ScheduleLayout.Step) -> String {
        let box = step.box
        let name = "\(row.kind)" + (row.hasPassed ? "" : " wrong")
        var text =
            "<text class=\"line\" text-anchor=\"end\" x=\"38\" y=\"\(number(box.y + 17))\">\(row.position.line)</text>\n"
        text += "<rect class=\"\(name)\" x=\"\(number(box.x))\" y=\"\(number(box.y))\" rx=\"4\""
        text += " width=\"\(number(box.width))\" height=\"\(number(box.height))\"/>\n"
        for (place, line) in step.lines.enumerated() {
            let y = box.y + 17 + Double(place) * ScheduleLayout.lineHeight
            text +=
                "<text class=\"\(name)\" x=\"\(number(box.x + 8))\" y=\"\(number(y))\">\(Markup.escaped(line))</text>\n"
        }
        return text
    }

    private static func names(of arrow: RunPicture.Arrow) -> String {
        arrow.edge.kind.rawValue + (arrow.isOfAnomaly ? " anomaly" : "") + (arrow.isSupposed ? " supposed" : "")
    }

    private func line(_ arrow: RunPicture.Arrow, _ connection: ScheduleLayout.Connection) -> String {
        let (start, end, label) = (connection.start, connection.end, connection.label)
        let middle = ScheduleLayout.Point(x: label.x + label.width / 2, y: label.middle)
        // The arrow arrives from the right where it returns, else from where it began.
        let isLeftwards = connection.returns || end.x < start.x
        let tip = isLeftwards ? 8.0 : -8.0
        let base = ScheduleLayout.Point(x: end.x + tip, y: end.y)
        let out = connection.returns ? middle.x : (start.x + middle.x) / 2
        let back = connection.returns ? middle.x : base.x + (isLeftwards ? 1 : -1) * min(40, abs(base.x - middle.x) / 2)
        let names = Self.names(of: arrow)
        let into = connection.returns ? Point(x: middle.x, y: middle.y) : Point(x: out, y: middle.y)
        let onwards = connection.returns ? into : Point(x: 2 * middle.x - out, y: middle.y)
        var text = "<path class=\"\(names)\" d=\"M\(pair(start)) C\(pair(Point(x: out, y: start.y))) \(pair(into))"
        text += " \(pair(middle)) C\(pair(onwards)) \(pair(Point(x: back, y: end.y))) \(pair(base))\"/>\n"
        text += "<polygon class=\"\(names)\" points=\"\(pair(end))"
        text += " \(pair(Point(x: base.x, y: end.y - 4))) \(pair(Point(x: base.x, y: end.y + 4)))\"/>\n"
        return text
    }

    private func label(_ arrow: RunPicture.Arrow, _ connection: ScheduleLayout.Connection) -> String {
        let box = connection.label
        let names = Self.names(of: arrow)
        let (from, to) = (picture.name(arrow.edge.from), picture.name(arrow.edge.to))
        let meaning =
            switch arrow.edge.kind {
            case .writeWrite: "\(to) replaced what \(from) had written"
            case .writeRead: "\(to) read what \(from) had written"
            case .readWrite: "\(to) replaced what \(from) had read"
            }
        var text = "<g class=\"label \(names)\"><title>"
        text += Markup.escaped("\(arrow.label): \(meaning)" + (arrow.isSupposed ? ", had both committed" : ""))
        text += "</title><rect x=\"\(number(box.x))\" y=\"\(number(box.y))\" width=\"\(number(box.width))\""
        text += " height=\"\(number(box.height))\" rx=\"3\"/><text text-anchor=\"middle\""
        text +=
            " x=\"\(number(box.x + box.width / 2))\" y=\"\(number(box.y + 12))\">\(Markup.escaped(arrow.label))</text></g>\n"
        return text
    }

    // MARK: Numbers

    private typealias Point = ScheduleLayout.Point

    private func pair(_ point: Point) -> String { "\(number(point.x)),\(number(point.y))" }

    /// With one decimal, without it where it is zero.
    private func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let whole = "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10)"
        return tenths.isMultiple(of: 10) ? whole : "\(whole).\(abs(tenths) % 10)"
    }
}
