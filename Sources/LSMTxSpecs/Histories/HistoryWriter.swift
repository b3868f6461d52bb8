#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Writes events as JSON Lines.
///
/// ```swift
/// let line = try HistoryWriter().line(event)
/// ```
public struct HistoryWriter {
    private let encoder: JSONEncoder

    /// A writer.
    public init() {
        encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    /// One event as a line, its end included.
    ///
    /// - Parameter event: The event.
    /// - Returns: The line.
    /// - Throws: What JSON cannot say; nothing that a history holds is of that kind.
    /// - Complexity: O(*n*) in the number of steps.
    public func line(_ event: HistoryEvent) throws -> [UInt8] {
        Array(try encoder.encode(event)) + [UInt8(ascii: "\n")]
    }

    /// Events as lines.
    ///
    /// - Parameter events: The events.
    /// - Returns: The lines.
    /// - Throws: As ``line(_:)``.
    /// - Complexity: O(*n*) in the number of steps.
    public func text(_ events: [HistoryEvent]) throws -> [UInt8] {
        let parts = Parallel.map(events, chunk: 4_096) { chunk in
            Result<[UInt8], any Error> {
                let writer = HistoryWriter()
                return try chunk.reduce(into: []) { $0 += try writer.line($1) }
            }
        }
        return try parts.reduce(into: []) { $0 += try $1.get() }
    }
}
