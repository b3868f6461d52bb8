import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a command writes to a terminal, which is a pseudo-terminal here.
@Suite("Output on a terminal")
struct TerminalTests {
    private let folder: TemporaryFolder
    private let file: String

    init() throws {
        folder = try TemporaryFolder()
        file = folder.file("app.lsmtx")
        _ = try ChildProcess.run(["put", file, "日本", "1"])
        _ = try ChildProcess.run(["put", file, "a\u{1B}", String(repeating: "v", count: 300)])
    }

    /// Runs the program with a terminal for its standard output and error stream.
    private func run(
        _ arguments: [String], _ environment: [String: String] = [:]
    ) throws -> (status: Int32, text: String) {
        var (main, side): (Int32, Int32) = (-1, -1)
        try #require(openpty(&main, &side, nil, nil, nil) == 0)
        defer { close(main) }
        // Not for children of other tests.
        for descriptor in [main, side] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var result = ChildResult()
        result.start([ChildProcess.executable] + arguments, environment, terminal: side)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var waiting = pollfd(fd: main, events: Int16(POLLIN), revents: 0)
            if poll(&waiting, 1, 20) > 0 {
                let count = read(main, &buffer, buffer.count)
                guard count > 0 else { break }
                bytes += buffer[..<count]
            } else if result.hasEnded {
                break
            }
        }
        close(side)
        return (result.wait(), String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n"))
    }

    @Test func aScanIsATableThatFitsTheWidth() throws {
        let (status, text) = try run(["scan", file, "--no-color"], ["COLUMNS": "40"])
        #expect(status == 0)
        let value = String(repeating: "v", count: 32)
        #expect(text == "KEY    VALUE\na\\x1b  \(value)…\n日本   1\n")
    }

    @Test func coloursAreForTerminalsThatWantThem() throws {
        #expect(try run(["scan", file]).text.contains("\u{1B}[1mKEY"))
        #expect(try run(["scan", file], ["NO_COLOR": ""]).text.contains("\u{1B}[1mKEY"))
        #expect(!(try run(["scan", file], ["NO_COLOR": "1"]).text.contains("\u{1B}")))
        #expect(!(try run(["scan", file], ["TERM": "dumb"]).text.contains("\u{1B}")))
        #expect(!(try run(["stats", file, "--no-color"]).text.contains("\u{1B}")))
    }

    @Test func historyAndSnapshotsAreTablesToo() throws {
        _ = try ChildProcess.run(["snapshot", "create", file, "release 7"])
        let history = try run(["history", file, "日本", "--no-color"])
        #expect(history.text.hasPrefix("TIMESTAMP  TIME ") && history.text.contains("        1  2"))
        let snapshots = try run(["snapshot", "list", file, "--no-color"])
        #expect(snapshots.text.hasPrefix("NAME       TIMESTAMP  CREATED\nrelease 7          2  2"), "\(snapshots.text)")
        #expect(try run(["scan", file, "--json"]).text.contains("{\"key\":\"日本\",\"value\":\"1\"}"))
        #expect(try run(["scan", file, "--hex"], ["NO_COLOR": "1"]).text.contains("e697a5e69cac  31\n"))
    }

    @Test func progressIsErasedBeforeWhatFollows() throws {
        let words = folder.file("words")
        write(Array((0..<5000).map { "word\($0)\n" }.joined().utf8) + [0x0A], to: words)
        let (status, text) = try run(["import", file, words, "--format", "lines"], ["COLUMNS": "60"])
        #expect(status == 0)
        let parts = text.split(separator: "\r\u{1B}[K")
        #expect(parts.last?.hasPrefix("Imported 5000 entries") == true, "\(text)")
        #expect(parts.first?.hasPrefix("importing ") == true && text.contains("%"), "\(text)")
        write(Array("{\"key\":\"a\",\"value\":\"1\"}\n{}\n".utf8), to: words)
        let failed = try run(["import", file, words, "--batch", "1"])
        #expect(failed.status == 65)
        #expect(failed.text.contains("\r\u{1B}[KError: ") || failed.text.hasPrefix("Error: "), "\(failed.text)")
    }
}

/// A run of the program on a terminal.
private struct ChildResult {
    private var pid: pid_t = 0
    private var status: Int32?

    init() {}

    mutating func start(_ arguments: [String], _ environment: [String: String], terminal: Int32) {
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        #else
        var actions = posix_spawn_file_actions_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for stream: Int32 in 0..<3 { posix_spawn_file_actions_adddup2(&actions, terminal, stream) }
        let settings = ["PATH": "/usr/bin:/bin", "TERM": "xterm"].merging(environment) { $1 }
        var words = arguments.map { strdup($0) } + [nil]
        var variables = settings.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + variables { free(word) } }
        posix_spawn(&pid, arguments[0], &actions, nil, &words, &variables)
    }

    var hasEnded: Bool {
        mutating get {
            guard status == nil else { return true }
            var raw: Int32 = 0
            guard waitpid(pid, &raw, WNOHANG) == pid else { return false }
            status = (raw >> 8) & 0xFF
            return true
        }
    }

    mutating func wait() -> Int32 {
        while !hasEnded { usleep(1000) }
        return status ?? -1
    }
}
