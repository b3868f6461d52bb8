internal import LSMTx

/// Runs lines of the shell: one that was typed, or those of a file or pipe.
struct ShellScript {
    let session: ShellSession
    let console: Console

    /// Files that read files that read files: a limit, so that one which reads itself comes to an end.
    private static let maximumDepth = 16

    /// Runs the lines of a file.
    func run(file: String) throws -> ExitStatus {
        let descriptor = try System.openForReading(file)
        defer { System.closeDescriptor(descriptor) }
        guard session.depth < Self.maximumDepth else {
            throw Failure(.failure, "'\(file)' is read by \(session.depth) others in turn. Does it read itself?")
        }
        session.depth += 1
        defer { session.depth -= 1 }
        return try run(LineReader(descriptor: descriptor)) { "\(file), line \($0): " }
    }

    /// Runs the lines of the standard input.
    func runStandardInput() throws -> ExitStatus {
        try run(LineReader(descriptor: System.standardInput)) { "line \($0): " }
    }

    private func run(_ lines: LineReader, place: (Int) -> String) throws -> ExitStatus {
        var number = 0
        while !session.isEnding {
            let line = try lines.next()
            // It may have come while a command ran that could not be ended.
            guard !System.isInterrupted else {
                console.error("\(place(number + 1))Interrupted.")
                return .interrupted
            }
            guard let line else { return .success }
            number += 1
            let status = run(line, place: place(number))
            guard status == .success else { return status }
        }
        return .success
    }

    /// Runs one line, and reports its error.
    ///
    /// - Parameter place: What stands before the text of an error; empty for a line that was typed.
    /// - Returns: How a command ends that was called with it. That a key is not there is no failure here.
    func run(_ line: [UInt8], place: String) -> ExitStatus {
        var command: Command?
        let output = CurrentOutput(session: session, console: console)
        let clock = ContinuousClock()
        let start = clock.now
        var status: ExitStatus
        do {
            let words = try ShellLine(line).words.map(\.bytes)
            guard let name = words.first, name.first != UInt8(ascii: "#") else { return .success }
            let found = try ShellTable.command(named: name)
            command = found
            let isOwn = found.name.hasPrefix(".")
            let console = isOwn ? console : output.take()
            if let invocation = try CommandLineTool.parse(words, for: found, console, session: session) {
                status = try found.run(invocation)
                if status == .failure, !isOwn {
                    if place.isEmpty { console.note("Not found.") }
                    status = .success
                }
            } else {
                console.output.write(Help.of(found, tool: ""))
                status = .success
            }
        } catch {
            console.output.flush()
            status = report(error, of: command, place)
        }
        status = output.finish(status)
        if session.hasTimer, let command, !command.name.hasPrefix(".") {
            let nanoseconds = UInt64((clock.now - start) / .nanoseconds(1))
            console.note(Rendering.milliseconds(nanoseconds: nanoseconds))
        }
        return status
    }

    private func report(_ error: any Error, of command: Command?, _ place: String) -> ExitStatus {
        switch error {
        case let error as Interruption:
            let remarks = [error.remark, session.transaction == nil ? "" : "The transaction is still open."]
            console.error("\(place)" + (["Interrupted."] + remarks.filter { !$0.isEmpty }).joined(separator: " "))
            return .interrupted
        case let problem as ShellLine.Problem:
            console.error("\(place)\(problem.description)")
            return .usage
        case let error as UsageError:
            let usage = command.map { "\n" + Help.wrappedUsage(of: $0, tool: "", title: "Usage: ") } ?? ""
            let help = command.map { ".help \($0.name)" } ?? ".help"
            console.error("\(place)\(error.text)\(usage)\n  See '\(help)' for more information.")
            return .usage
        default:
            let (text, status) = CommandLineTool.describe(error)
            console.error("\(place)\(text)")
            return status
        }
    }
}

/// Where a command's output goes: to the shell's own, or once to a file.
private final class CurrentOutput {
    private let session: ShellSession
    private let console: Console
    private var once: Output?

    init(session: ShellSession, console: Console) {
        self.session = session
        self.console = console
    }

    /// A command begins that `.once` counts for.
    func take() -> Console {
        once = session.nextOutput
        session.nextOutput = nil
        return once.map { Console(output: $0) } ?? console
    }

    /// Writes what is held back; a failure to do so is one of the command.
    func finish(_ status: ExitStatus) -> ExitStatus {
        console.endProgress()
        console.output.endLine()
        console.output.flush()
        guard let once else { return status }
        once.close()
        guard let number = once.failure else { return status }
        console.error("Cannot write '\(once.name)': \(System.describe(errorNumber: number)).")
        return .inputOutput
    }
}
