/// What the threads of a recording do.
///
/// ```swift
/// let refusal = Workload.listAppend.refusal(at: .readCommitted)  // why it cannot be judged there
/// ```
public enum Workload: String, Sendable, CaseIterable {
    /// Elements are put behind lists: an append is a get and a put.
    case listAppend = "list-append"
    /// Keys get values that nobody else ever gives; gets, scans and deletes.
    case register
    /// New keys are inserted below a few prefixes, which everybody scans, some with a limit or from the end.
    case rangeAppend = "range-append"
    /// Each key names the next one in a ring; transactions take a key out and put it in again one place on.
    case ring
    /// Transfers between accounts, and reads of all of them.
    case bank

    /// Why a history of the workload would say nothing at a level; `nil` if it does say something.
    ///
    /// - Parameter level: The level.
    /// - Returns: The reason.
    public func refusal(at level: Level) -> String? {
        guard self == .listAppend, level == .readCommitted else { return nil }
        return """
            An append is a get and a put, and at rc another's append between the two is lost, which the level allows: \
            the lists would not show the order of the commits. Use the workload 'register' there.
            """
    }

    /// What Elle calls the checker for it.
    public var elle: ElleExport { self == .listAppend ? .listAppend : .register }
}
