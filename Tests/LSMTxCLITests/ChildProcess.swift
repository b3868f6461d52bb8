import LSMTx
import LSMTxTestSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A run of the built `lsmtx`, with pipes to its standard streams.
///
/// Foundation's `Process` is not used because it takes arguments as text only, and reports a kill late.
final class ChildProcess {
    struct Result {
        /// The exit status; the negated signal when one ended the process.
        var status: Int32
        var output: [UInt8]
        var errors: [UInt8]
        var text: String { String(decoding: output, as: UTF8.self) }
        var errorText: String { String(decoding: errors, as: UTF8.self) }
    }

    struct Failure: Error { let text: String }

    private(set) var pid: pid_t = 0
    private var status: Int32?
    private var input: Int32 = -1
    private var output: Int32 = -1
    private var errors: Int32 = -1

    /// The program lies beside the test bundle.
    static let executable: String = {
        if let path = getenv("LSMTX_BINARY") { return String(cString: path) }
        let folders = CommandLine.arguments.compactMap { argument -> String? in
            let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
            guard let bundle = parts.firstIndex(where: { $0.hasSuffix(".xctest") }) else { return nil }
            return (parts[..<bundle] + ["lsmtx"]).joined(separator: "/")
        }
        return folders.first { access($0, X_OK) == 0 } ?? "lsmtx"
    }()

    /// - Parameters:
    ///   - arguments: Without the program's name.
    ///   - environment: Beside a `PATH`.
    ///   - closed: Standard streams that the child does not have, as a daemon may have closed them.
    ///   - program: What is run.
    init(
        _ arguments: [[UInt8]], environment: [String: String] = [:], closed: [Int32] = [],
        program: String = executable
    ) throws {
        try Self.starting.withLock { _ in try start(program, arguments, environment, closed: closed) }
    }

    private static let starting = Guarded(())

