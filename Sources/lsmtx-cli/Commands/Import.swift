internal import LSMTx

extension Argument {
    static let input = Argument("path", completion: .file, help: "The file to read; '-' is the standard input.")
}

extension Option {
    static let format = Option(
        "format", value: "name", completion: .values(Importer.Format.allCases.map(\.rawValue)),
        help: """
            'jsonl', the default: a line for each entry, {"key": "...", "value": "..."}, with key_base64 and \
            value_base64 for bytes that are not text. 'lines': each line is a key, its number the value.
            """)
    static let batch = Option("batch", value: "n", help: "Entries in one commit; 1000 by default.")
}

extension Command {
    static let `import` = Command(
        "import",
        abstract: "Store the entries of a file.",
        discussion: """
            The store is created if there is none. Each batch is one commit, all or nothing; an error names the line \
            and leaves what was committed before it. Empty lines are skipped. When a key comes twice, the later line \
            wins; with several threads that holds only within a batch.
            """,
        arguments: [.file, .input],
        options: [.format, .batch, .threads, .buffered]
    ) { invocation in
        let input = try importInput(invocation)
        defer { input.close() }
        let threads = try invocation.number(.threads, in: 1...256) ?? 1
        let batch = try invocation.number(.batch, in: 1...1_000_000) ?? 1000
        let clock = ContinuousClock()
        let start = clock.now
        System.catchInterrupt()
        let console = invocation.console
        let result = try Store.write(
            try invocation.path(), durability: invocation.has(.buffered) ? .buffered : .sync
        ) { database in
            try Importer(database: database, format: input.format, batchSize: batch)
                .run(LineReader(descriptor: input.descriptor), threads: threads) { count in
                    console.progress("\(count) entries …")
                }
        }
        console.endProgress()
        let summary = "\(result.entries) entries in \(result.commits) commits"
        if let problem = result.problem {
            let stored = result.commits == 0 ? "Nothing was stored." : "Stopped after \(summary), which are stored."
            throw Failure(problem.status, "\(input.name), line \(problem.line): \(problem.text) \(stored)")
        }
        let seconds = Rendering.seconds(clock.now - start)
        console.output.write("Imported \(summary), \(seconds) s.\n")
        if System.isInterrupted {
            console.error("Interrupted. What was imported is stored.")
            return .interrupted
        }
        return .success
    }
}

struct ImportInput {
    let name: String
    let descriptor: Int32
    let format: Importer.Format

    func close() {
        if descriptor != System.standardInput { System.closeDescriptor(descriptor) }
    }
}

/// Opened before the store, so that a mistyped path creates no file.
private func importInput(_ invocation: Invocation) throws -> ImportInput {
    let name = try invocation.text(.format) ?? Importer.Format.jsonl.rawValue
    guard let format = Importer.Format(rawValue: name) else {
        let suggestion = Suggestion.closest(to: name, among: Importer.Format.allCases.map(\.rawValue))
        throw UsageError("Unknown format '\(name)'.", didYouMean: suggestion)
    }
    guard let path = try invocation.text(.input) else { preconditionFailure("<path> is not optional") }
    guard path != "-" else {
        return ImportInput(name: "standard input", descriptor: System.standardInput, format: format)
    }
    return ImportInput(name: path, descriptor: try System.openForReading(path), format: format)
}
