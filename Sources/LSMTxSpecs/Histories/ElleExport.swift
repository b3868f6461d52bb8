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

    /// The history in EDN, a map for each event, as Jepsen stores it and Elle's checkers read it.
    ///
    /// `{:index 0, :time 5, :process 1, :type :ok, :f :txn, :value [[:append "x" 1] [:r "y" [1 2]]]}`. It is made for
    /// `list-append` if something is appended, and for `rw-register` otherwise.
    ///
    /// - Parameter events: What was recorded.
    /// - Returns: The text.
    /// - Complexity: O(*n*) in the number of steps.
    public static func edn(of events: [HistoryEvent]) -> [UInt8] {
        let hasLists = events.contains { event in
            event.operations.contains { if case .append = $0 { true } else { false } }
        }
        let exported = (hasLists ? ElleExport.listAppend : .register).events(from: events)
        let parts = Parallel.map(exported, chunk: 4_096) { chunk in
            chunk.reduce(into: [UInt8]()) { $0 += Array(edn($1).utf8) }
        }
        return Array(parts.joined())
    }

    private static func edn(_ event: HistoryEvent) -> String {
        let steps = event.operations.map { operation in
            switch operation {
            case .read(let key, let value): "[:r \(edn(key)) \(value.map(edn) ?? "nil")]"
            case .write(let key, let value): "[:w \(edn(key)) \(edn(value))]"
            case .append(let key, let value): "[:append \(edn(key)) \(edn(value))]"
            case .delete, .scan: ""
            }
        }
        return """
            {:index \(event.index), :time \(event.time), :process \(event.process), :type :\(event.kind.rawValue), \
            :f :txn, :value [\(steps.joined(separator: " "))]}

            """
    }

    private static func edn(_ value: HistoryValue) -> String {
        switch value {
        case .integer(let number): "\(number)"
        case .text(let text): edn(text)
        case .list(let elements): "[\(elements.map(edn).joined(separator: " "))]"
        }
    }

    private static func edn(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
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
