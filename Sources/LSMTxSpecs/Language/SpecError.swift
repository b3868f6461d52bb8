/// What is wrong with a spec's text, and where.
///
/// ```swift
/// do throws(SpecErrors) {
///     _ = try Spec(parsing: text, file: "a.spec")
/// } catch {
///     print(error)
/// }
/// ```
public struct SpecError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file's name, as the caller gave it.
    public var file: String
    /// Where what is wrong begins.
    public var position: SourcePosition
    /// How many columns it takes, one at least.
    public var length: Int
    /// What stands there.
    public var found: String
    /// What should stand there, or why what stands there is wrong.
    public var expected: String
    /// What may have been meant.
    public var hint: String?
    /// The line's text.
    public var sourceLine: String

    /// The line, from 1.
    public var line: Int { position.line }
    /// The column, from 1.
    public var column: Int { position.column }

    /// Place and text on one line, without the source.
    public var summary: String {
        "\(file):\(line):\(column): error: found \(found), expected \(expected)" + (hint.map { "; \($0)" } ?? "")
    }

    /// Place and text, the line that is meant, and a mark below what is wrong in it.
    public var description: String {
        // Tabs are kept, so that the mark is where it should be however wide they are.
        let before = sourceLine.unicodeScalars.prefix(column - 1).map { $0 == "\t" ? "\t" : " " }.joined()
        let mark = "^" + String(repeating: "~", count: length - 1)
        var text = "\(file):\(line):\(column): error: found \(found), expected \(expected)\n"
        text += "    \(sourceLine)\n    \(before)\(mark)"
        if let hint { text += "\n    hint: \(hint)" }
        return text
    }
}

/// All that is wrong with a spec's text, in the order of the text.
public struct SpecErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// How many are reported at most.
    public static let maximum = 20

    /// The errors, one at least and ``maximum`` at most.
    public var errors: [SpecError]

    /// All descriptions, one after the other.
    public var description: String { errors.map(\.description).joined(separator: "\n") }
}
