internal import LSMTx

extension Argument {
    static let input = Argument("path", completion: .file, help: "The file to read; '-' is the standard input.")
}

extension Argument {
    fileprivate static let source = Argument(
        "source", isOptional: true, completion: .file,
        help: "The file to read; '-' or nothing is the standard input.")
}

extension Option {
    fileprivate static let importFormat = Option(
        "format", value: "name", completion: .values(Importer.Format.allCases.map(\.rawValue)),
        help: """
            'jsonl', the default: a line for each entry, {"key": "...", "value": "..."}, with key_base64 and \
            value_base64 for bytes that are not text. 'csv': two fields, by RFC 4180, in which \\\\ is a backslash and \
            \\xNN any byte. 'hex': both in hexadecimal, with a tab between them. 'lines': each line is a key, its \
            number the value.
            """)
    static let csvHeader = Option("header", help: "With 'csv': the first line is 'key,value'.")
    static let csvRaw = Option("raw", help: "With 'csv': nothing is escaped; a backslash is a backslash.")
    static let batch = Option("batch", value: "n", help: "Entries in one commit; 1000 by default, 100 for 'demo'.")
}

extension Command {
    static let `import` = Command(
        "import",
        abstract: "Store the entries of a file.",
        discussion: """
            The store is created if there is none. Each batch is one commit, all or nothing; an error names the line, or \
            the failure, and how much was committed before it, which stays. Empty lines are skipped. When a key comes \
            twice, the later line wins; with several threads that holds only within a batch.
            """,
        arguments: [.file, .source],
        options: [.importFormat, .csvHeader, .csvRaw, .batch, .threads, .buffered]
    ) { invocation in
        let format = try importFormat(invocation)
        let threads = try invocation.number(.threads, in: 1...256) ?? 1
        let batch = try invocation.number(.batch, in: 1...1_000_000) ?? 1000
        // Opened before the store, so that a mistyped path creates no file.
        let input = try InputFile(try invocation.text(.source) ?? "-")
        let clock = ContinuousClock()
        let start = clock.now
        System.catchInterrupt()
        let console = invocation.console
        let result = try Store.write(
            try invocation.path(), durability: invocation.has(.buffered) ? .buffered : .sync
        ) { database in
            let lines = LineReader(descriptor: input.descriptor)
            let result = try Importer(
                database: database, format: format, batchSize: batch, hasHeader: invocation.has(.csvHeader),
                isRaw: invocation.has(.csvRaw)
            ).run(lines, threads: threads) { count in
                console.progress(
                    "importing", lines.consumedBytes, of: input.bytes,
                    detail: "\(Rendering.grouped(UInt64(count))) entries")
            }
            // Thrown here, as closing the store would most likely throw the same, and hide it.
            if result.problem == nil, let failure = result.failure?.at(path: try invocation.path()) {
                throw Failure(ExitStatus(failure.code), "\(Failure.text(of: failure)) \(result.remark)")
            }
            return result
        }
        console.endProgress()
        if let problem = result.problem {
            throw Failure(problem.status, "\(input.name), line \(problem.line): \(problem.text) \(result.remark)")
        }
        let seconds = Rendering.seconds(clock.now - start)
        console.output.write("Imported \(result.extent), \(seconds) s.\n")
        if System.isInterrupted { throw Interruption(remark: "What was imported is stored.") }
        return .success
    }

    private static func importFormat(_ invocation: Invocation) throws -> Importer.Format {
        let name = try invocation.text(.importFormat) ?? Importer.Format.jsonl.rawValue
        guard let format = Importer.Format(rawValue: name) else {
            throw UsageError.unknownFormat(name, of: Importer.Format.allCases.map(\.rawValue))
        }
        for option in [Option.csvHeader, .csvRaw] where invocation.has(option) && format != .csv {
            throw UsageError("'--\(option.name)' goes with '--format csv' alone.")
        }
        return format
    }
}

extension Importer.Summary {
    fileprivate var extent: String {
        "\(Rendering.count(UInt64(entries), "entry")) in \(Rendering.count(UInt64(commits), "commit"))"
    }

    /// What an error leaves.
    fileprivate var remark: String {
        commits == 0 ? "Nothing was stored." : "Stopped after \(extent), which are stored."
    }
}

extension UsageError {
    static func unknownFormat(_ name: String, of known: [String]) -> UsageError {
        UsageError("Unknown format '\(name)'.", didYouMean: Suggestion.closest(to: name, among: known))
    }
}
