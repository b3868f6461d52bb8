/// Why a commit failed: what another transaction changed, and when.
///
/// ```swift
/// do {
///     try database.write(.serializable, label: "transfer", retry: .never) { t in
///         try t.put("balance", try t.get("balance") ?? [])
///     }
/// } catch let error as StoreError {
///     if let conflict = error.conflict {
///         print("\(conflict.keys) was changed by \(conflict.otherLabel ?? "another") at \(conflict.committedAt)")
///     }
/// }
/// ```
public struct Conflict: Sendable, Equatable {
    /// What the transaction had done with the keys.
    public enum Access: String, Sendable {
        /// Read them, or asked that they do not change.
        case read
        /// Written or deleted them.
        case write
    }

    /// The key, or the range, in which there was a change; a single key has itself followed by a zero byte for its
    /// upper bound.
    public let keys: KeyRange
    /// What the transaction had done with it.
    public let access: Access
    /// The commit that the transaction read at.
    public let began: Timestamp
    /// The commit of the other transaction.
    public let committedAt: Timestamp
    /// The label that the transaction had been given.
    public let label: String?
    /// The label of the other transaction, if it had one, and not many others with labels have committed since.
    public let otherLabel: String?

    /// Makes a conflict from its parts.
    ///
    /// - Parameters:
    ///   - keys: What was changed.
    ///   - access: What the transaction had done with it.
    ///   - began: The commit that the transaction read at.
    ///   - committedAt: The commit of the other transaction.
    ///   - label: The transaction's label.
    ///   - otherLabel: The other transaction's label.
    public init(
        keys: KeyRange, access: Access, began: Timestamp, committedAt: Timestamp, label: String? = nil,
        otherLabel: String? = nil
    ) {
        self.keys = keys
        self.access = access
        self.began = began
        self.committedAt = committedAt
        self.label = label
        self.otherLabel = otherLabel
    }

    /// The key, when it is a single one.
    public var key: [UInt8]? { keys.onlyKey }
}
