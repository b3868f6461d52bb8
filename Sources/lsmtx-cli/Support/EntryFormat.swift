/// How keys and values are shown: the one place that `get` and `scan` agree in.
enum EntryFormat {
    case escaped
    case hex
    case raw
    case json

    init(_ invocation: Invocation) throws {
        let chosen: [(Option, EntryFormat)] = [(.hex, .hex), (.raw, .raw), (.json, .json)]
        let given = chosen.filter { invocation.command.options.contains($0.0) && invocation.has($0.0) }
        // --hex with --json reads hexadecimal arguments: JSON says of itself which bytes are not text.
        let formats = given.count == 2 && given[0].1 == .hex && given[1].1 == .json ? [given[1]] : given
        guard formats.count < 2 else {
            throw UsageError("'--\(formats[0].0.name)' and '--\(formats[1].0.name)' exclude each other.")
        }
        self = formats.first?.1 ?? invocation.session?.mode?.format ?? .escaped
    }

    /// The line for a pipe.
    func line(key: [UInt8], value: [UInt8]) throws -> [UInt8] {
        let tab = [UInt8(ascii: "\t")]
        let newline = [UInt8(ascii: "\n")]
        return switch self {
        case .escaped: Escaping.line(key) + tab + Escaping.line(value) + newline
        case .hex: Hexadecimal.encode(key) + tab + Hexadecimal.encode(value) + newline
        case .raw: key + tab + value + newline
        case .json: try JSONText.line(JSONEntry(key: key, value: value))
        }
    }
}
