/// The levels, in the oracle's own words: it must not depend on what it judges.
package enum IsolationLevel: String, Sendable, CaseIterable {
    case readCommitted, snapshot, serializable
}

/// What several transactions did, step by step, and what they were answered: one thread's record.
///
/// Keys and transactions are numbers from 0. A value is a number from 1; 0 stands for no value.
package struct IsolationHistory: Sendable {
    package struct Item: Sendable, Equatable {
        package let key: Int
        package let value: Int

        package init(_ key: Int, _ value: Int) {
            self.key = key
            self.value = value
        }
    }

    package enum Outcome: Sendable, Equatable {
        /// With the commit's timestamp; of a transaction that wrote nothing, any number.
        case committed(at: UInt64)
        case conflict(Reason? = nil)
    }

    /// What a store says a conflict is about.
    package struct Reason: Sendable, Equatable {
        /// The positions in which there was a change.
        package let positions: UInt32
        /// The commit that made it.
        package let committedAt: UInt64
        /// Whether the transaction had written there, or else depends on them without.
        package let isWrite: Bool

        package init(positions: UInt32, committedAt: UInt64, isWrite: Bool) {
            self.positions = positions
            self.committedAt = committedAt
            self.isWrite = isWrite
        }
    }

    package enum Step: Sendable, Equatable {
        case begin(IsolationLevel)
        case get(key: Int, value: Int)
        /// A read on which the commit is not to depend.
        case getUnguarded(key: Int, value: Int)
        /// From here on, the commit depends on these, read or not.
        case guarding(KeySpan)
        case put(key: Int, value: Int)
        case delete(key: Int)
        case deleteRange(KeySpan)
        /// A scan begins; it gets the transaction's next number for scans.
        case open(KeySpan, reverse: Bool, limit: Int?)
        /// What the scan of that number showed next; `nil` at its end.
        case next(scan: Int, Item?)
        /// One more savepoint on the stack.
        case savepoint
        /// Back to the savepoint of that depth, which stays.
        case rollbackTo(depth: Int)
        /// The savepoint of that depth and all above are forgotten.
        case release(depth: Int)
        case commit(Outcome)
        case rollback
        case flush
        case compact
    }

    package struct Entry: Sendable, Equatable {
        /// `nil` for what is done to the store.
        package let transaction: Int?
        package let step: Step

        package init(_ transaction: Int?, _ step: Step) {
            self.transaction = transaction
            self.step = step
        }
    }

    /// The value of each key before the first step.
    package var initial: [Int]
    package var entries: [Entry] = []
    /// The value of each key after the last step.
    package var final: [Int]

    package init(initial: [Int]) {
        self.initial = initial
        final = initial
    }
}

extension IsolationHistory: CustomStringConvertible {
    /// The schedule, a line for each step.
    package var description: String {
        var lines = ["initially \(Self.text(initial))"]
        for entry in entries {
            let who = entry.transaction.map { "T\($0)" } ?? "store"
            lines.append("\(who.padded(to: 6))\(entry.step)")
        }
        lines.append("finally \(Self.text(final))")
        return lines.joined(separator: "\n")
    }

    static func text(_ state: [Int]) -> String {
        let held = state.indices.filter { state[$0] != 0 }.map { "\(KeyName.of($0))=\(state[$0])" }
        return "[\(held.joined(separator: ", "))]"
    }
}

extension IsolationHistory.Step: CustomStringConvertible {
    package var description: String {
        switch self {
        case .begin(let level): "begin \(level)"
        case .get(let key, let value): "get \(KeyName.of(key)) -> \(value == 0 ? "none" : String(value))"
        case .getUnguarded(let key, let value):
            "get unguarded \(KeyName.of(key)) -> \(value == 0 ? "none" : String(value))"
        case .guarding(let span): "guard \(span)"
        case .put(let key, let value): "put \(KeyName.of(key)) \(value)"
        case .delete(let key): "delete \(KeyName.of(key))"
        case .deleteRange(let span): "deleteRange \(span)"
        case .open(let span, let reverse, let limit):
            "scan \(span)\(reverse ? " reverse" : "")\(limit.map { " limit \($0)" } ?? "")"
        case .next(let scan, let item):
            "next of scan \(scan) -> \(item.map { "\(KeyName.of($0.key))=\($0.value)" } ?? "end")"
        case .savepoint: "savepoint"
        case .rollbackTo(let depth): "rollback to savepoint \(depth)"
        case .release(let depth): "release savepoint \(depth)"
        case .commit(.committed(let timestamp)): "commit -> ok at \(timestamp)"
        case .commit(.conflict(let reason)):
            "commit -> conflict\(reason.map { ", commit \($0.committedAt) in \(String($0.positions, radix: 2))" } ?? "")"
        case .rollback: "rollback"
        case .flush: "flush"
        case .compact: "compact"
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
