/// Where a command writes: results to `output`, errors and progress to the standard error stream.
package final class Console {
    package let output: Output
    private let errors: Int32
    private var mayColor: Bool
    private var hasProgress = false
    /// Whether anybody sees progress.
    let showsProgress: Bool
    /// Columns of what shows progress.
    let errorWidth: Int
    private var nextProgress = ContinuousClock.now

    /// The standard streams.
    package init() {
        output = Output(descriptor: System.standardOutput)
        errors = System.standardError
        showsProgress = System.isTerminal(errors)
        errorWidth = System.terminalWidth(errors)
        let forbidden = System.environment("NO_COLOR").map { !$0.isEmpty } ?? false
        mayColor = output.isTerminal && !forbidden && System.environment("TERM") != "dumb"
    }

    /// The standard error stream, and something else for the output, which is not coloured.
    init(output: Output) {
        self.output = output
        errors = System.standardError
        showsProgress = System.isTerminal(errors)
        errorWidth = System.terminalWidth(errors)
        mayColor = false
    }

    package func forbidColor() { mayColor = false }

    /// `text` emphasised, where that is possible.
    func heading(_ text: String) -> String { mayColor ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

    func dimmed(_ text: String) -> String { mayColor ? "\u{1B}[2m\(text)\u{1B}[0m" : text }

    package func error(_ text: String) {
        endProgress()
        _ = System.write(Array("Error: \(text)\n".utf8), to: errors)
    }

    /// Text for the standard error stream that says itself what it is.
    func note(_ text: String) {
        endProgress()
        _ = System.write(Array("\(text)\n".utf8), to: errors)
    }

    /// Replaces the line that tells how far the work is; only seen on a terminal.
    func progress(_ text: String) {
        guard showsProgress else { return }
        hasProgress = true
        _ = System.write(Array("\r\u{1B}[K\(text)".utf8), to: errors)
    }

    /// Whether it is time to show progress again: a terminal far away takes only so much.
    func isProgressDue(isLast: Bool) -> Bool {
        let now = ContinuousClock.now
        guard isLast || now >= nextProgress else { return false }
        nextProgress = now + .milliseconds(100)
        return true
    }

    func endProgress() {
        guard hasProgress else { return }
        hasProgress = false
        _ = System.write(Array("\r\u{1B}[K".utf8), to: errors)
    }

    /// Writes what is still held back; a failure to do so is a failure of the command.
    func finish(_ status: ExitStatus) -> ExitStatus {
        endProgress()
        output.flush()
        guard let number = output.failure, !output.isFailureReported else { return status }
        error("Cannot write the output: \(System.describe(errorNumber: number)). \(System.remedy(of: number))")
        return .inputOutput
    }
}

/// Buffered output. A failed write is kept for the end, so that the code that writes stays straight.
package final class Output {
    let isTerminal: Bool
    /// Columns; those of a terminal may change at any time.
    var width: Int { isTerminal ? System.terminalWidth(descriptor) : 80 }
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private(set) var failure: Int32?
    /// Of a file, its path.
    let name: String
    private var isMidLine = false
    /// Whether an error that was thrown tells of it.
    private(set) var isFailureReported = false
    private static let capacity = 64 << 10

    package init(descriptor: Int32) {
        self.descriptor = descriptor
        name = "standard output"
        isTerminal = System.isTerminal(descriptor)
    }

    /// A file, which ``close()`` closes.
    init(ownedDescriptor descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
        isTerminal = false
    }

    func write(_ text: String) { write(text.utf8) }

    func write(_ bytes: some Sequence<UInt8>) {
        buffer.append(contentsOf: bytes)
        if let last = buffer.last { isMidLine = last != UInt8(ascii: "\n") }
        if buffer.count >= Self.capacity { flush() }
    }

    /// On a terminal, ends a line that has been begun, so that a prompt stands on its own.
    func endLine() {
        if isTerminal, isMidLine { write("\n") }
    }

    func close() {
        flush()
        System.closeDescriptor(descriptor)
    }

    func flush() {
        defer { buffer.removeAll(keepingCapacity: true) }
        guard failure == nil, !buffer.isEmpty else { return }
        let number = System.write(buffer, to: descriptor)
        if number != 0 { failure = number }
    }

    /// Throws when something could not be written.
    func checkWritten(to name: String) throws {
        guard let failure else { return }
        isFailureReported = true
        let text = System.describe(errorNumber: failure)
        throw Failure(.inputOutput, "Cannot write \(name): \(text). \(System.remedy(of: failure))")
    }
}
