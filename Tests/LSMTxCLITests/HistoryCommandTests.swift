import Testing

/// Recording and judging histories, as a user does.
@Suite("Commands about histories")
struct HistoryCommandTests {
    private let folder: TemporaryFolder
    private let file: String

    init() throws {
        folder = try TemporaryFolder()
        file = folder.file("history.jsonl")
    }

    private func run(_ arguments: String...) throws -> ChildProcess.Result { try ChildProcess.run(arguments) }

    @Test(arguments: [
        ("list-append", "ser"), ("register", "rc"), ("range-append", "si"), ("ring", "ser"), ("bank", "si"),
    ])
    func whatIsRecordedIsAccepted(workload: String, level: String) throws {
        let recorded = try run(
            "spec", "record", "--workload", workload, "--level", level, "--threads", "3", "--transactions", "60",
            "--crashes", "2", "--seed", "7", "--out", file)
        #expect(recorded.status == 0, "\(recorded.errorText)")
        #expect(recorded.text.contains("seed 7: "))
        #expect(recorded.text.contains("at 2 crashes"))
        let checked = try run("spec", "check", file)
        #expect(checked.status == 0, "\(checked.text)\(checked.errorText)")
        #expect(checked.text.contains("strictly: accepted."))
        #expect(checked.text.contains("timestamp replay: accepts"))
        #expect(checked.text.contains("dependency graph: accepts"))
        let json = try run("spec", "check", file, "--json", "--model", "read-committed")
        #expect(json.status == 0)
        #expect(json.text.contains("\"accepted\" : true"))
    }

    @Test func anAnomalyIsShownWithItsWitness() throws {
        write(
            Array(
                """
                {"process":0,"type":"invoke","value":[["append","x",1]]}
                {"process":0,"type":"ok","value":[["append","x",1]]}
                {"process":1,"type":"invoke","value":[["r","x",null],["r","y",null]]}
                {"process":2,"type":"invoke","value":[["append","x",2],["append","y",1]]}
                {"process":2,"type":"ok","value":[["append","x",2],["append","y",1]]}
                {"process":1,"type":"ok","value":[["r","x",[1]],["r","y",[1]]]}

                """.utf8), to: file)
        let rejected = try run("spec", "check", file, "--model", "serializable")
        #expect(rejected.status == 1)
        #expect(
            rejected.text.hasPrefix("G-single, by dependency graph:\n  T1 -rw-> T2: get x -> [1], before append x 2\n"))
        #expect(rejected.text.contains("timestamp replay: not possible, since commit timestamps are missing"))
        #expect(rejected.text.hasSuffix("serializable: rejected.\n"))
        #expect(try run("spec", "check", file, "--model", "read-committed").status == 0)
        // The history does not say what it promises.
        #expect(try run("spec", "check", file).status == 64)
    }

    @Test func whatIsNoHistoryIsRefusedWithItsPlace() throws {
        let begun = "{\"process\":0,\"type\":\"invoke\",\"value\":[]}\n"
        for (text, message) in [
            (begun + "{", "line 2: expected a JSON object"),
            (begun + "\n" + begun, "line 3: process 0 has a transaction"),
            ("{}", "line 1: \"type\" is missing"), (begun + "\u{1}\n", "line 2: expected a JSON object"),
        ] {
            write(Array(text.utf8), to: file)
            let result = try run("spec", "check", file, "--model", "serializable")
            #expect(result.status == 65)
            #expect(result.errorText.contains(message), "\(result.errorText)")
        }
        #expect(try run("spec", "check", folder.file("none")).status == 66)
        // A recorder that has written nothing must not pass for a store that did nothing wrong.
        for text in ["", "\n\n", "{\"process\":\"nemesis\",\"type\":\"info\",\"value\":null}\n"] {
            write(Array(text.utf8), to: file)
            let result = try run("spec", "check", file)
            #expect(result.status == 65)
            #expect(result.errorText.contains("no transaction"), "\(result.errorText)")
        }
        let directory = try run("spec", "check", folder.file("."))
        #expect(directory.status == 66)
        #expect(directory.errorText.contains("is a folder"), "\(directory.errorText)")
    }

    @Test func wrongOptionsAreNamed() throws {
        for (arguments, message) in [
            (["--level", "si"], "Missing option '--workload'"), (["--workload", "bank"], "Missing option '--level'"),
            (["--workload", "bnk", "--level", "si"], "Did you mean 'bank'?"),
            (["--workload", "list-append", "--level", "rc"], "An append is a get and a put"),
            (["--workload", "bank", "--level", "si", "--threads", "0"], "from 1 to 256"),
            (["--workload", "bank", "--level", "si", "--transactions", "1", "--crashes", "2"], "more crashes"),
        ] {
            let result = try ChildProcess.run(["spec", "record", "--out", file] + arguments)
            #expect(result.status == 64)
            #expect(result.errorText.contains(message), "\(result.errorText)")
        }
        #expect(try run("spec", "record", "--workload", "bank", "--level", "si").status == 64)
        #expect(
            try run("spec", "check", file, "--model", "serialisable").errorText.contains("Did you mean 'serializable'?")
        )
    }

    @Test func elleGetsWhatItKnows() throws {
        let elle = folder.file("elle.edn")
        #expect(
            try run(
                "spec", "record", "--workload", "list-append", "--level", "si", "--threads", "2", "--transactions",
                "20", "--out", file
            ).status == 0)
        #expect(try run("spec", "check", file, "--elle", elle).status == 0)
        let text = String(decoding: contents(of: elle), as: UTF8.self)
        #expect(text.contains("{:index 0, :time "))
        #expect(text.contains(":type :invoke, :f :txn, :value [["))
        #expect(text.contains("[:append \"l0000"))
        #expect(!text.contains(":scan") && !text.contains("snap"))
    }
}
