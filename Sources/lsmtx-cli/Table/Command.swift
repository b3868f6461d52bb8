package import LSMTx

/// One command: a row of the table.
package struct Command: Sendable {
    package let name: String
    /// One line for the list of commands.
    package let abstract: String
    /// What the abstract leaves out; may be empty.
    package let discussion: String
    package let arguments: [Argument]
    package let options: [Option]
    /// Whether the shell has it too, there without the argument ``Argument/file``. It must then reach the store through
    /// its invocation.
    package let isInShell: Bool
    package let run: @Sendable (Invocation) throws -> ExitStatus

    package init(
        _ name: String, abstract: String, discussion: String = "", arguments: [Argument], options: [Option] = [],
        isInShell: Bool = false, run: @escaping @Sendable (Invocation) throws -> ExitStatus
    ) {
        self.name = name
        self.abstract = abstract
        self.discussion = discussion
        self.arguments = arguments
        self.options = options
        self.isInShell = isInShell
        self.run = run
    }

    /// The command's own options and those that every command has.
    package var allOptions: [Option] { options + [.noColor, .help] }
}

/// A command that was called, with its arguments checked against its row.
package struct Invocation {
    package let command: Command
    package let console: Console
    /// The shell that it was typed in.
    let session: ShellSession?
    private let operands: [Argument: [UInt8]]
    private let repeated: [[UInt8]]
    private let options: [Option: [UInt8]]

    /// - Parameters:
    ///   - command: The command's row.
    ///   - console: Where it writes.
    ///   - session: The shell that it was typed in.
    ///   - operands: The arguments; of one that is repeated the first.
    ///   - repeated: All of the argument that is repeated.
    ///   - options: The options.
    init(
        command: Command, console: Console, session: ShellSession?, operands: [Argument: [UInt8]],
        repeated: [[UInt8]], options: [Option: [UInt8]]
    ) {
        self.command = command
        self.console = console
        self.session = session
        self.operands = operands
        self.repeated = repeated
        self.options = options
    }

    package func has(_ option: Option) -> Bool {
        precondition(command.allOptions.contains(option), "\(command.name) does not declare --\(option.name)")
        return options[option] != nil
    }

    /// The argument's bytes as they were typed; `nil` when an optional one was left out.
    package func bytes(_ argument: Argument) -> [UInt8]? {
        precondition(command.arguments.contains(argument), "\(command.name) does not declare <\(argument.name)>")
        return operands[argument]
    }

    package func bytes(_ option: Option) -> [UInt8]? { has(option) ? options[option] : nil }

    /// A path, or any other argument that must be text.
    package func text(_ argument: Argument) throws -> String? {
        try bytes(argument).map { try Self.text($0, of: "<\(argument.name)>") }
    }

    /// All of an argument that is repeated.
    package func texts(_ argument: Argument) throws -> [String] {
        precondition(argument.isRepeated && command.arguments.last == argument, "<\(argument.name)> is not repeated")
        return try repeated.map { try Self.text($0, of: "<\(argument.name)>") }
    }

    package func text(_ option: Option) throws -> String? {
        try bytes(option).map { try Self.text($0, of: "--\(option.name)") }
    }

    /// The path of the store.
    package func path() throws -> String {
        if let session { return session.path }
        guard let path = try text(.file) else { preconditionFailure("<file> is never optional") }
        guard !path.isEmpty else { throw UsageError("<file> is empty, and no path.") }
        return path
    }

    /// A whole number in `range`.
    package func number(_ option: Option, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = try text(option) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let (low, high) = (range.lowerBound, range.upperBound)
            let isTooLarge = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            let limits = high == .max && !isTooLarge ? "\(low) or more" : "from \(low) to \(high)"
            throw UsageError(
                "The value '\(Escaping.terminal(text.utf8))' of '--\(option.name)' is not a whole number, \(limits).")
        }
        return number
    }

    /// A key or a value that was typed: itself, or with `--hex` what its digits say.
    package func data(_ argument: Argument) throws -> [UInt8]? {
        try bytes(argument).map { try data($0, of: "<\(argument.name)>") }
    }

    package func data(_ option: Option) throws -> [UInt8]? {
        try bytes(option).map { try data($0, of: "--\(option.name)") }
    }

    private func data(_ bytes: [UInt8], of place: String) throws -> [UInt8] {
        guard command.options.contains(.hex), has(.hex) || session?.isHexadecimal == true else { return bytes }
        guard let decoded = Hexadecimal.decode(bytes) else {
            throw UsageError(
                "'\(Escaping.terminal(bytes))' of \(place) is not hexadecimal: an even number of digits 0-9, a-f.")
        }
        return decoded
    }

    /// The range that `--prefix`, `--from` and `--to` pick: the keys for which all of those given hold.
    package func range() throws -> KeyRange {
        let prefix = try data(.prefix).map { KeyRange(prefix: $0) } ?? .all
        let lower = try data(.from) ?? []
        let upper = try data(.to)
        let start = prefix.lowerBound.lexicographicallyPrecedes(lower) ? lower : prefix.lowerBound
        let ends = [upper, prefix.upperBound].compactMap { $0 }
        return KeyRange(from: start, upTo: ends.min { $0.lexicographicallyPrecedes($1) })
    }

    private static func text(_ bytes: [UInt8], of place: String) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw UsageError("'\(Escaping.terminal(bytes))' of \(place) is not valid UTF-8.")
        }
        return text
    }
}
