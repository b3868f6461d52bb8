import CPseudoTerminal
import LSMTx
import LSMTxTestSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A run of the built `lsmtx` on a terminal of its own: keys go in, and what comes out is drawn on a screen.
///
/// Nothing here sleeps: a wait ends when the screen shows what it waits for, and fails after a minute.
final class PseudoTerminal {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Keys by what a terminal sends for them.
    enum Key {
        static let left = "\u{1B}[D"
        static let up = "\u{1B}[A"
        static let backspace = "\u{7F}"
        static let tab = "\t"
        static let enter = "\r"
        static func control(_ letter: Character) -> String {
            String(UnicodeScalar((letter.asciiValue ?? 0x40) & 0x1F))
        }
    }

    private static let patienceSeconds = 300
    private static let rows = 40
    private static let opening = Guarded(())
    private(set) var screen: TerminalScreen
    /// Everything that came out.
    private(set) var transcript: [UInt8] = []
    private var columns: Int
    private var pid: pid_t = 0
    private var controller: Int32 = -1
    private var hasEnded = false
    private var status: Int32?

    /// - Parameters:
    ///   - arguments: Of `lsmtx`; or, with `shell`, a line for `sh`, in which it is `$LSMTX`.
    ///   - environment: Beside `TERM=xterm` and a `PATH`.
    ///   - columns: How wide the terminal is.
    init(
        _ arguments: [String], shell line: String? = nil, environment: [String: String] = [:], columns: Int = 80
    ) throws {
        screen = TerminalScreen(columns: columns, rows: Self.rows)
        self.columns = columns
        let variables = [
            "PATH": "/usr/bin:/bin", "TERM": "xterm", "LANG": "C.UTF-8", "LSMTX": ChildProcess.executable,
        ].merging(environment) { $1 }
        let program = line == nil ? ChildProcess.executable : "/bin/sh"
        let words = line.map { ["sh", "-c", $0] } ?? [ChildProcess.executable] + arguments
        try start(program, words, variables, columns: columns)
    }

    private func start(_ program: String, _ words: [String], _ variables: [String: String], columns: Int) throws {
        var name = [CChar](repeating: 0, count: 128)
        // ptsname answers in memory that is one for the process.
        controller = Self.opening.withLock { _ in
            cpseudoterminal_open(Int32(columns), Int32(Self.rows), &name, name.count)
        }
        guard controller >= 0 else {
            throw Failure(description: "no pseudo-terminal: \(String(cString: strerror(errno)))")
        }
        let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
        #else
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The first terminal that the leader of a session opens becomes its controlling one.
        posix_spawn_file_actions_addopen(&actions, 0, path, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        // Threads of the test runner block signals and ignore some, and a child inherits that.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        sigaddset(&signals, SIGINT)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF) | cpseudoterminal_new_session())
        var argv = words.map { strdup($0) } + [nil]
        var environment = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for string in argv + environment { free(string) } }
        let result = posix_spawn(&pid, program, &actions, &attributes, &argv, &environment)
        guard result == 0 else {
            throw Failure(description: "cannot start \(program): \(String(cString: strerror(result)))")
        }
    }

    deinit {
        if status == nil, pid > 0 {
            _ = kill(pid, SIGKILL)
            reap()
        }
        if controller >= 0 { close(controller) }
    }

    /// Presses keys.
    func type(_ keys: String) { send(Array(keys.utf8)) }

    func send(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { write(controller, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            done += count
        }
    }

    /// Goes on with an empty screen, so that what was there is not taken for what comes.
    func forgetScreen() { screen = TerminalScreen(columns: columns, rows: Self.rows) }

    /// Makes the terminal wider or narrower, and the screen empty.
    func resize(columns: Int) {
        self.columns = columns
        forgetScreen()
        var size = winsize(ws_row: UInt16(Self.rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(controller, UInt(TIOCSWINSZ), &size)
    }

    /// Types a line, and waits for the prompt after its output.
    func run(_ line: String, prompt: String = "lsmtx> ") throws {
        let before = screen.lineFeeds
        type(line + Key.enter)
        try wait("the prompt after '\(line)'") { screen in
            screen.cursorLine == prompt.trimmed && screen.lineFeeds > before
        }
    }

    func waitForPrompt(_ prompt: String = "lsmtx> ") throws {
        try wait("the prompt '\(prompt)'") { $0.cursorLine == prompt.trimmed }
    }

    func wait(forText text: String) throws { try wait("'\(text)'") { $0.text.contains(text) } }

    /// Draws what comes out until the screen is as wanted.
    func wait(_ what: String, until condition: (TerminalScreen) -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(Self.patienceSeconds)
        while !condition(screen) {
            guard !hasEnded, receive(before: deadline) else {
                let reason = hasEnded ? "the program ended" : "nothing more came"
                throw Failure(description: "waiting for \(what), \(reason); the screen:\n\(screen.text)")
            }
        }
    }

    /// Waits for the program's end.
    ///
    /// - Returns: Its exit status; the negated signal when one ended it.
    func waitForEnd() throws -> Int32 {
        let deadline = ContinuousClock.now + .seconds(Self.patienceSeconds)
        while !hasEnded {
            guard receive(before: deadline) else {
                throw Failure(description: "the program does not end; the screen:\n\(screen.text)")
            }
        }
        reap()
        return status ?? 0
    }

    /// - Returns: `false` if nothing came before the deadline.
    private func receive(before deadline: ContinuousClock.Instant) -> Bool {
        let left = (deadline - .now) / .milliseconds(1)
        guard left > 0 else { return false }
        var waiting = pollfd(fd: controller, events: Int16(POLLIN), revents: 0)
        let ready = poll(&waiting, 1, Int32(left))
        guard ready > 0 else { return ready < 0 && errno == EINTR }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(controller, &buffer, buffer.count)
        if count > 0 {
            transcript += buffer[..<count]
            screen.draw(buffer[..<count])
        } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
            // Linux gives an error once nobody has the other end open any more.
            hasEnded = true
        }
        return true
    }

    private func reap() {
        var raw: Int32 = 0
        while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
        let signal = raw & 0x7F
        status = signal == 0 ? (raw >> 8) & 0xFF : -signal
    }
}

extension String {
    fileprivate var trimmed: String { String(reversed().drop { $0 == " " }.reversed()) }
}
