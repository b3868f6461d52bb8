/// Says what is wrong with a history, exactly: what must not have happened did, or what must have happened did not.
///
/// Three judges look at it, none of which knows anything of the store:
/// 1. The definition of the levels by points in the order of commits. Every read has one. At read committed, points
///    do not go back, one for each statement. At snapshot, there is one point for all, and nobody else committed
///    something of the write set between it and the commit. At serializable, that point is just before the commit;
///    of a transaction that wrote nothing, any one. No point is before a commit that was acknowledged before the
///    transaction began.
/// 2. What the store promises beyond that: the point is that of the beginning, or of the statement; and a commit fails
///    if and only if a commit since the beginning wrote something that the level checks.
/// 3. ``OrderSearch``: whether any order at all gives these answers, without believing the one that was recorded.
package enum IsolationJudge {
    package enum Fault: String, Sendable, Hashable, CaseIterable {
        /// The record contradicts itself.
        case malformed
        /// No point in the order of commits gives a transaction's reads.
        case unexplainedRead
        /// There is one, but it is not the one promised.
        case wrongPoint
        /// Somebody else changed the write set since the point that was read at.
        case lostUpdate
        /// What was read is not so just before the commit.
        case notSerializable
        /// A commit failed for no reason.
        case spuriousConflict
        /// A commit failed, but not for the reason that it gives.
        case wrongReason
        /// A commit succeeded although something that the level checks was changed.
        case missedConflict
        /// The commits do not lead to the final state.
        case wrongFinalState
        /// Timestamps are not in the order of the commits.
        case wrongTimestamp
        /// No order of the transactions gives all answers and the final state.
        case noOrder
    }

    package struct Finding: Sendable, CustomStringConvertible {
        package let fault: Fault
        package let text: String
        package var description: String { "\(fault): \(text)" }
    }

    /// Everything that is wrong with a history; empty for a right one.
    package static func findings(in history: IsolationHistory) -> [Finding] {
        let record = CommittedStates(history)
        guard record.flaws.isEmpty else { return record.flaws.map { Finding(fault: .malformed, text: $0) } }
        var findings: [Finding] = []
        for transaction in record.transactions {
            findings += pointFindings(transaction, record)
            findings += promiseFindings(transaction, record)
        }
        let reached = record.states[record.states.count - 1]
        if reached != history.final {
            let text = "the commits lead to \(IsolationHistory.text(reached))"
            findings.append(Finding(fault: .wrongFinalState, text: text))
        }
        findings += timestampFindings(record)
        if !OrderSearch(history, record).succeeds {
            findings.append(Finding(fault: .noOrder, text: "no order gives all answers and the final state"))
        }
        return findings
    }

    private static func timestampFindings(_ record: CommittedStates) -> [Finding] {
        var last: UInt64?
        for committer in record.committers {
            guard case .committed(let timestamp) = record.transactions[committer].end else { continue }
            if let last, timestamp <= last {
                let text = "T\(record.transactions[committer].number) committed at \(timestamp), after \(last)"
                return [Finding(fault: .wrongTimestamp, text: text)]
            }
            last = timestamp
        }
        return []
    }

    // MARK: The definition

    private static func pointFindings(_ transaction: RecordedTransaction, _ record: CommittedStates) -> [Finding] {
        let name = "T\(transaction.number)"
        let first = record.newestState(before: transaction.beginStep)
        guard transaction.level != .readCommitted else {
            var point = first
            for read in transaction.reads {
                let last = record.newestState(before: read.lastStep)
                let next = (point...max(point, last)).first { read.isExplained(by: record.states[$0]) }
                guard let next else {
                    return [Finding(fault: .unexplainedRead, text: "\(name), step \(read.firstStep)")]
                }
                point = next
            }
            return []
        }
        let last = record.newestState(before: transaction.reads.last?.lastStep ?? transaction.beginStep)
        let points = (first...max(first, last)).filter { point in
            transaction.reads.allSatisfy { $0.isExplained(by: record.states[point]) }
        }
        guard !points.isEmpty else { return [Finding(fault: .unexplainedRead, text: "\(name) has no one point")] }
        guard transaction.isCommitted, transaction.hasWritten else { return [] }
        let commit = record.newestState(before: transaction.endStep)
        if transaction.level == .serializable {
            let guarded = transaction.reads.filter(\.isGuarded)
            let isSo = guarded.allSatisfy { $0.isExplained(by: record.states[commit]) }
            return isSo ? [] : [Finding(fault: .notSerializable, text: "\(name) read what is not so at its commit")]
        }
        // A transaction that read nothing may have any point since its beginning; then the latest is the best.
        let best = transaction.reads.isEmpty ? first : points.last ?? first
        let changed = record.changes(from: best, to: commit) & transaction.own.written
        guard changed != 0 else { return [] }
        return [Finding(fault: .lostUpdate, text: "\(name) overwrites a commit that it has not seen")]
    }

    // MARK: The promises

    private static func promiseFindings(_ transaction: RecordedTransaction, _ record: CommittedStates) -> [Finding] {
        let name = "T\(transaction.number)"
        var findings: [Finding] = []
        let begin = record.newestState(before: transaction.beginStep)
        for read in transaction.reads {
            let point = transaction.level == .readCommitted ? record.newestState(before: read.firstStep) : begin
            guard !read.isExplained(by: record.states[point]) else { continue }
            findings.append(Finding(fault: .wrongPoint, text: "\(name), step \(read.firstStep)"))
        }
        let end = max(begin, record.newestState(before: transaction.endStep))
        let reason = dependence(of: transaction) & record.changes(from: begin, to: end)
        switch transaction.end {
        case .conflict where reason == 0:
            findings.append(Finding(fault: .spuriousConflict, text: "nothing that \(name) depends on was changed"))
        case .conflict(let said?):
            guard !isTrue(said, of: transaction, record.committers[begin..<end].map { record.transactions[$0] })
            else { break }
            findings.append(Finding(fault: .wrongReason, text: "\(name) did not fail for what it says"))
        case .committed where reason != 0:
            findings.append(Finding(fault: .missedConflict, text: "something that \(name) depends on was changed"))
        default: break
        }
        return findings
    }

    /// What must not have changed since its beginning for a transaction's commit to succeed.
    private static func dependence(of transaction: RecordedTransaction) -> UInt32 {
        guard transaction.hasWritten else { return 0 }
        switch transaction.level {
        case .readCommitted: return 0
        case .snapshot: return transaction.own.written | transaction.guarded
        case .serializable: return transaction.consumed | transaction.guarded
        }
    }

    /// Whether the commit that the reason names, one of `others`, changed what it says, and the transaction depends on it.
    private static func isTrue(
        _ reason: IsolationHistory.Reason, of transaction: RecordedTransaction, _ others: [RecordedTransaction]
    ) -> Bool {
        let meant = reason.isWrite ? transaction.own.written : transaction.consumed | transaction.guarded
        return others.contains { other in
            guard case .committed(reason.committedAt) = other.end else { return false }
            return other.own.written & reason.positions & meant & dependence(of: transaction) != 0
        }
    }
}
