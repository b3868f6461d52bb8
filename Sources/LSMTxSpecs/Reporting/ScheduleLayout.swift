/// Where everything of a run's picture is, in pixels.
///
/// 1. Columns are as wide as their widest step, up to a limit beyond which steps have several lines. Between them are
///    gutters, as wide as the widest label; nothing else than labels stands in them.
/// 2. Rows follow one another downwards, each as high as its step.
/// 3. An arrow leaves its step at the side where it has to go and arrives at the near side of the other step; several
///    ends at one side are spread over it. Between two steps of one column it goes out and back on the right.
/// 4. Its label is in the gutter beside its beginning, at the nearest height that is free. The line goes through the
///    label, and beneath the boxes that are between.
struct ScheduleLayout {
    struct Rectangle: Equatable {
        var x: Double
        var y: Double
        var width: Double
        var height: Double

        var right: Double { x + width }
        var bottom: Double { y + height }
        var middle: Double { y + height / 2 }

        func overlaps(_ other: Rectangle) -> Bool {
            x < other.right && other.x < right && y < other.bottom && other.y < bottom
        }
    }

    struct Point: Equatable {
        var x: Double
        var y: Double
    }

    struct Step {
        var box: Rectangle
        var lines: [String]
    }

    struct Connection {
        var start: Point
        var end: Point
        var label: Rectangle
        /// Whether both ends are on the right of one column.
        var returns: Bool
    }

    static let lineHeight = 16.0
    /// Of most fixed-width fonts at 12 pixels; a little more than the advance.
    static let columnWidth = 7.4
    private static let padding = 8.0
    private static let rowGap = 12.0
    private static let margin = 48.0
    private static let longest = 42

    private(set) var headers: [Rectangle] = []
    private(set) var steps: [Step] = []
    private(set) var connections: [Connection] = []
    private(set) var width = 0.0
    private(set) var height = 0.0

    init(_ picture: RunPicture) {
        let labelWidth = (picture.arrows.map { Self.width(of: $0.label) }.max() ?? 0) + 2 * Self.padding
        placeColumns(picture, gutter: max(36, labelWidth + 40))
        placeRows(picture)
        connect(picture, labelWidth: labelWidth)
    }

    static func width(of text: String) -> Double { Double(TextColumns.width(of: text)) * columnWidth }

    private mutating func placeColumns(_ picture: RunPicture, gutter: Double) {
        var x = Self.margin
        for (place, name) in picture.columns.enumerated() {
            let texts = picture.rows.filter { $0.column == place }.map { TextColumns.width(of: $0.text) }
            let columns = min(Self.longest, max(texts.max() ?? 0, TextColumns.width(of: name), 8))
            let width = Double(columns) * Self.columnWidth + 2 * Self.padding
            headers.append(Rectangle(x: x, y: 8, width: width, height: 26))
            x += width + gutter
        }
        let returns = picture.arrows.contains { arrow in
            picture.rows[arrow.from].column == picture.columns.count - 1
                && picture.rows[arrow.to].column == picture.rows[arrow.from].column
        }
        width = max(x - (returns ? 0 : gutter), Self.margin + 320) + 8
    }

    private mutating func placeRows(_ picture: RunPicture) {
        var y = 8 + 26 + Self.rowGap
        for row in picture.rows {
            let place =
                row.column.map { headers[$0] }
                ?? Rectangle(x: Self.margin, y: 0, width: width - Self.margin - 8, height: 0)
            let columns = Int(((place.width - 2 * Self.padding) / Self.columnWidth).rounded(.down))
            let lines = TextColumns.wrapped(row.text, to: max(8, columns))
            let height = Double(lines.count) * Self.lineHeight + 8
            steps.append(Step(box: Rectangle(x: place.x, y: y, width: place.width, height: height), lines: lines))
            y += height + Self.rowGap
        }
        height = y
    }

    // MARK: Arrows

    private struct Side: Hashable {
        var row: Int
        var isRight: Bool
    }

    private mutating func connect(_ picture: RunPicture, labelWidth: Double) {
        let sides = picture.arrows.map { arrow -> (from: Side, to: Side) in
            let (from, to) = (picture.rows[arrow.from].column ?? 0, picture.rows[arrow.to].column ?? 0)
            return (Side(row: arrow.from, isRight: from <= to), Side(row: arrow.to, isRight: from >= to))
        }
        var total: [Side: Int] = [:]
        for (from, to) in sides {
            total[from, default: 0] += 1
            total[to, default: 0] += 1
        }
        var used: [Side: Int] = [:]
        func point(_ side: Side) -> Point {
            used[side, default: 0] += 1
            let box = steps[side.row].box
            let part = Double(used[side] ?? 1) / Double((total[side] ?? 1) + 1)
            return Point(x: side.isRight ? box.right : box.x, y: box.y + box.height * part)
        }
        // What goes across all columns crosses the gutters too.
        let across = picture.rows.indices.filter { picture.rows[$0].column == nil }.map { steps[$0].box }
        var labels: [Rectangle] = across
        for (arrow, (from, to)) in zip(picture.arrows, sides) {
            let (start, end) = (point(from), point(to))
            let column = picture.rows[arrow.from].column ?? 0
            let gutter = gutterCentre(besides: column, isRight: from.isRight)
            let returns = from.isRight && to.isRight
            let part = end.x == start.x ? 0.5 : min(max((gutter - start.x) / (end.x - start.x), 0), 1)
            let width = Self.width(of: arrow.label) + 8
            let wanted = Rectangle(
                x: gutter - width / 2, y: start.y + (end.y - start.y) * part - Self.lineHeight / 2, width: width,
                height: Self.lineHeight)
            let label = Self.free(wanted, among: labels)
            labels.append(label)
            height = max(height, label.bottom + Self.rowGap)
            connections.append(Connection(start: start, end: end, label: label, returns: returns))
        }
    }

    private func gutterCentre(besides column: Int, isRight: Bool) -> Double {
        let left = isRight ? column : column - 1
        let begin = headers[left].right
        let end = left + 1 < headers.count ? headers[left + 1].x : width - 8
        return (begin + end) / 2
    }

    /// The nearest place above or below that nothing else takes.
    private static func free(_ wanted: Rectangle, among others: [Rectangle]) -> Rectangle {
        for distance in stride(from: 0.0, to: 100_000, by: 4) {
            for offset in [distance, -distance] {
                var moved = wanted
                moved.y += offset
                if moved.y >= 36, !others.contains(where: moved.overlaps) { return moved }
            }
        }
        return wanted
    }
}
