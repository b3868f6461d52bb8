internal import LSMTxSpecs

extension Option {
    fileprivate static let workload = Option(
        "workload", value: "name", isRequired: true,
        help: "'list-append', 'register', 'range-append', 'ring' or 'bank'.")
    fileprivate static let recordLevel = Option(
        "level", value: "level", isRequired: true, completion: .values(Level.allCases.map(\.rawValue)),
        help: "'rc', 'si' or 'ser'.")
    fileprivate static let transactions = Option(
        "transactions", value: "n", help: "How many transactions the threads begin; 10000 if not given.")
    fileprivate static let crashes = Option(
        "crashes", value: "n", help: "How often the power is lost meanwhile; never if not given.")
    fileprivate static let recordSeed = Option(
        "seed", value: "n", help: "What is drawn at random comes from it; how threads interleave does not.")
    fileprivate static let out = Option(
        "out", value: "file", isRequired: true, completion: .file, help: "Where the history is written to.")
}

extension Command {
    static let specRecord = Command(
        "spec record",
        abstract: "Record what threads do to a database, for 'spec check' to judge.",
        discussion: """
            The database is in memory. With --crashes its power is cut at random moments, also in the middle of \
            writes; what survives is opened, and the threads go on. The history has one JSON object per line, in the \
            shape that Jepsen writes. Nothing is judged here: the status is 0 whatever the database answered.
            """,
        arguments: [],
        options: [.workload, .recordLevel, .out, .threads, .transactions, .crashes, .recordSeed]
    ) { invocation in
        guard let path = try invocation.text(.out) else { throw UsageError("Missing option '--out <file>'.") }
        let options = try recordingOptions(invocation)
        let recording: Recording
        do {
            recording = try Recorder.record(options)
        } catch let problem as RecordingProblem {
            throw Failure(.failure, problem.text)
        }
        try System.write(try HistoryWriter().text(recording.events), toFile: path)
        func grouped(_ number: Int) -> String { Rendering.grouped(UInt64(number)) }
        var text = """
            \(path): \(options.workload.rawValue) at \(options.level.rawValue), seed \(options.seed): \
            \(grouped(recording.committed)) committed, \(grouped(recording.aborted)) aborted
            """
        if recording.crashes > 0 {
            text += """
                , \(grouped(recording.unknown)) in flight at \(grouped(recording.crashes)) crashes, of which \
                \(grouped(recording.survived)) survived
                """
        }
        invocation.console.output.write(text + ".\n")
        return .success
    }

    private static func recordingOptions(_ invocation: Invocation) throws -> RecordingOptions {
        let workload = try word(.workload, of: Workload.allCases.map { ($0.rawValue, $0) }, invocation)
        let level = try word(.recordLevel, of: Level.allCases.map { ($0.rawValue, $0) }, invocation)
        if let refusal = workload.refusal(at: level) {
            throw UsageError("'\(workload.rawValue)' cannot be judged at \(level.rawValue). \(refusal)")
        }
        var options = RecordingOptions(workload, at: level)
        options.threads = try invocation.number(.threads, in: 1...256) ?? options.threads
        options.transactions = try invocation.number(.transactions, in: 0...10_000_000) ?? options.transactions
        options.crashes = try invocation.number(.crashes, in: 0...10_000) ?? 0
        guard options.crashes <= options.transactions else {
            throw UsageError("There are more crashes than transactions; each interrupts one.")
        }
        if let seed = try invocation.number(.recordSeed, in: 0...Int.max) { options.seed = UInt64(seed) }
        return options
    }

    /// One of a few words.
    private static func word<T>(_ option: Option, of words: [(String, T)], _ invocation: Invocation) throws -> T {
        let names = words.map { "'\($0.0)'" }.joined(separator: ", ")
        guard let typed = try invocation.text(option) else {
            throw UsageError("Missing option '--\(option.name)': one of \(names).")
        }
        guard let found = words.first(where: { $0.0 == typed }) else {
            throw UsageError(
                "Unknown \(option.name) '\(Escaping.terminal(Array(typed.utf8)))': use one of \(names).",
                didYouMean: Suggestion.closest(to: typed, among: words.map(\.0)))
        }
        return found.1
    }
}
