internal import LSMTx

extension StatisticsReport {
    /// How far back the store can be read, and what holds the oldest state.
    package struct Past: Encodable, Equatable {
        package var keepMilliseconds: UInt64?
        package var commits: UInt64?
        package var logBytes: UInt64?
        package var oldestReadable: UInt64
        package var oldestReadableTime: String?
        package var namedSnapshots: UInt64
        package var oldestHeld: UInt64
        /// `retention`, `reader`, or `snapshot` with a name.
        package var heldBy: String
        package var heldByName: String?

        init(_ past: Statistics.Past) {
            keepMilliseconds = past.retention.keepMilliseconds
            commits = past.retention.commits
            logBytes = past.retention.logBytes
            oldestReadable = past.oldestReadable.rawValue
            oldestReadableTime = past.oldestReadableTime.map { UnixTime.iso8601($0) }
            namedSnapshots = UInt64(past.snapshots.count)
            oldestHeld = past.oldestHeld.rawValue
            switch past.holder {
            case .retention: heldBy = "retention"
            case .reader: heldBy = "reader"
            case .named(let name):
                heldBy = "snapshot"
                heldByName = name
            }
        }

        var section: Section {
            let limits = [
                keepMilliseconds.map { Quantity.duration($0) }, commits.map { "\(Rendering.grouped($0)) commits" },
                logBytes.map { "\(Quantity.size($0)) of log" },
            ].compactMap { $0 }
            let holder = heldByName.map { "snapshot '\(Escaping.terminal(Array($0.utf8)))'" } ?? heldBy
            return Section(
                title: "Past",
                rows: [
                    Row(
                        label: "retention", text: "",
                        detail: limits.isEmpty ? "no limit" : limits.joined(separator: ", ")),
                    Row(
                        label: "readable", text: Rendering.grouped(oldestReadable),
                        detail: oldestReadableTime.map { "and later, since \($0)" } ?? "and later"),
                    Row(label: "held", text: Rendering.grouped(oldestHeld), detail: "and later, by \(holder)"),
                    Row(label: "snapshots", text: Rendering.grouped(namedSnapshots)),
                ])
        }
    }
}
