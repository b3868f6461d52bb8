internal import LSMTxSpecs

/// What `spec check` says, as text and as JSON.
struct HistoryReport: Encodable {
    struct Finding: Encodable {
        var name: String
        var transactions: [Int]
        var witness: [String]
    }

    struct Algorithm: Encodable {
        var name: String
        var accepts: Bool
        /// Whether it could look at all transactions.
        var judgesAll: Bool
        var seconds: Double
        /// How often each anomaly was found, those that the model allows among them.
        var counts: [String: Int]
        /// Those that the model forbids, the first few of each name.
        var anomalies: [Finding]
        var undecided: [String]
        var notes: [String]
    }

    /// How many anomalies of each algorithm are shown as text.
    private static let shown = 5

    var file: String
    var model: String
    var strict: Bool
    var accepted: Bool
    var transactions: Int
    var committed: Int
    var aborted: Int
    var unknown: Int
    var reads: Int
    var readingSeconds: Double
    var algorithms: [Algorithm]

    init(_ check: HistoryCheck, file: String, reading: Duration) {
        self.file = file
        model = check.model.rawValue
        strict = check.isStrict
        accepted = check.isAccepted
        transactions = check.transactions
        committed = check.committed
        aborted = check.aborted
        unknown = check.unknown
        reads = check.reads
        readingSeconds = Self.seconds(reading)
        algorithms = check.judgements.map { judgement in
            let verdict = judgement.verdict
            let forbidden = verdict.anomalies(forbiddenBy: check.model, realTime: check.isStrict)
            return Algorithm(
                name: judgement.name, accepts: forbidden.isEmpty, judgesAll: verdict.judgesAll,
                seconds: Self.seconds(judgement.duration), counts: verdict.counts,
                anomalies: forbidden.map {
                    Finding(name: $0.name, transactions: $0.transactions, witness: $0.witness)
                },
                undecided: verdict.undecided, notes: verdict.notes)
        }
    }

    private static func seconds(_ duration: Duration) -> Double { (duration / .milliseconds(1)).rounded() / 1_000 }

    var text: String {
        var lines: [String] = []
        for algorithm in algorithms {
            for finding in algorithm.anomalies.prefix(Self.shown) {
                lines.append("\(finding.name), by \(algorithm.name):")
                lines += finding.witness.map { "  \(Self.printable($0))" }
            }
            let more = algorithm.anomalies.count - Self.shown
            if more > 0 { lines.append("\(algorithm.name): \(more) more, see '--json'") }
        }
        lines.append(
            """
            \(grouped(transactions)) transactions: \(grouped(committed)) committed, \(grouped(aborted)) aborted, \
            \(grouped(unknown)) of unknown outcome; \(grouped(reads)) gets and scans; read in \(readingSeconds) s
            """)
        for algorithm in algorithms { lines += summary(of: algorithm) }
        lines.append(
            "\(Self.printable(file)): \(model)\(strict && model != "strict-serializable" ? ", strictly" : ""): "
                + (accepted ? "accepted." : "rejected."))
        return lines.joined(separator: "\n") + "\n"
    }

    private func summary(of algorithm: Algorithm) -> [String] {
        var line = "\(algorithm.name): "
        if !algorithm.judgesAll {
            line += "not possible, since commit timestamps are missing"
        } else if !algorithm.accepts {
            line += "rejects"
        } else {
            line += "accepts"
            let allowed = algorithm.counts.sorted { $0.key < $1.key }.map { "\($0.key) \(grouped($0.value))" }
            if !allowed.isEmpty { line += ", with what the model allows: \(allowed.joined(separator: ", "))" }
        }
        var lines = ["\(line) (\(algorithm.seconds) s)"]
        if algorithm.judgesAll, let first = algorithm.undecided.first {
            lines.append("  could not judge everything: \(Self.printable(first))")
            if algorithm.undecided.count > 1 { lines.append("  and more of that kind, see '--json'") }
        }
        if !algorithm.accepts, let note = algorithm.notes.first { lines.append("  \(Self.printable(note))") }
        return lines
    }

    private func grouped(_ number: Int) -> String { Rendering.grouped(UInt64(number)) }

    private static func printable(_ text: String) -> String { TextColumns.printable(text) }
}
