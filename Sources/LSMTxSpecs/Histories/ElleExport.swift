/// A history as Elle's checkers read it: without what they do not know.
///
/// A key on which something would be missing is dropped wholly, since half of its story would look like an anomaly: for
/// registers, keys that were deleted or got one value twice; for lists, keys that were deleted. Scans, levels and
/// timestamps are dropped everywhere. Transactions stay, even empty ones: they carry real-time order.
///
/// ```swift
/// let events = ElleExport.listAppend.events(from: recorded)
/// ```
public enum ElleExport: String, Sendable, CaseIterable {
    /// For Elle's `list-append`.
    case listAppend = "list-append"
    /// For Elle's `rw-register`.
    case register = "rw-register"

    /// The events that the checker understands, numbered anew.
    ///
    /// - Parameter events: What was recorded.
    /// - Returns: As many events.
    /// - Complexity: O(*n*) in the number of steps.
    public func events(from events: [HistoryEvent]) -> [HistoryEvent] {
        let keys = keys(in: events)
        return events.enumerated().map { index, event in
            var event = event
            event.index = index
            (event.level, event.snapshot, event.commit) = (nil, nil, nil)
            event.operations = event.operations.filter { operation in
                switch operation {
                case .read(let key, _): keys.contains(key)
                case .append(let key, _): self == .listAppend && keys.contains(key)
                case .write(let key, _): self == .register && keys.contains(key)
                case .delete, .scan: false
                }
            }
            return event
        }
    }

    private func keys(in events: [HistoryEvent]) -> Set<String> {
        var keys: Set<String> = []
        var dropped: Set<String> = []
        var values: [String: Set<HistoryValue>] = [:]
        // Every transaction has one invocation, so no write is counted twice.
        for event in events where event.kind == .invoke {
            for operation in event.operations {
                switch operation {
                case .delete(let key): dropped.insert(key)
                case .append(let key, _):
                    if self == .listAppend { keys.insert(key) } else { dropped.insert(key) }
                case .write(let key, let value):
                    if self == .listAppend { dropped.insert(key) } else { keys.insert(key) }
                    if !values[key, default: []].insert(value).inserted { dropped.insert(key) }
                case .read, .scan: break
                }
            }
        }
        return keys.subtracting(dropped)
    }
}
