internal import LSMTx
internal import LSMTxSpecs

extension Command {
    static let scan = Command(
        "scan",
        abstract: "Write keys and values in key order.",
        discussion: """
            To a pipe: a line for each entry, key, tab, value, in which a backslash is \\\\, a tab \\t, a newline \\n \
            and a byte that is not UTF-8 \\xNN. To a terminal: an aligned table, in which what is too long is cut. With --raw nothing is escaped, and \
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
        let asTable = invocation.wantsTable && (format == .escaped || format == .hex)
        var table = EntryTable(console: invocation.console, hex: format == .hex)
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

/// Keys and values in columns.
struct EntryTable {
    private let width: Int
    private let isHexadecimal: Bool
    private var table: TextTable

    init(console: Console, hex: Bool = false) {
        width = console.output.width
        isHexadecimal = hex
        table = TextTable([.init("KEY"), .init("VALUE")], console: console)
    }

    mutating func add(key: [UInt8], value: [UInt8]) {
        table.add([key, value].map { TextTable.cell($0, hex: isHexadecimal, width: width) })
    }

    mutating func finish() { table.finish() }
}
