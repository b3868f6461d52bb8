/// Faults that a test builds into a store, to see that what watches over isolation finds each of them.
///
/// Only debug builds have them: ``has(_:)`` is `false` at compile time in all others, and what it guards is not there.
package struct SeededFaults: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    private init(bit: UInt32) { self.init(rawValue: 1 << bit) }

    /// A serializable commit depends on nothing.
    package static let skipReadValidation = SeededFaults(bit: 0)
    /// A scan counts as reads of the keys that it yielded, not of the range that it asked for.
    package static let trackYieldedKeys = SeededFaults(bit: 1)
    /// A read that found nothing does not count.
    package static let forgetAbsentKeys = SeededFaults(bit: 2)
    /// What has been flushed is no evidence of a conflict any more.
    package static let dropEvidenceAtFlush = SeededFaults(bit: 3)
    /// Commits are acknowledged before the log is synced.
    package static let acknowledgeBeforeSync = SeededFaults(bit: 4)
    /// A transaction reads at the timestamp before the newest.
    package static let reuseReadTimestamp = SeededFaults(bit: 5)
    /// Compactions keep nothing for readers that are open.
    package static let releaseReadPointsEarly = SeededFaults(bit: 6)
    /// The high bound of a range that was read counts as read.
    package static let includeHighBound = SeededFaults(bit: 7)
    /// Rolling back to a savepoint forgets reads too.
    package static let forgetSavepointReads = SeededFaults(bit: 8)
    /// Rolling back to a savepoint undoes nothing.
    package static let keepUndoneWrites = SeededFaults(bit: 9)
    /// A snapshot commit does not look whether others have written its keys.
    package static let skipWriteConflicts = SeededFaults(bit: 10)
    /// At read committed, all statements read at the timestamp of the transaction's begin.
    package static let keepStatementTimestamp = SeededFaults(bit: 11)
    /// Scans read the newest state instead of the transaction's.
    package static let scanNewest = SeededFaults(bit: 12)
    /// Explicit read conflicts are ignored.
    package static let ignoreGuards = SeededFaults(bit: 13)
    /// Scans do not show the transaction's own writes.
    package static let hideOwnWritesFromScans = SeededFaults(bit: 14)
    /// A flush leaves deletions out, but for a table's first entry.
    package static let dropTombstonesAtFlush = SeededFaults(bit: 15)
    /// Blind writes conflict at serializable too.
    package static let validateBlindWrites = SeededFaults(bit: 16)

    /// Whether one of the faults is there.
    @inline(__always)
    package func has(_ fault: SeededFaults) -> Bool {
        #if DEBUG
        return !isDisjoint(with: fault)
        #else
        return false
        #endif
    }
}
