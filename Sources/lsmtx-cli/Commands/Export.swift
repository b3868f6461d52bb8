internal import LSMTx

extension Option {
    fileprivate static let exportFormat = Option(
        "format", value: "name", completion: .values(["jsonl", "csv", "hex"]),
        help: """
            'jsonl', the default: a line for each entry, {"key": "...", "value": "..."}, with key_base64 and \
            value_base64 for bytes that are not text. 'csv': two fields, by RFC 4180, in which \\\\ is a backslash and \
            \\xNN a byte that is not UTF-8. 'hex': both in hexadecimal, with a tab between them.
            """)
    fileprivate static let csvHeaderLine = Option("header", help: "With 'csv': begin with the line 'key,value'.")
    fileprivate static let output = Option(
        "output", short: "o", value: "path", completion: .file,
        help: "A new file to write; the standard output by default.")
}

extension Command {
    private enum ExportFormat: String, CaseIterable {
        case jsonl
        case csv
        case hex
    }

    static let export = Command(
        "export",
        abstract: "Write the entries as 'import' takes them.",
        discussion: """
            Every format brings back every byte. The entries come in key order and are one state of the store, however \
            long it takes. A file that is there already is not overwritten, and one that could not be written to its \
            end is removed. With --hex, the format is 'hex' unless another is given.
            """,
        arguments: [.file],
        options: Option.range + [.asOf, .limit, .hex, .exportFormat, .csvHeaderLine, .csvRaw, .output]
    ) { invocation in
        let format = try exportFormat(invocation)
        let range = try invocation.range()
        let point = try invocation.point(.asOf)
        let limit = try invocation.number(.limit, in: 0...Int.max) ?? .max
        let target = try invocation.text(.output)
        let isRaw = invocation.has(.csvRaw)
        let console = invocation.console
        System.catchInterrupt()
        try Store.read(try invocation.path()) { database in
            try OutputFile.write(target, console) { file in
                if invocation.has(.csvHeaderLine) { file.output.write(CSV.header) }
                guard limit > 0 else { return }
                var count = 0
                try database.read(at: point) { snapshot in
                    try snapshot.forEach(range) { key, value in
                        file.output.write(try line(format, key.bytes, value.bytes, isRaw: isRaw))
                        count += 1
                        guard count.isMultiple(of: 256) else { return count < limit }
                        try Interruption.check()
                        try file.output.checkWritten(to: file.name)
                        // Both would mix on one terminal.
                        guard !file.output.isTerminal else { return count < limit }
                        console.progress(
                            "exporting", 0, of: 0, detail: "\(Rendering.grouped(UInt64(count))) entries")
                        return count < limit
                    }
                }
            }
        }
        return .success
    }

    private static func line(
        _ format: ExportFormat, _ key: [UInt8], _ value: [UInt8], isRaw: Bool
    ) throws -> [UInt8] {
        switch format {
        case .jsonl: try EntryFormat.json.line(key: key, value: value)
        case .csv: CSV.line(key: key, value: value, isRaw: isRaw)
        case .hex: try EntryFormat.hex.line(key: key, value: value)
        }
    }

    private static func exportFormat(_ invocation: Invocation) throws -> ExportFormat {
        let name = try invocation.text(.exportFormat) ?? (invocation.has(.hex) ? ExportFormat.hex : .jsonl).rawValue
        guard let format = ExportFormat(rawValue: name) else {
            throw UsageError.unknownFormat(name, of: ExportFormat.allCases.map(\.rawValue))
        }
        for option in [Option.csvHeaderLine, .csvRaw] where invocation.has(option) && format != .csv {
            throw UsageError("'--\(option.name)' goes with '--format csv' alone.")
        }
        return format
    }
}
