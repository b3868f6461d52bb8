/// Why a text is not a history.
///
/// ```swift
/// do { try HistoryReader().read(bytes) } catch { print(error) }  // line 7: "type" is missing
/// ```
public struct HistoryProblem: Error, Hashable, CustomStringConvertible {
    /// The line, from one on; `nil` if the events did not come from a text.
    public var line: Int?
    /// What is wrong and what was expected.
    public var text: String
    /// The event's place among all, if the problem is an event's.
    package var position: Int?

    /// A problem.
    ///
    /// - Parameters:
    ///   - line: The line, from one on.
    ///   - text: What is wrong and what was expected.
    public init(line: Int?, text: String) {
        self.line = line
        self.text = text
    }

    package init(position: Int, text: String) {
        self.init(line: nil, text: text)
        self.position = position
    }

    /// All of it in one sentence.
    public var description: String {
        if let line { return "line \(line): \(text)" }
        return position.map { "event \($0): \(text)" } ?? text
    }
}
