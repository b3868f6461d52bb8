/// What a transaction did, and what it was answered.
package struct OracleTransaction: Sendable {
    /// One step.
    package enum Operation: Sendable, Equatable {
        case get([UInt8], found: [UInt8]?)
        case scan(Scan, found: [OracleMap.Entry])
        case put([UInt8], [UInt8])
        case delete([UInt8])
        case deleteRange(OracleSpan)
        /// A cursor sees one state, with what the transaction had written before it was opened.
        case open(cursor: Int, Scan)
        /// `isLast` when there were fewer than were asked for.
        case next(cursor: Int, found: [OracleMap.Entry], isLast: Bool)
        case savepoint(String)
        case rollbackTo(String)
        case release(String)
        /// The commit depends on these keys, as if they had been read.
        case guardReads(OracleSpan)
    }

    package struct Scan: Sendable, Hashable {
        package var span: OracleSpan
        package var isReversed: Bool
        package var limit: Int?

        package init(_ span: OracleSpan, isReversed: Bool = false, limit: Int? = nil) {
            self.span = span
            self.isReversed = isReversed
            self.limit = limit
        }
    }

    package enum Ending: Sendable, Equatable {
        case committed
        /// Its commit was refused, since others had changed what it rests on.
        case conflicted
        /// It was rolled back, or lost.
        case aborted
        /// Nobody knows whether its commit has taken effect.
        case unknown
    }

    package var session: String
    package var operations: [Operation] = []
    package var ending = Ending.aborted
    /// The steps of the run at which it began and ended.
    package var began: Int
    package var ended = Int.max
    /// The steps of the run at which each operation was done.
    package var times: [Int] = []

    package init(session: String, began: Int) {
        self.session = session
        self.began = began
    }

    package mutating func append(_ operation: Operation, at time: Int) {
        operations.append(operation)
        times.append(time)
    }

    /// Whether it changes anything, what it has undone apart.
    package var hasWrites: Bool { !writtenSpans.isEmpty }

    /// What it has written and not undone, in no order; what is written twice is there twice.
    package var writtenSpans: [OracleSpan] {
        var spans: [OracleSpan] = []
        for (index, operation) in operations.enumerated() where !isUndone(index) {
            switch operation {
            case .put(let key, _), .delete(let key): spans.append(OracleSpan(key))
            case .deleteRange(let span): spans.append(span)
            default: continue
            }
        }
        return spans
    }

    package var guardedSpans: [OracleSpan] {
        operations.compactMap { if case .guardReads(let span) = $0 { span } else { nil } }
    }

    /// Whether going back to a savepoint has undone an operation.
    package func isUndone(_ index: Int) -> Bool { undoing(index) != nil }

    /// The operation that has undone another one.
    package func undoing(_ index: Int) -> Int? {
        // The savepoints that were there before the operation are the ones whose undoing undoes it.
        var standing: [String] = []
        for (place, operation) in operations.enumerated() {
            switch operation {
            case .savepoint(let name):
                if place < index {
                    standing.removeAll { $0 == name }
                    standing.append(name)
                } else if place > index {
                    // One of the same name replaces it: going back to that one undoes less.
                    standing.removeAll { $0 == name }
                }
            case .rollbackTo(let name):
                guard let found = standing.lastIndex(of: name) else { continue }
                if place > index { return place }
                standing.removeSubrange((found + 1)...)
            case .release(let name):
                if let found = standing.lastIndex(of: name) { standing.removeSubrange(found...) }
            default: continue
            }
        }
        return nil
    }
}
