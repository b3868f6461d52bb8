import LSMTx
import LSMTxCLI
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The scripts are loaded into the shells that they are for, where these are installed.
@Suite("Completion scripts")
final class CompletionScriptTests: CommandSuite {
    override init() throws {
        try super.init()
        for shell in CompletionScript.Shell.allCases {
            write(
                Array(CompletionScript.text(for: shell, commands: CommandTable.commands).utf8),
                to: folder.file("_\(shell.rawValue)"))
        }
        let database = try Database(path: file)
        try database.write { try $0.put("a", "1") }
        for name in ["before", "beta 2", "other"] { try database.createSnapshot(named: name) }
        try database.close()
    }

    private static func path(of shell: String) -> String? {
        ["/bin/", "/usr/bin/", "/usr/local/bin/", "/opt/homebrew/bin/"].map { $0 + shell }
            .first { access($0, X_OK) == 0 }
    }

    /// Runs a line in a shell, in the folder of the scripts, with `lsmtx` on the path.
    private func run(_ shell: String, _ options: [String] = [], _ line: String) throws -> ChildProcess.Result {
        let tool = ChildProcess.executable
        let toolFolder = tool.lastIndex(of: "/").map { String(tool[..<$0]) } ?? "."
        return try ChildProcess.run(
            options + ["-c", "cd '\(folder.path)'; \(line)"],
            environment: ["HOME": folder.path, "PATH": "\(toolFolder):/usr/local/bin:/usr/bin:/bin"],
            program: Self.path(of: shell) ?? shell)
    }

    static let cases: [(typed: [String], offered: [String])] = [
        (["sn"], ["snapshot"]),
        (["spec", "re"], ["record"]),
        (["spec", "run", "--fo"], ["--format"]),
        (["spec", "run", "--format", "t"], ["text", "tap"]),
        (["get", "--js"], ["--json"]),
        (["completions", ""], ["bash", "fish", "zsh"]),
        (["get", "app"], ["app.lsmtx"]),
        (["get", "--hex", "app.lsmtx", "a", "--as-of", "be"], ["before", "beta 2"]),
        (["snapshot", "d"], ["drop"]),
        (["snapshot", "drop", "app.lsmtx", "o"], ["other"]),
        (["help", "ret"], ["retention"]),
        (["--ver"], ["--version"]),
        (["scan", "app.lsmtx", "--limit", ""], []),
        (["get", "--", "--js"], []),
    ]

    @Test(.enabled(if: path(of: "bash") != nil, "bash is not installed"), arguments: cases)
    func bashOffersWhatCanStandThere(typed: [String], offered: [String]) throws {
        #expect(try run("bash", ["--norc"], "bash -n _bash").errors.isEmpty)
        let words = (["lsmtx"] + typed).map { "'\($0)'" }.joined(separator: " ")
        let result = try run(
            "bash", ["--norc"],
            """
            source ./_bash && COMP_WORDS=(\(words)) && COMP_CWORD=\(typed.count) && _lsmtx 2>/dev/null
            for word in "${COMPREPLY[@]}"; do eval "echo $word"; done
            """)
        #expect(Self.lines(result) == offered.sorted(), "\(typed): \(result.errorText)")
    }

    @Test(.enabled(if: path(of: "bash") != nil, "bash is not installed"))
    func bashTakesAnEqualsSignForAWord() throws {
        let result = try run(
            "bash", ["--norc"],
            """
            source ./_bash; COMP_WORDS=(lsmtx count app.lsmtx --as-of = o); COMP_CWORD=5; _lsmtx; echo "${COMPREPLY[@]}"
            COMP_WORDS=(lsmtx spec run --format =); COMP_CWORD=4; _lsmtx; echo "${COMPREPLY[@]}"
            """)
        #expect(result.text == "other\ntext jsonl tap junit\n", "\(result.errorText)")
    }

    @Test(.enabled(if: path(of: "fish") != nil, "fish is not installed"), arguments: cases)
    func fishOffersWhatCanStandThere(typed: [String], offered: [String]) throws {
        #expect(try run("fish", ["--no-config"], "fish -n _fish").errors.isEmpty)
        let line = (["lsmtx"] + typed).joined(separator: " ")
        let result = try run("fish", ["--no-config"], "source _fish; complete -C '\(line)'")
        let words = result.text.split(separator: "\n").map {
            String($0.prefix { $0 != "\t" }).replacing("\\ ", with: " ")
        }
        #expect(words.sorted() == offered.sorted(), "\(line): \(result.errorText)")
    }

    /// zsh completes nowhere but on a terminal: there the keys are pressed.
    @Test(
        .enabled(if: path(of: "zsh") != nil, "zsh is not installed"),
        arguments: [
            ("sna\t", "snapshot"), ("spec rec\t", "spec record"), ("get --js\t", "get --json"),
            ("spec run --format ju\t", "spec run --format junit"), ("get app\t", "get app.lsmtx"),
            ("get app.lsmtx a --as-of oth\t", "get app.lsmtx a --as-of other"), ("completions f\t", "completions fish"),
            ("snapshot drop app.lsmtx bet\t", "snapshot drop app.lsmtx beta\\ 2"), ("help ret\t", "help retention"),
        ])
    func zshCompletes(keys: String, line: String) throws {
        #expect(try run("zsh", ["-f"], "zsh -n _zsh").errors.isEmpty)
        let tool = ChildProcess.executable
        let toolFolder = tool.lastIndex(of: "/").map { String(tool[..<$0]) } ?? "."
        write(
            Array("PS1='ready> '; unsetopt beep; autoload -Uz compinit; compinit -D -u; source ./_zsh\n".utf8),
            to: folder.file(".zshrc"))
        let terminal = try PseudoTerminal(
            [], shell: "cd '\(folder.path)' && exec zsh -d -i",
            environment: [
                "HOME": folder.path, "ZDOTDIR": folder.path, "PATH": "\(toolFolder):/usr/local/bin:/usr/bin:/bin",
            ])
        try terminal.waitForPrompt("ready> ")
        terminal.type("lsmtx \(keys)")
        try terminal.wait("'\(line)'") { $0.cursorLine == "ready> lsmtx \(line)" }
    }

    private static func lines(_ result: ChildProcess.Result) -> [String] {
        result.text.split(separator: "\n").map(String.init).sorted()
    }
}

@Suite("The manual page and the dump of the table")
struct GeneratedTextTests {
    @Test func theManualPageNamesEverything() throws {
        let page = ManPage.text(of: CommandTable.commands)
        for command in CommandTable.commands {
            #expect(page.contains("\n.SS \(command.name.replacing("-", with: "\\-"))\n"), "\(command.name)")
            for option in command.options {
                #expect(page.contains("\\fB\\-\\-\(option.name.replacing("-", with: "\\-"))\\fR"), "\(option.name)")
            }
        }
        // A line that begins with a dot or an apostrophe would be taken for a request.
        for line in page.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
            #expect([".TH", ".SH", ".SS", ".TP", ".PP", ".br"].contains(String(line.prefix(3))), "\(line)")
        }
        #expect(try ChildProcess.run(["man-page"]).text == page)
    }

    @Test func theDumpIsJSONOfTheWholeTable() throws {
        let dump = try ChildProcess.run(["--dump-help"])
        #expect(dump.status == 0)
        for command in CommandTable.commands { #expect(dump.text.contains("\"name\" : \"\(command.name)\"")) }
        #expect(dump.text.contains("\"kind\" : \"snapshotName\""))
    }
}
