/// What a history is judged against, from the weakest model to the strongest.
///
/// ```swift
/// let model = IsolationModel(rawValue: "snapshot-isolation")
/// ```
public enum IsolationModel: String, Sendable, CaseIterable, Comparable {
    /// Every statement reads at one point of the commit order, and a transaction's points never go back.
    case readCommitted = "read-committed"
    /// All of a transaction's reads are at one point, and nobody else writes its keys between that and its commit.
    case snapshotIsolation = "snapshot-isolation"
    /// Every transaction reads just before its commit.
    case serializable = "serializable"
    /// Serializable in an order that agrees with real time.
    case strictSerializable = "strict-serializable"

    /// Whether a model promises less than another one.
    ///
    /// - Parameters:
    ///   - left: A model.
    ///   - right: Another one.
    /// - Returns: Whether `left` allows more.
    public static func < (left: IsolationModel, right: IsolationModel) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .readCommitted: 0
        case .snapshotIsolation: 1
        case .serializable: 2
        case .strictSerializable: 3
        }
    }
}
