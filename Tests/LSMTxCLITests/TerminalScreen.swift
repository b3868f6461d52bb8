import LSMTxSpecs

/// As much of a terminal as a line editor uses: characters of one or two columns, a cursor, and what erases.
struct TerminalScreen {
    private let columns: Int
    private let rows: Int
    /// A wide character has an empty cell behind it.
    private var cells: [[String]]
    private var row = 0
    private var column = 0
    /// The last column was written to: the next character goes onto the next line.
    private var isWrapPending = false
    private var pending: [UInt8] = []
    /// How often the cursor has gone down to the next line.
    private(set) var lineFeeds = 0

    init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
        cells = Array(repeating: Array(repeating: " ", count: columns), count: rows)
    }

    /// The lines, without the blanks at their ends and without the empty lines at the bottom.
    var lines: [String] {
        let all = cells.map { Self.trimmed($0.joined()) }
        return Array(all[...(all.lastIndex { !$0.isEmpty } ?? 0)])
    }

    var text: String { lines.joined(separator: "\n") }

    /// The line that the cursor is on.
    var cursorLine: String { Self.trimmed(cells[row].joined()) }

    var cursorColumn: Int { column }

    private static func trimmed(_ text: String) -> String {
        text.lastIndex { $0 != " " }.map { String(text[...$0]) } ?? ""
    }

    mutating func draw(_ bytes: some Collection<UInt8>) {
        for byte in bytes {
            pending.append(byte)
            if let used = take() { pending.removeFirst(used) }
        }
    }

    /// - Returns: How many of the pending bytes were understood; `nil` when more must come first.
    private mutating func take() -> Int? {
        guard let first = pending.first else { return nil }
        switch first {
        case 0x1B: return escape()
        case 0x0D: column = 0
        case 0x0A: lineFeed()
        case 0x08: column = max(0, column - 1)
        case 0x09: column = min(columns - 1, (column / 8 + 1) * 8)
        case 0..<0x20, 0x7F: break
        default:
            let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
            guard pending.count >= length else { return nil }
            put(String(decoding: pending.prefix(length), as: UTF8.self))
            return length
        }
        isWrapPending = false
        return 1
    }

    private mutating func put(_ character: String) {
        let width = TextColumns.width(of: character)
        if width == 0 {
            // Goes onto the one before it.
            cells[row][max(0, column - 1)] += character
            return
        }
        if isWrapPending || column + width > columns {
            column = 0
            lineFeed()
            isWrapPending = false
        }
        cells[row][column] = character
        if width == 2 { cells[row][column + 1] = "" }
        column += width
        if column >= columns {
            column = columns - 1
            isWrapPending = true
        }
    }

    private mutating func lineFeed() {
        lineFeeds += 1
        guard row == rows - 1 else {
            row += 1
            return
        }
        cells.removeFirst()
        cells.append(Array(repeating: " ", count: columns))
    }

    private mutating func escape() -> Int? {
        guard pending.count > 1 else { return nil }
        guard pending[1] == UInt8(ascii: "[") else {
            // Choices of character sets take one more byte.
            return [UInt8(ascii: "("), UInt8(ascii: ")")].contains(pending[1]) ? (pending.count > 2 ? 3 : nil) : 2
        }
        guard let end = pending.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0) }) else { return nil }
        let numbers = String(decoding: pending[2..<end], as: UTF8.self).split(separator: ";").map { Int($0) ?? 0 }
        control(pending[end], numbers)
        isWrapPending = false
        return end + 1
    }

    private mutating func control(_ code: UInt8, _ numbers: [Int]) {
        let count = max(1, numbers.first ?? 1)
        switch code {
        case UInt8(ascii: "A"): row = max(0, row - count)
        case UInt8(ascii: "B"): row = min(rows - 1, row + count)
        case UInt8(ascii: "C"): column = min(columns - 1, column + count)
        case UInt8(ascii: "D"): column = max(0, column - count)
        case UInt8(ascii: "G"): column = min(columns, count) - 1
        case UInt8(ascii: "H"):
            row = min(rows, count) - 1
            column = min(columns, numbers.count > 1 ? max(1, numbers[1]) : 1) - 1
        case UInt8(ascii: "J"): erase(fromStart: numbers.first == 2)
        case UInt8(ascii: "K"): blank(column..<columns)
        case UInt8(ascii: "P"):
            cells[row].removeSubrange(column..<min(columns, column + count))
            cells[row] += Array(repeating: " ", count: columns - cells[row].count)
        case UInt8(ascii: "@"):
            cells[row].insert(contentsOf: Array(repeating: " ", count: count), at: column)
            cells[row].removeLast(cells[row].count - columns)
        case UInt8(ascii: "X"): blank(column..<min(columns, column + count))
        default: break
        }
    }

    private mutating func blank(_ range: Range<Int>) { for index in range { cells[row][index] = " " } }

    private mutating func erase(fromStart: Bool) {
        if !fromStart { blank(column..<columns) }
        for index in (fromStart ? 0 : row + 1)..<rows { cells[index] = Array(repeating: " ", count: columns) }
    }
}
