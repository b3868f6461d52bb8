internal import LSMTxSpecs

extension Argument {
    fileprivate static let recorded = Argument(
        "file", completion: .file, help: "The history: JSON Lines in Jepsen's shape.")
}

extension Option {
    fileprivate static let model = Option(
        "model", value: "model", completion: .values(IsolationModel.allCases.map(\.rawValue)),
        help: "'read-committed', 'snapshot-isolation', 'serializable' or 'strict-serializable'.")
    fileprivate static let strict = Option(
        "strict", help: "The order must agree with sessions and real time at any model.")
    fileprivate static let elle = Option(
        "elle", value: "file", completion: .file, help: "Also write the history as EDN for Elle's checkers.")
}

extension Command {
    static let specCheck = Command(
        "spec check",
        abstract: "Judge a history by replay and by dependency cycles.",
        discussion: """
            Both must accept it. Without --model it must be what its levels promise, and agree with sessions and real \
            time too: an acknowledged commit that a crash has lost breaks these alone. A model that is named is taken \
            at its word, with --strict in real time. Shows what was checked, or each anomaly with the transactions \
            that prove it. Ends with status 0 when the history is accepted, 1 when it is not, and 65 with the line \
            when the file is not a history.
            """,
        arguments: [.recorded],
        options: [.model, .strict, .elle, .json]
    ) { invocation in
        guard let path = try invocation.text(.recorded) else { preconditionFailure("<file> is not optional") }
        var model: IsolationModel?
        if let word = try invocation.text(.model) {
            model = IsolationModel(rawValue: word)
            guard model != nil else {
                let names = IsolationModel.allCases.map(\.rawValue)
                throw UsageError(
                    "Unknown model '\(Escaping.terminal(Array(word.utf8)))': use one of "
                        + names.map { "'\($0)'" }.joined(separator: ", ") + ".",
                    didYouMean: Suggestion.closest(to: word, among: names))
            }
        }
        let clock = ContinuousClock()
        let start = clock.now
        let (events, history) = try read(path)
        let reading = clock.now - start
        guard !history.transactions.isEmpty else {
            throw Failure(.badData, "'\(path)' holds no transaction. Check what should have recorded it.")
        }
        guard model != nil || HistoryCheck.promisedModel(of: history) != nil else {
            throw UsageError("'\(path)' does not say at which levels its transactions ran: give '--model'.")
        }
        if let elle = try invocation.text(.elle) { try System.write(ElleExport.edn(of: events), toFile: elle) }
        let check = HistoryCheck.run(history, model: model, isStrict: invocation.has(.strict) ? true : nil)
        let report = HistoryReport(check, file: path, reading: reading)
        invocation.console.output.write(
            invocation.has(.json) ? try JSONText.document(report) : Array(report.text.utf8))
        return check.isAccepted ? .success : .failure
    }

    private static func read(_ path: String) throws -> ([HistoryEvent], History) {
        let descriptor = try System.openForReading(path)
        defer { System.closeDescriptor(descriptor) }
        let bytes = try System.readAll(descriptor)
        do throws(HistoryProblem) {
            return try HistoryReader.eventsAndHistory(of: bytes)
        } catch {
            throw Failure(
                .badData, "\(path): \(Escaping.terminal(Array(error.description.utf8))). See the article Histories.")
        }
    }
}
