internal import LSMTxSpecs

/// Rows in aligned columns for a terminal, some hundred at a time, so that a long result begins to show at once.
///
/// The last column takes what is left of the width, and at least eight columns; whatever is longer than its room ends in
/// an ellipsis. For a pipe this is not used: nothing is cut there.
package struct TextTable {
    /// One column.
    package struct Column {
        package var title: String
        package var isNumber = false

        package init(_ title: String, isNumber: Bool = false) {
            self.title = title
            self.isNumber = isNumber
        }
    }

    private static let batch = 256
    private static let gap = "  "

    private let columns: [Column]
    private let width: Int
    private let heading: (String) -> String
    private let write: (String) -> Void
    private var rows: [[String]] = []
    private var widths: [Int]
    private var hasHeading = false

    /// - Parameters:
    ///   - width: Columns of the terminal.
    ///   - heading: Emphasises the titles.
    ///   - write: Receives whole lines.
    package init(
        _ columns: [Column], width: Int, heading: @escaping (String) -> String = { $0 },
        write: @escaping (String) -> Void
    ) {
        self.columns = columns
        self.width = width
        self.heading = heading
        self.write = write
        widths = columns.map { TextColumns.width(of: $0.title) }
    }

    init(_ columns: [Column], console: Console) {
        let output = console.output
        self.init(
            columns, width: output.width, heading: { console.heading($0) },
            write: { text in
                output.write(text)
                output.flush()
            })
    }

    /// - Parameter cells: One for each column, without control characters.
    package mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count)
        rows.append(cells)
        if rows.count == Self.batch { finish() }
    }

    /// Writes what is still held back.
    package mutating func finish() {
        guard !rows.isEmpty else { return }
        let widest = max(4, width / 2)
        for row in rows {
            for index in row.indices.dropLast() {
                widths[index] = max(widths[index], min(widest, TextColumns.width(of: row[index])))
            }
        }
        let taken = widths.dropLast().reduce(0) { $0 + $1 + Self.gap.count }
        widths[widths.count - 1] = max(8, width - taken)
        var text = ""
        if !hasHeading {
            text += heading(line(columns.map(\.title))) + "\n"
            hasHeading = true
        }
        for row in rows { text += line(row) + "\n" }
        write(text)
        rows.removeAll(keepingCapacity: true)
    }

    private func line(_ cells: [String]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let shown = TextColumns.shortened(cell, to: widths[index])
            guard index < cells.count - 1 else { return line + shown }
            if columns[index].isNumber {
                line += String(repeating: " ", count: max(0, widths[index] - TextColumns.width(of: shown))) + shown
            } else {
                line += TextColumns.padded(shown, to: widths[index])
            }
            line += Self.gap
        }
        return line
    }

    /// Bytes as a cell: as much of them as can be seen in `width` columns.
    package static func cell(_ bytes: [UInt8], hex: Bool, width: Int) -> String {
        // A column takes four bytes at the most, apart from characters that go onto others, of which there may be many.
        let shown = bytes.prefix(width * 4 + 64)
        let text = hex ? String(decoding: Hexadecimal.encode(shown), as: UTF8.self) : Escaping.terminal(shown)
        return TextColumns.shortened(TextColumns.printable(text), to: width)
    }
}
