/// What a reader of the report must know of an engine to judge its figures.
struct EngineFacts: Codable, Sendable {
    /// What a commit survives when it is not synced.
    enum Safety: String, Codable, Sendable {
        case process = "process-crash-safe"
        case power = "power-safe"
        case weaker = "weaker"
    }

    enum Isolation: String, Codable, Sendable {
        case serializable
        case snapshot = "snapshot isolation"
        case none
    }

    /// As on the command line.
    let name: String
    /// As in the report.
    let title: String
    let settings: [String]
    /// Of commits that are not synced.
    let buffered: Safety
    let isolation: Isolation
    /// Why a row cannot be measured, by the row's name; nothing where it is the same engine's as another one's.
    let lacks: [String: String]

    init(
        name: String, title: String, settings: [String], buffered: Safety, isolation: Isolation,
        lacks: [(rows: [Row], reason: String)] = []
    ) {
        self.name = name
        self.title = title
        self.settings = settings
        self.buffered = buffered
        self.isolation = isolation
        self.lacks = Dictionary(
            uniqueKeysWithValues: lacks.flatMap { lack in lack.rows.map { ($0.rawValue, lack.reason) } })
    }

    /// What the commits of a row survive; `nil` where a row commits nothing.
    func safety(in row: Row) -> Safety? {
        switch row.group {
        case .synced: .power
        case .writes, .transactions, .counters: buffered
        default: row == .erase ? buffered : nil
        }
    }
}
