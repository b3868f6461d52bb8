package import LSMTx

/// How the process ends. The numbers are those of sysexits.h where it has one.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case success = 0
    case failure = 1
    case usage = 64
    case badData = 65
    case noInput = 66
    case inputOutput = 74
    case busy = 75
    case interrupted = 130

    package var meaning: String {
        switch self {
        case .success: "Done."
        case .failure: "The key or the state is not there, or the command failed for a reason not named below."
        case .usage: "The command line is wrong."
        case .badData: "The file is damaged, is no store, or is of another format version; or the input is malformed."
        case .noInput: "There is no such file."
        case .inputOutput: "The system failed to read or write, is out of space, or does not permit it."
        case .busy: "The file is open elsewhere, or a transaction lost every retry."
        case .interrupted: "Interrupted from the keyboard; what was reported as committed is."
        }
    }

    package init(_ code: StoreError.Code) {
        switch code {
        case .notFound: self = .noInput
        case .notADatabase, .unsupportedFormat, .corrupt: self = .badData
        case .locked, .conflict: self = .busy
        case .io, .diskFull, .outcomeUnknown, .poisoned, .readOnly: self = .inputOutput
        case .tooLarge, .closed, .misuse, .forkedHandle, .snapshotTooOld, .noSuchSnapshot: self = .failure
        case .interrupted: self = .interrupted
        }
    }
}

/// A command line that does not fit the table.
package struct UsageError: Error {
    package let text: String
    /// The first word of the commands, one of which was meant.
    let group: String?

    package init(_ text: String, didYouMean suggestion: String? = nil, group: String? = nil) {
        self.group = group
        self.text = suggestion.map { "\(text) Did you mean '\($0)'?" } ?? text
    }

    /// An option that no row has, or that several rows begin with.
    static func unknownOption(_ word: [UInt8], of options: [Option]) -> UsageError {
        let typed = Escaping.terminal(Array(word.prefix { $0 != UInt8(ascii: "=") }))
        let matching = options.filter { "--\($0.name)".hasPrefix(typed) }
        if typed.count > 2, matching.count > 1 {
            let names = matching.map { "'--\($0.name)'" }.joined(separator: ", ")
            return UsageError("The option '\(typed)' is ambiguous: it could be \(names).")
        }
        let suggestion = Suggestion.closest(to: String(typed.dropFirst(2)), among: options.map(\.name))
        guard let suggestion else { return unknownOption(typed) }
        return UsageError("Unknown option '\(typed)'.", didYouMean: "--\(suggestion)")
    }

    /// An option that is like no other: it may have been meant as a key or a value.
    static func unknownOption(_ typed: String) -> UsageError {
        UsageError("Unknown option '\(typed)'. What begins with a hyphen and is no option goes after '--'.")
    }
}

/// A command that could not do its work.
package struct Failure: Error {
    package let status: ExitStatus
    package let text: String

    package init(_ status: ExitStatus, _ text: String) {
        self.status = status
        self.text = text
    }

    /// What happened, where, and what to do next.
    static func text(of error: StoreError) -> String {
        if error.code == .noSuchSnapshot { return "\(error.message) 'snapshot list' shows which ones there are." }
        // Of the other codes, the message has the reason in words of its own.
        guard let number = error.errorNumber, [.io, .outcomeUnknown, .poisoned].contains(error.code) else {
            return error.description
        }
        return "\(error.description) (\(System.describe(errorNumber: number)))"
    }
}
