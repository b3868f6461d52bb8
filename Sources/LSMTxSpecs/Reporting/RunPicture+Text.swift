extension RunPicture {
    /// The rows as columns of text, each with the number of its line in front.
    ///
    /// - Parameter width: How wide the text may be; `nil` for as wide as it gets. Where it is too wide, cells are
    ///   broken into several lines.
    /// - Returns: Lines without their ends.
    package func columnsOfText(width: Int? = nil) -> [String] {
        let gap = 2
        let marks = rows.map { "\($0.hasPassed ? " " : ">")\($0.position.line)" }
        let margin = max(2, marks.map(\.count).max() ?? 0)
        var widths = columns.indices.map { column in
            max(
                TextColumns.width(of: columns[column]),
                rows.filter { $0.column == column }.map { TextColumns.width(of: $0.text) }.max() ?? 0)
        }
        if let width { Self.fit(&widths, into: width - margin - gap * columns.count) }
        func line(_ mark: String, _ cells: [String]) -> String {
            var line = String(repeating: " ", count: max(0, margin - mark.count)) + mark
            for (cell, width) in zip(cells, widths) {
                line += String(repeating: " ", count: gap) + TextColumns.padded(cell, to: width)
            }
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
        var lines = [line("", columns.map(TextColumns.printable))]
        for (row, mark) in zip(rows, marks) {
            guard let column = row.column else {
                let room = width.map { max(20, $0 - margin - gap) } ?? .max
                for (place, part) in TextColumns.wrapped(row.text, to: room).enumerated() {
                    let mark = place == 0 ? mark : ""
                    lines.append(String(repeating: " ", count: max(0, margin - mark.count)) + mark + "  " + part)
                }
                continue
            }
            for (place, part) in TextColumns.wrapped(row.text, to: widths[column]).enumerated() {
                var cells = columns.map { _ in "" }
                cells[column] = part
                lines.append(line(place == 0 ? mark : "", cells))
            }
        }
        return lines
    }

    /// Takes columns away from the widest ones until all fit, or none can be narrower.
    private static func fit(_ widths: inout [Int], into room: Int) {
        let least = 12
        while widths.reduce(0, +) > room {
            guard let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), widths[widest] > least else {
                break
            }
            widths[widest] -= 1
        }
        for index in widths.indices { widths[index] = max(widths[index], 2) }
    }

    /// The dependencies in words, those of an anomaly first.
    package var dependencyLines: [String] {
        let sorted = arrows.filter(\.isOfAnomaly) + arrows.filter { !$0.isOfAnomaly }
        return sorted.map { arrow in
            let (from, to) = (rows[arrow.from], rows[arrow.to])
            return "\(name(arrow.edge.from)) -\(arrow.edge.kind.rawValue)-> \(name(arrow.edge.to)) on "
                + TextColumns.printable(SpecPrinter.data(Array(arrow.edge.key.utf8)))
                + ": \(from.text) (line \(from.position.line))\(arrow.edge.kind == .writeRead ? ", seen by" : ", then") "
                + "\(to.text) (line \(to.position.line))" + (arrow.isSupposed ? ", had both committed" : "")
        }
    }

    /// The anomalies with their cycles, named by the sessions.
    package var anomalyLines: [String] {
        verdict.anomalies.map { anomaly in
            let ids = anomaly.transactions
            var steps: [String] = []
            for (from, to) in zip(ids, ids.dropFirst() + ids.prefix(1)) {
                // What the graph has no arrow for is an order of sessions or of time, or has to do with the setup.
                let arrow = arrows.first { $0.edge.from == from && $0.edge.to == to && $0.isOfAnomaly }
                steps.append("\(name(from)) -\(arrow?.label ?? "before")->")
            }
            guard ids.count > 1, let first = ids.first else {
                return "\(anomaly.name): " + TextColumns.printable(anomaly.witness.first ?? "")
            }
            return "\(anomaly.name): " + steps.joined(separator: " ") + " " + name(first)
        }
    }

    /// A transaction's name; the setup has no session.
    package func name(_ id: Int) -> String { names[id] ?? "setup" }
}
