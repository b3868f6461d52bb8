/// What a step of a schedule gave.
///
/// ```swift
/// if case .conflict = step.outcome { print("aborted") }
/// ```
public enum Outcome: Hashable, Sendable {
    /// A key's value.
    case value([UInt8])
    /// The key has no value.
    case none
    /// The entries of a scan or a cursor, in the order in which they came.
    case list([FoundEntry])
    /// It is done.
    case ok
    /// The commit failed, since others had changed what it rests on; the text says what, and who.
    case conflict(String)
    /// Whether it is committed will be known after the next opening.
    case unknown
    /// The transaction was lost when the database crashed or was closed.
    case gone
    /// The step did not run at this level.
    case skipped
    /// The store refused it, with this error; no expectation but `any` allows that.
    case failed(String)
}

/// An entry that a step found.
public struct FoundEntry: Hashable, Sendable {
    /// The key.
    public var key: [UInt8]
    /// The value.
    public var value: [UInt8]

    /// An entry.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: The value.
    public init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }
}
