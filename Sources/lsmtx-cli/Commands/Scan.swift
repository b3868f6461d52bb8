internal import LSMTx
internal import LSMTxSpecs

extension Command {
    static let scan = Command(
        "scan",
        abstract: "Write keys and values in key order.",
        discussion: """
            To a pipe: a line for each entry, key, tab, value, in which a backslash is \\\\, a tab \\t, a newline \\n \
            and a byte that is not UTF-8 \\xNN. To a terminal: an aligned table. With --raw nothing is escaped, and \
            with --json each line is an object as 'import' takes it.
            """,
        arguments: [.file],
        options: Option.range + [.asOf, .reverse, .limit, .hex, .raw, .json], isInShell: true
    ) { invocation in
        let format = try EntryFormat(invocation)
        let range = try invocation.range()
        let limit = try invocation.number(.limit, in: 0...Int.max) ?? .max
        let reverse = invocation.has(.reverse)
        let output = invocation.console.output
        let asTable = invocation.wantsTable && format == .escaped
        var table = EntryTable(console: invocation.console)
        defer { table.finish() }
        try invocation.readKeys { state in
            guard limit > 0 else { return }
            var count = 0
            try state.forEach(range, reverse: reverse) { key, value in
                try invocation.checkInterrupt()
                if asTable {
                    table.add(key: key.bytes, value: value.bytes)
                } else {
                    output.write(try format.line(key: key.bytes, value: value.bytes))
                }
                count += 1
                return count < limit && output.failure == nil
            }
        }
        return .success
    }
}

/// Aligns entries in columns, some hundred at a time, so that a long scan begins to show at once.
struct EntryTable {
    private static let batch = 256
    private let console: Console
    private let width: Int
    private var rows: [(key: String, value: String)] = []
    private var keyWidth = 0
    private var hasHeading = false

    init(console: Console) {
        self.console = console
        width = console.output.width
    }

    mutating func add(key: [UInt8], value: [UInt8]) {
        // Escaping makes nothing shorter, so that no more bytes than columns are ever shown.
        rows.append((shown(key, width / 2), shown(value, width)))
        if rows.count == Self.batch { finish() }
    }

    mutating func finish() {
        guard !rows.isEmpty else { return }
        keyWidth = max(keyWidth, rows.map { TextColumns.width(of: $0.key) }.max() ?? 0, 3)
        if !hasHeading {
            console.output.write(console.heading(TextColumns.padded("KEY", to: keyWidth) + "  VALUE") + "\n")
            hasHeading = true
        }
        for row in rows {
            let value = TextColumns.shortened(row.value, to: max(8, width - keyWidth - 2))
            console.output.write("\(TextColumns.padded(row.key, to: keyWidth))  \(value)\n")
        }
        console.output.flush()
        rows.removeAll(keepingCapacity: true)
    }

    private func shown(_ bytes: [UInt8], _ columns: Int) -> String {
        TextColumns.shortened(Escaping.terminal(bytes.prefix(columns * 4 + 4)), to: columns)
    }
}
