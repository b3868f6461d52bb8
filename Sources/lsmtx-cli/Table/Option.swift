/// One option of a command: its row in the table is what parsing, help and suggestions are made from.
package struct Option: Sendable, Hashable {
    /// The long name, without the hyphens.
    package let name: String
    package let short: Character?
    /// What the value is called in the help; `nil` for a flag.
    package let value: String?
    /// Whether the command cannot do without it, which the command itself checks.
    package let isRequired: Bool
    /// What the value can be.
    package let completion: Completion
    package let help: String

    package init(
        _ name: String, short: Character? = nil, value: String? = nil, isRequired: Bool = false,
        completion: Completion = .none, help: String
    ) {
        self.name = name
        self.short = short
        self.value = value
        self.isRequired = isRequired
        self.completion = completion
        self.help = help
    }

    /// The option as one types it, with its value's place: `--prefix <bytes>`.
    package var spelling: String { value.map { "--\(name) <\($0)>" } ?? "--\(name)" }

    /// The option as the usage line shows it.
    package var usage: String { isRequired ? spelling : "[\(spelling)]" }
}

/// One positional argument of a command.
package struct Argument: Sendable, Hashable {
    package let name: String
    package let isOptional: Bool
    /// Whether there may be several of it; only a command's last one.
    package let isRepeated: Bool
    /// What it can be.
    package let completion: Completion
    package let help: String

    package init(
        _ name: String, isOptional: Bool = false, isRepeated: Bool = false, completion: Completion = .none, help: String
    ) {
        self.name = name
        self.isOptional = isOptional
        self.isRepeated = isRepeated
        self.completion = completion
        self.help = help
    }

    /// The argument as the usage line shows it.
    package var spelling: String {
        let name = isRepeated ? "<\(name)>..." : "<\(name)>"
        return isOptional ? "[\(name)]" : name
    }
}

// Shared by several commands, so that a word means the same everywhere.
extension Option {
    package static let help = Option("help", short: "h", help: "Show help information.")
    package static let version = Option("version", help: "Show the version.")
    package static let dumpHelp = Option("dump-help", help: "Write the table of all commands as JSON.")
    package static let noColor = Option("no-color", help: "Never colour the output. So does a non-empty NO_COLOR.")

    static let hex = Option("hex", help: "Read arguments as hexadecimal, and write keys and values as such.")
    static let raw = Option(
        "raw", help: "Write bytes exactly as they are stored: nothing escaped, and no newline after a value of 'get'.")
    static let json = Option("json", help: "Write JSON.")
    static let buffered = Option(
        "buffered", help: "Do not wait for the medium: a loss of power may undo what was just committed.")

    static let prefix = Option(
        "prefix", value: "bytes", completion: .key, help: "Only keys that begin with these bytes.")
    static let from = Option("from", value: "key", completion: .key, help: "Only this key and the ones after it.")
    static let to = Option("to", value: "key", completion: .key, help: "Only keys before this one.")
    static let reverse = Option("reverse", help: "From the last key to the first.")
    static let limit = Option("limit", value: "n", help: "Stop after this many entries.")
    static let threads = Option(
        "threads", value: "n",
        help: "How many threads commit at once, at most 256; 1 for 'import', 4 for 'demo', else 8.")

    /// What picks a range of keys.
    static let range = [prefix, from, to]
}

extension Argument {
    static let file = Argument("file", completion: .file, help: "The store.")
    static let key = Argument("key", completion: .key, help: "The key, byte for byte.")
    static let keyOrRange = Argument(
        "key", isOptional: true, completion: .key, help: "The key, byte for byte.")
}
