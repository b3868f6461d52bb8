/// Whether some order of what the transactions did gives every answer and the final state, found by trying them all on
/// a plain map.
///
/// A level is how finely a transaction may be cut. At serializable, it is one event: all reads, and the writes. At
/// snapshot, it is two: all reads, then the writes, and between them no other's writes may meet its own. At read
/// committed, it is one event for each statement, then the writes. A transaction that committed nothing, because it
/// wrote nothing, failed or was rolled back, is its reads alone. Real time holds: all events of a transaction come after
/// those of the ones that had ended before it began. Reads on which no commit depends are left out.
///
/// Events are tried in depth; an event whose reads do not get their answers ends a branch, and a place that failed once
/// is not entered again.
package struct OrderSearch {
    private struct Event {
        var reads: [RecordedRead] = []
        var writes: OwnWrites?
        /// Whether nobody else may have written the same since the first event.
        var comesFirst = false
    }

    private struct Unit {
        var events: [Event] = []
        /// The units that had ended before it began.
        var after: [Int] = []
    }

    private struct Place: Hashable {
        var done: [Int]
        var state: [Int]
        /// What others have written since each unit's first event.
        var changed: [UInt32]
    }

    private var units: [Unit] = []
    private let initial: [Int]
    private let final: [Int]

    /// Judges each transaction by its own level.
    init(_ history: IsolationHistory, _ record: CommittedStates, allAt level: IsolationLevel? = nil) {
        initial = history.initial
        final = history.final
        for transaction in record.transactions {
            var unit = Unit(events: Self.events(of: transaction, at: level ?? transaction.level))
            unit.after = record.transactions.indices.filter {
                record.transactions[$0].endStep < transaction.beginStep
            }
            units.append(unit)
        }
    }

    /// Whether the history could have been at `level` as a whole, whatever the levels of its transactions.
    package static func canExplain(_ history: IsolationHistory, at level: IsolationLevel) -> Bool {
        OrderSearch(history, CommittedStates(history), allAt: level).succeeds
    }

    private static func events(of transaction: RecordedTransaction, at level: IsolationLevel) -> [Event] {
        let writes = transaction.isCommitted && transaction.hasWritten ? transaction.own : nil
        let reads = transaction.reads.filter(\.isGuarded)
        switch level {
        case .serializable:
            return [Event(reads: reads, writes: writes)]
        case .snapshot:
            return [Event(reads: reads)] + (writes.map { [Event(writes: $0, comesFirst: true)] } ?? [])
        case .readCommitted:
            return reads.map { Event(reads: [$0]) } + (writes.map { [Event(writes: $0)] } ?? [])
        }
    }

    var succeeds: Bool {
        var failed: Set<Place> = []
        let start = Place(
            done: [Int](repeating: 0, count: units.count), state: initial,
            changed: [UInt32](repeating: 0, count: units.count))
        return search(from: start, &failed)
    }

    private func search(from place: Place, _ failed: inout Set<Place>) -> Bool {
        var isComplete = true
        for (index, unit) in units.enumerated() where place.done[index] < unit.events.count {
            isComplete = false
            let event = unit.events[place.done[index]]
            guard unit.after.allSatisfy({ place.done[$0] == units[$0].events.count }),
                event.reads.allSatisfy({ $0.isExplained(by: place.state) }),
                !event.comesFirst || place.changed[index] & (event.writes?.written ?? 0) == 0
            else { continue }
            var next = place
            next.done[index] += 1
            if let writes = event.writes {
                next.state = writes.applied(to: place.state)
                for other in units.indices
                where other != index && next.done[other] > 0 && next.done[other] < units[other].events.count {
                    next.changed[other] |= writes.written
                }
            }
            if !failed.contains(next), search(from: next, &failed) { return true }
        }
        if isComplete { return place.state == final }
        failed.insert(place)
        return false
    }
}
