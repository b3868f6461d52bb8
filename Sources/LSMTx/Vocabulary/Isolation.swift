/// What a transaction may see of others that commit while it runs, and what makes its commit fail.
///
/// ```swift
/// let transaction = try database.begin(.snapshot)
/// try transaction.put("k", "v")
/// try transaction.commit()
/// ```
public enum Isolation: String, Sendable, CaseIterable {
    /// Each read, or scan, sees what is committed when it begins. Nothing is checked at commit.
    case readCommitted
    /// All reads see one state, that of the transaction's beginning. The commit fails when another has changed a key
    /// that this one writes since then: the first committer wins.
    case snapshot
    /// All reads see one state, and the commit fails when another has changed anything that was read since then. So the
    /// outcome is that of running the transactions one after the other, in an order that agrees with real time.
    case serializable
}
