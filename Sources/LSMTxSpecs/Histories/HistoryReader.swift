#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Reads events from JSON Lines, one line at a time.
///
/// ```swift
/// var reader = HistoryReader()
/// while let line = readLine() {
///     if let event = try reader.event(of: Array(line.utf8)) { events.append(event) }
/// }
/// ```
public struct HistoryReader {
    /// How many lines it has seen.
    public private(set) var lineCount = 0
    private let decoder = JSONDecoder()

    /// A reader that has seen nothing.
    public init() {}

    /// The event of the next line.
    ///
    /// - Parameter line: The line without its end.
    /// - Returns: The event, or `nil` if the line is blank, or of a process that has a name instead of a number, as
    ///   Jepsen's nemesis has.
    /// - Throws: `HistoryProblem` with the line's number and what was expected.
    /// - Complexity: O(*n*) in the line's length.
    public mutating func event(of line: some Collection<UInt8>) throws(HistoryProblem) -> HistoryEvent? {
        lineCount += 1
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return nil }
        let result = Result { try decoder.decode(HistoryLine.self, from: Data(line)) }
        switch result {
        case .success(.event(let event)): return event
        case .success(.other): return nil
        case .failure(let error):
            throw HistoryProblem(
                line: lineCount, text: (error as? DecodingError).map(Self.describe) ?? "expected a JSON object")
        }
    }

    /// The history that a whole text holds.
    ///
    /// - Parameter bytes: The text.
    /// - Returns: The history.
    /// - Throws: `HistoryProblem` at the first line that is not an event, or at the event that makes them no history.
    /// - Complexity: O(*n*) in the text's length.
    public static func history(of bytes: [UInt8]) throws(HistoryProblem) -> History {
        try eventsAndHistory(of: bytes).history
    }

    /// The events that a whole text holds, and the history that they are.
    ///
    /// - Parameter bytes: The text.
    /// - Returns: Both.
    /// - Throws: As ``history(of:)``.
    /// - Complexity: O(*n*) in the text's length.
    public static func eventsAndHistory(
        of bytes: [UInt8]
    ) throws(HistoryProblem) -> (events: [HistoryEvent], history: History) {
        let numbered = try numberedEvents(of: bytes)
        let events = numbered.map(\.event)
        do throws(HistoryProblem) {
            let history = try History(events)
            try requireMatchingEnds(events)
            return (events, history)
        } catch {
            guard let position = error.position else { throw error }
            throw HistoryProblem(line: numbered[position].line, text: error.text)
        }
    }

    /// Whoever commits has done what was begun, as far as the beginning says it, and knows what was scanned. Where a
    /// recorder lost some of that, wrong histories would pass.
    private static func requireMatchingEnds(_ events: [HistoryEvent]) throws(HistoryProblem) {
        var begun: [Int: [MicroOperation]] = [:]
        for (position, event) in events.enumerated() {
            guard event.kind != .invoke else {
                begun[event.process] = event.operations
                continue
            }
            guard event.kind == .ok, let operations = begun[event.process] else { continue }
            let isSame =
                operations.count == event.operations.count
                && zip(operations, event.operations).allSatisfy { $0.canonical.unanswered == $1.canonical.unanswered }
            guard operations.isEmpty || isSame else {
                throw HistoryProblem(
                    position: position, text: "process \(event.process) ends with other steps than it began with")
            }
            for case .scan(let scan) in event.operations where scan.pairs == nil {
                throw HistoryProblem(
                    position: position, text: "process \(event.process) ends with a scan that has no result")
            }
        }
    }

    /// The events that a whole text holds.
    ///
    /// - Parameter bytes: The text.
    /// - Returns: The events in the text's order.
    /// - Throws: `HistoryProblem` at the first line that is not an event.
    /// - Complexity: O(*n*) in the text's length.
    public static func events(of bytes: [UInt8]) throws(HistoryProblem) -> [HistoryEvent] {
        try numberedEvents(of: bytes).map(\.event)
    }

    private typealias Numbered = (line: Int, event: HistoryEvent)

    /// Lines are independent of each other, so that all processors read some.
    private static func numberedEvents(of bytes: [UInt8]) throws(HistoryProblem) -> [Numbered] {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let parts = Parallel.map(lines, chunk: 4_096) { chunk in
            Result<[Numbered], HistoryProblem> { () throws(HistoryProblem) in
                var reader = HistoryReader()
                reader.lineCount = chunk.startIndex
                var events: [Numbered] = []
                for line in chunk {
                    if let event = try reader.event(of: line) { events.append((reader.lineCount, event)) }
                }
                return events
            }
        }
        var events: [Numbered] = []
        for part in parts { events += try part.get() }
        return events
    }

    private static func describe(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "\"\(key.stringValue)\" is missing"
        case .typeMismatch(_, let context) where context.codingPath.isEmpty: "expected a JSON object"
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            "expected \(name(of: type))\(place(context))"
        case .dataCorrupted(let context):
            context.codingPath.isEmpty ? "expected a JSON object" : "\(context.debugDescription)\(place(context))"
        @unknown default: "expected a JSON object"
        }
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "text"
        case is Int.Type, is UInt64.Type: "a whole number"
        case is Bool.Type: "true or false"
        default: "a list or an object"
        }
    }

    private static func place(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map { key in key.intValue.map { "\($0 + 1)" } ?? key.stringValue }
        return path.isEmpty ? "" : " at " + path.joined(separator: ", ")
    }
}
