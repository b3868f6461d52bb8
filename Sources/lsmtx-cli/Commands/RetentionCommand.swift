internal import LSMTx

extension Option {
    fileprivate static let keep = Option(
        "keep", value: "time", help: "Keep what was current in this time: 90s, 1h30m, 7d.")
    fileprivate static let commits = Option("commits", value: "n", help: "Keep so many commits.")
    fileprivate static let log = Option("log", value: "size", help: "Keep the commits of so much log: 64MiB.")
    fileprivate static let all = Option("all", help: "Keep everything.")
    fileprivate static let snapshotsOnly = Option("none", help: "Keep nothing but what snapshots hold.")
    fileprivate static let standard = Option("default", help: "Keep what a new file keeps.")
}

extension Command {
    static let retention = Command(
        "retention",
        abstract: "Show or set how much of the past stays readable.",
        discussion: """
            Without options, the limits are shown, and the oldest timestamp that can be read. The limits that are given \
            replace all that there were; of several, the tightest counts. What was dropped already does not come back.
            """,
        arguments: [.file],
        options: [.keep, .commits, .log, .all, .snapshotsOnly, .standard, .json], isInShell: true
    ) { invocation in
        if let wanted = try wantedRetention(invocation) {
            guard !invocation.has(.json) else { throw UsageError("'--json' goes with no limits.") }
            try invocation.write(createIfMissing: false) { try $0.setRetention(wanted) }
            return .success
        }
        let report = try invocation.read { RetentionReport(try $0.statistics.past) }
        invocation.console.output.write(
            invocation.has(.json) ? try JSONText.document(report) : Array(report.text.utf8))
        return .success
    }

    private static func wantedRetention(_ invocation: Invocation) throws -> Retention? {
        let whole = [Option.all, .snapshotsOnly, .standard].filter { invocation.has($0) }
        let limits = [Option.keep, .commits, .log].filter { invocation.has($0) }
        guard let first = whole.first ?? limits.first else { return nil }
        guard whole.isEmpty || whole.count + limits.count == 1 else {
            let second = (whole + limits)[1]
            throw UsageError("'--\(first.name)' and '--\(second.name)' exclude each other.")
        }
        if !whole.isEmpty { return first == .all ? Retention() : first == .snapshotsOnly ? .snapshotsOnly : .standard }
        var retention = Retention()
        if let text = try invocation.text(.keep) {
            guard let milliseconds = Quantity.milliseconds(text) else {
                throw UsageError("'\(text)' of '--keep' is not a time, such as 90s, 1h30m or 7d.")
            }
            retention.keep = .milliseconds(milliseconds)
        }
        retention.commits = try invocation.number(.commits, in: 0...Int.max).map { UInt64($0) }
        if let text = try invocation.text(.log) {
            guard let bytes = Quantity.bytes(text) else {
                throw UsageError("'\(text)' of '--log' is not a size, such as 65536, 64MiB or 2GiB.")
            }
            retention.logBytes = bytes
        }
        return retention
    }
}

/// The retention as the command line shows it. A limit that there is not is left out of the JSON.
private struct RetentionReport: Encodable {
    private var keepMilliseconds: UInt64?
    private var commits: UInt64?
    private var logBytes: UInt64?
    private var oldestReadable: UInt64
    private var oldestReadableTime: String?

    init(_ past: Statistics.Past) {
        keepMilliseconds = past.retention.keepMilliseconds
        commits = past.retention.commits
        logBytes = past.retention.logBytes
        oldestReadable = past.oldestReadable.rawValue
        oldestReadableTime = past.oldestReadableTime.map { UnixTime.iso8601($0) }
    }

    var text: String {
        let time = oldestReadableTime.map { "  \($0)" } ?? ""
        return """
            keep     \(keepMilliseconds.map { Quantity.duration($0) } ?? "no limit")
            commits  \(commits.map { "\($0)" } ?? "no limit")
            log      \(logBytes.map { Quantity.size($0) } ?? "no limit")
            oldest   \(oldestReadable)\(time)

            """
    }
}
