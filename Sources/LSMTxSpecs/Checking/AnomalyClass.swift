/// A kind of anomaly. The names of cycles are Adya's and Elle's.
///
/// ```swift
/// AnomalyClass.g2.weakestViolated  // .serializable
/// ```
public enum AnomalyClass: String, Sendable, CaseIterable {
    /// A transaction does not see its own writes.
    case `internal` = "internal"
    /// A value was read that nobody wrote.
    case unwritten = "unwritten-read"
    /// A cycle of writes.
    case g0 = "G0"
    /// A value of an aborted transaction was read.
    case g1a = "G1a"
    /// A value was read that its writer replaced before it committed.
    case g1b = "G1b"
    /// A cycle of writes and reads of them.
    case g1c = "G1c"
    /// Two reads of a list contradict each other about its order.
    case incompatibleOrder = "incompatible-order"
    /// A scan is of no one point of the commit order.
    case fracturedScan = "fractured-scan"
    /// A transaction that was observed vanishes again for the same reader.
    case observedVanishes = "OTV"
    /// A cycle with one anti-dependency: read skew, lost update, fuzzy read, long fork's half.
    case gSingle = "G-single"
    /// A cycle with several anti-dependencies, no two of them in a row.
    case gNonadjacent = "G-nonadjacent"
    /// A cycle with anti-dependencies in a row, all of them on keys that were read one by one.
    case g2Item = "G2-item"
    /// A cycle with anti-dependencies in a row, some of them on scanned ranges.
    case g2 = "G2"
    /// Somebody else committed a write of the same key between a transaction's snapshot and its commit.
    case lostUpdate = "lost-update"
    /// No points in the recorded commit order explain a transaction's statements.
    case noStatementPoint = "no-statement-point"
    /// No one point in the recorded commit order, or not the recorded snapshot, explains a transaction's reads.
    case noSnapshotPoint = "no-snapshot-point"
    /// A transaction's reads are not those of the point just before its commit.
    case noCommitPoint = "no-commit-point"
    /// The recorded timestamps contradict each other.
    case timestamps = "timestamps"

    /// The weakest model that forbids it.
    public var weakestViolated: IsolationModel {
        switch self {
        case .internal, .unwritten, .g0, .g1a, .g1b, .g1c, .incompatibleOrder, .fracturedScan, .observedVanishes,
            .noStatementPoint, .timestamps:
            .readCommitted
        case .gSingle, .gNonadjacent, .lostUpdate, .noSnapshotPoint: .snapshotIsolation
        case .g2Item, .g2, .noCommitPoint: .serializable
        }
    }
}
