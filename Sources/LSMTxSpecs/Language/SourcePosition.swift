/// A place in a text: line and column, both from 1. A column is a Unicode scalar.
public struct SourcePosition: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The line, from 1.
    public var line: Int
    /// The column, from 1.
    public var column: Int

    /// Makes a position of its parts; the first one when nothing is said.
    public init(line: Int = 1, column: Int = 1) {
        self.line = line
        self.column = column
    }

    /// The position as `line:column`.
    public var description: String { "\(line):\(column)" }

    /// Whether one place is before another one in the text.
    public static func < (left: SourcePosition, right: SourcePosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A property that does not count when the values that have it are compared: where a spec says something is no part of
/// what it says.
@propertyWrapper
public struct NotCompared<Value: Sendable>: Sendable, Equatable {
    /// The property itself.
    public var wrappedValue: Value

    /// Wraps a value.
    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

    /// Always true.
    public static func == (left: Self, right: Self) -> Bool { true }
}