    private func start(
        _ program: String, _ arguments: [[UInt8]], _ environment: [String: String], closed: [Int32]
    ) throws {
        let pipes = try (0..<3).map { _ in try Self.pipe() }
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        #else
        var actions = posix_spawn_file_actions_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, pipes[0].read, 0)
        posix_spawn_file_actions_adddup2(&actions, pipes[1].write, 1)
        posix_spawn_file_actions_adddup2(&actions, pipes[2].write, 2)
        for stream in closed { posix_spawn_file_actions_addclose(&actions, stream) }
        var words = ([Array(program.utf8)] + arguments).map { word -> UnsafeMutablePointer<CChar>? in
            let string = UnsafeMutablePointer<CChar>.allocate(capacity: word.count + 1)
            for (index, byte) in word.enumerated() { string[index] = CChar(bitPattern: byte) }
            string[word.count] = 0
            return string
        }
        words.append(nil)
        defer { for word in words { word?.deallocate() } }
        var variables = (["PATH": "/usr/bin:/bin"].merging(environment) { $1 }).map { strdup("\($0.key)=\($0.value)") }
        variables.append(nil)
        defer { for variable in variables { free(variable) } }
        // Threads of the test runner block signals, and a child inherits that.
        #if canImport(Darwin)
        var attributes: posix_spawnattr_t?
        #else
        var attributes = posix_spawnattr_t()
        #endif
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var unblocked = sigset_t()
        sigemptyset(&unblocked)
        posix_spawnattr_setsigmask(&attributes, &unblocked)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let result = posix_spawn(&pid, program, &actions, &attributes, words, variables)
        close(pipes[0].read)
        close(pipes[1].write)
        close(pipes[2].write)
        (input, output, errors) = (pipes[0].write, pipes[1].read, pipes[2].read)
        guard result == 0 else {
            throw Failure(text: "cannot start \(program): \(String(cString: strerror(result)))")
        }
    }

    deinit {
        if pid > 0, status == nil {
            kill()
            _ = wait()
        }
        for descriptor in [input, output, errors] where descriptor >= 0 { close(descriptor) }
    }

    /// Runs to the end.
    static func run(
        _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:], program: String = executable
    ) throws -> Result {
        try run(
            bytes: arguments.map { Array($0.utf8) }, input: input, environment: environment, program: program)
    }

    static func run(
        bytes arguments: [[UInt8]], input: [UInt8] = [], environment: [String: String] = [:],
        program: String = executable
    ) throws -> Result {
        let child = try ChildProcess(arguments, environment: environment, program: program)
        // Small enough for the pipe, so that writing cannot wait for a child that waits for us.
        precondition(input.count <= 32 << 10)
        child.send(input)
        var (output, errors): ([UInt8], [UInt8]) = ([], [])
        var open = true
        while open {
            open = child.receive(timeoutMilliseconds: -1, output: &output, errors: &errors)
        }
        return Result(status: child.wait(), output: output, errors: errors)
    }

    /// Writes `bytes`, and closes the child's input unless more follows. A child that does not read is no error here.
    func send(_ bytes: [UInt8], more: Bool = false) {
        signal(SIGPIPE, SIG_IGN)
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { write(input, $0.baseAddress!, $0.count) }
            guard count > 0 else { break }
            done += count
        }
        guard !more else { return }
        close(input)
        input = -1
    }

    /// Waits for the child to write, and appends what it wrote.
    ///
    /// - Returns: `false` once both of its streams have ended.
    func receive(timeoutMilliseconds: Int32, output: inout [UInt8], errors: inout [UInt8]) -> Bool {
        var waiting = [
            pollfd(fd: self.output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: self.errors, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&waiting, 2, timeoutMilliseconds) > 0 else { return true }
        if waiting[0].revents != 0 { Self.take(&self.output, &output) }
        if waiting[1].revents != 0 { Self.take(&self.errors, &errors) }
        return self.output >= 0 || self.errors >= 0
    }

    /// Closes the reading end of the child's output.
    func abandonOutput() {
        close(output)
        output = -1
    }

    func kill(_ signal: Int32 = SIGKILL) {
        #if canImport(Glibc)
        _ = Glibc.kill(pid, signal)
        #elseif canImport(Musl)
        _ = Musl.kill(pid, signal)
        #elseif canImport(Darwin)
        _ = Darwin.kill(pid, signal)
        #endif
    }

    /// Waits for the end.
    func wait() -> Int32 {
        if let status { return status }
        var raw: Int32 = 0
        while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
        let signal = raw & 0x7F
        let result = signal == 0 ? (raw >> 8) & 0xFF : -signal
        status = result
        return result
    }

    private static func take(_ descriptor: inout Int32, _ target: inout [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 {
            target += buffer[..<count]
        } else if count == 0 || errno != EINTR {
            close(descriptor)
            descriptor = -1
        }
    }

    /// Closed on exec. The two steps need ``starting`` held: a child that another test starts in between would hold
    /// this one's pipes open.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        #if canImport(Glibc)
        let result = Glibc.pipe(&ends)
        #elseif canImport(Musl)
        let result = Musl.pipe(&ends)
        #elseif canImport(Darwin)
        let result = Darwin.pipe(&ends)
        #endif
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        guard result == 0 else { throw Failure(text: "pipe: \(String(cString: strerror(errno)))") }
        return (ends[0], ends[1])
    }
}

/// A folder that is removed, with what is in it, when the test ends.
final class TemporaryFolder {
    let path: String

    init() throws { path = try makeTemporaryFolder() }

    deinit { removeTemporaryFolder(path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Names of what is in the folder, sorted.
    var names: [String] { entries(of: path) }
}

/// The bytes of a file.
func contents(of path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return result }
        result += buffer[..<count]
    }
}

func write(_ bytes: [UInt8], to path: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    var done = 0
    while done < bytes.count {
        let count = bytes[done...].withUnsafeBytes { write(descriptor, $0.baseAddress!, $0.count) }
        guard count > 0 else { return }
        done += count
    }
}
