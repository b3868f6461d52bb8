/// One step of a transaction. A get is what Jepsen calls `r`, a put is `w`.
///
/// ```swift
/// let steps: [MicroOperation] = [.read("x", nil), .write("x", .integer(1))]
/// ```
public enum MicroOperation: Hashable, Sendable {
    /// A get and its result; `nil` if there was no value, or where the event does not know it (`invoke`, `info`).
    case read(String, HistoryValue?)
    /// A put.
    case write(String, HistoryValue)
    /// A delete.
    case delete(String)
    /// An element put behind a key's list.
    case append(String, HistoryValue)
    /// A scan.
    case scan(ScanRecord)

    /// Whether it changes something.
    public var isWrite: Bool {
        switch self {
        case .write, .delete, .append: true
        case .read, .scan: false
        }
    }
}

extension MicroOperation {
    /// The step without what it was answered, as an event has it that does not know.
    package var unanswered: MicroOperation {
        switch self {
        case .read(let key, _): return .read(key, nil)
        case .write, .delete, .append: return self
        case .scan(var scan):
            scan.pairs = nil
            return .scan(scan)
        }
    }
}

extension MicroOperation: CustomStringConvertible {
    /// The step as a spec would say it.
    public var description: String {
        switch self {
        case .read(let key, let value): "get \(key) -> \(value.map(\.description) ?? "none")"
        case .write(let key, let value): "put \(key) \(value)"
        case .delete(let key): "del \(key)"
        case .append(let key, let value): "append \(key) \(value)"
        case .scan(let scan):
            "scan \(scan.lower) \(scan.upper)" + (scan.limit.map { " limit \($0)" } ?? "")
                + (scan.isReverse ? " reverse" : "") + " -> ["
                + (scan.pairs ?? []).map { "\($0.key)=\($0.value)" }.joined(separator: ", ") + "]"
        }
    }
}
