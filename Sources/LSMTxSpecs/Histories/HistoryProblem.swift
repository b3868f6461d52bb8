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

    /// A problem.
    ///
    /// - Parameters:
    ///   - line: The line, from one on.
    ///   - text: What is wrong and what was expected.
    public init(line: Int?, text: String) {
        self.line = line
        self.text = text
    }

    /// Both in one sentence.
    public var description: String { line.map { "line \($0): \(text)" } ?? text }
}
