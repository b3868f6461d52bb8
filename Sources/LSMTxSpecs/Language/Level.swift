public import LSMTx

/// An isolation level, by the word that specs and histories use for it.
///
/// ```swift
/// let level = Level(rawValue: "si")
/// let isolation = level?.isolation  // .snapshot
/// ```
public enum Level: String, Sendable, CaseIterable, Comparable {
    /// Read committed.
    case readCommitted = "rc"
    /// Snapshot.
    case snapshot = "si"
    /// Serializable.
    case serializable = "ser"

    /// The level as the store has it.
    public var isolation: Isolation {
        switch self {
        case .readCommitted: .readCommitted
        case .snapshot: .snapshot
        case .serializable: .serializable
        }
    }

    /// Whether a level promises less than another one.
    ///
    /// - Parameters:
    ///   - left: A level.
    ///   - right: Another one.
    /// - Returns: Whether `left` allows anomalies that `right` prevents.
    public static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .readCommitted: 0
        case .snapshot: 1
        case .serializable: 2
        }
    }
}
