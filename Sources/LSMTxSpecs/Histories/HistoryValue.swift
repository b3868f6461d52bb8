/// A value that a history names: a number, text, or the list that appends have made.
///
/// ```swift
/// let value: HistoryValue = .list([.integer(1), .text("a")])
/// ```
public enum HistoryValue: Hashable, Sendable {
    /// A whole number.
    case integer(Int)
    /// Text.
    case text(String)
    /// A list, oldest element first. An empty list is the same as no value.
    case list([HistoryValue])
}

extension HistoryValue: CustomStringConvertible {
    /// The value as a person would write it; a long list is cut in its middle.
    public var description: String {
        switch self {
        case .integer(let number): "\(number)"
        case .text(let text): text
        case .list(let elements) where elements.count > 12:
            "[" + elements.prefix(4).map(\.description).joined(separator: " ") + " … "
                + elements.suffix(4).map(\.description).joined(separator: " ") + "]"
        case .list(let elements): "[" + elements.map(\.description).joined(separator: " ") + "]"
        }
    }
}
