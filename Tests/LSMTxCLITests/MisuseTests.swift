import LSMTxCLI
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What people do by mistake: no mistake costs a store, and every message says what, where and what next.
@Suite("Misuse of the command line")
final class MisuseTests: CommandSuite {
    override init() throws {
        try super.init()
        _ = try ChildProcess.run(["put", file, "k", "v"])
    }

    // MARK: Streams

    @Test(arguments: [["dump"], ["export"], ["analyze"], ["scan"], ["analyze", "--html", "-"]])
    func whatCannotBeWrittenForWantOfAnOutputIsAnError(arguments: [String]) throws {
        let child = try ChildProcess((arguments + [file]).map { Array($0.utf8) }, closed: [0, 1])
        #expect(child.wait() == 74)
    }

    @Test(arguments: [["import"], ["put"], ["restore"], ["shell"]])
    func anInputThatIsClosedIsNotWaitedFor(arguments: [String]) throws {
        let rest =
            switch arguments[0] {
            case "put": [file, "k", "-"]
            case "restore": [folder.file("new.lsmtx")]
            default: [file]
            }
        let child = try ChildProcess((arguments + rest).map { Array($0.utf8) }, closed: [0, 1])
        #expect(child.wait() == 74)
        #expect(try run("get", file, "k").text == "v\n")
        #expect(folder.names == ["app.lsmtx"])
    }

    // MARK: What is overwritten

    @Test func noOutputReplacesAStore() throws {
        let before = contents(of: file)
        let shell = try ChildProcess.run(["shell", file], input: Array(".once \(file)\nscan\n".utf8))
        #expect(
            shell.status == 1 && shell.errorText.contains("is a store, and is not overwritten"), "\(shell.errorText)")
        let record = try run(
            "spec", "record", "--workload", "bank", "--level", "ser", "--transactions", "10", "--out", file)
        #expect(record.status == 1 && record.errorText.contains("is a store"), "\(record.errorText)")
        #expect(contents(of: file) == before)
    }

    @Test func aRestoreReplacesNothingButAnEmptyFile() throws {
        let dump = folder.file("dump")
        #expect(try run("dump", file, dump).status == 0)
        let pipe = folder.file("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        let result = try run("restore", pipe, dump)
        #expect(result.status == 1 && result.errorText.contains("is there already"), "\(result.errorText)")
        var status = stat()
        #expect(stat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
        let empty = folder.file("empty")
        write([], to: empty)
        #expect(try run("restore", empty, dump).status == 0)
        #expect(try run("get", empty, "k").text == "v\n")
    }

    @Test func aPrefixThatIsEmptyByMistakeDeletesNothing() throws {
        let result = try run("delete", file, "--prefix", "")
        #expect(result.status == 64 && result.errorText.contains("--from ''"), "\(result.errorText)")
        #expect(try run("count", file).text == "1\n")
        #expect(try run("delete", file, "--from", "").status == 0)
        #expect(try run("count", file).text == "0\n")
    }

    // MARK: Paths

    @Test func aFolderAsInputIsNamedAndNothingIsMade() throws {
        let new = folder.file("new.lsmtx")
        for arguments in [
            ["import", new, folder.path], ["restore", new, folder.path], ["put", new, "k", "--file", folder.path],
        ] {
            let result = try ChildProcess.run(arguments)
            #expect(result.status == 66)
            #expect(
                result.errorText == "Error: '\(folder.path)' is a folder. Name a file in it.\n", "\(result.errorText)")
        }
        #expect(folder.names == ["app.lsmtx"])
    }

    @Test func aStoreThatIsNotThereIsSaidInOneSentence() throws {
        let none = folder.file("none")
        for arguments in [["get", none, "k"], ["stats", none], ["delete", none, "k"], ["compact", none]] {
            let result = try ChildProcess.run(arguments)
            #expect(result.status == 66)
            #expect(result.errorText == "Error: There is no file '\(none)'. Check the path.\n", "\(result.errorText)")
        }
    }

    @Test(arguments: ["get", "put", "shell", "stats"])
    func anEmptyPathIsAWrongCommandLine(name: String) throws {
        let result = try ChildProcess.run([name, ""] + (name == "get" ? ["k"] : name == "put" ? ["k", "v"] : []))
        #expect(result.status == 64 && result.errorText.contains("<file> is empty"), "\(result.errorText)")
    }

    @Test func aLinkToNothingIsSaidToBeOne() throws {
        let link = folder.file("link")
        #expect(symlink("nowhere", link) == 0)
        let result = try run("put", link, "k", "v")
        #expect(result.status == 74 && result.errorText.contains("a link to nothing"), "\(result.errorText)")
    }

    @Test func anEntryThatSaysItsKeyTwiceIsNotImported() throws {
        let line = "{\"key\":\"a\",\"key_base64\":\"Yg==\",\"value\":\"1\"}\n"
        let result = try ChildProcess.run(["import", file], input: Array(line.utf8))
        #expect(result.status == 65)
        #expect(result.errorText.contains("\"key\" and \"key_base64\" exclude each other."), "\(result.errorText)")
    }

    // MARK: Damage

    @Test func damageIsSaidOfAFile() throws {
        var bytes = contents(of: file)
        for index in 8_192..<bytes.count { bytes[index] = 0xAA }
        write(bytes, to: file)
        let get = try run("get", file, "k")
        #expect(get.status == 65 && get.errorText.contains(file), "\(get.errorText)")
        let check = try run("check", file)
        #expect(check.status == 65)
        #expect(check.errorText.contains("cannot be read") && check.errorText.contains(file), "\(check.errorText)")
        #expect(!check.errorText.contains("lsmtx check"), "\(check.errorText)")
    }

    @Test func damageThatIsFoundWhileReadingIsSaidOfAFile() throws {
        let input = (0..<2_000).map { "{\"key\":\"\($0)\",\"value\":\"\($0)\"}\n" }.joined()
        let source = folder.file("source")
        write(Array(input.utf8), to: source)
        _ = try run("import", file, source)
        var bytes = contents(of: file)
        let value = Array("1500".utf8)
        for place in 8_192..<bytes.count - 4 where bytes[place] == value[0] && Array(bytes[place..<place + 4]) == value
        {
            bytes[place] ^= 0x40
        }
        write(bytes, to: file)
        let scan = try run("scan", file)
        #expect(scan.status == 65 && scan.errorText.contains("(\(file), data block, "), "\(scan.errorText)")
    }

    // MARK: The command line

    @Test func aGroupHasItsOwnHelp() throws {
        let help = try run("spec", "--help")
        #expect(!help.text.contains("--version") && !help.text.contains("OVERVIEW: Read, write"))
        #expect(try run("spec", "help").text == help.text)
        #expect(try run("spec", "help", "run").text == (try run("spec", "run", "--help").text))
        let miss = try run("spec", "frobnicate")
        #expect(
            miss.errorText.hasSuffix(
                "Usage: lsmtx spec <subcommand>\n  See 'lsmtx spec --help' for more information.\n"))
    }

    @Test func helpFitsATerminal() throws {
        for command in CommandTable.commands {
            for line in Help.of(command).split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        }
    }

    @Test func aNumberThatIsTooLargeIsToldTheLargest() throws {
        let result = try run("scan", file, "--limit", "99999999999999999999")
        #expect(result.errorText.contains("from 0 to 9223372036854775807"), "\(result.errorText)")
        let odd = try run("scan", file, "--limit", "\u{1B}[2J")
        #expect(odd.errorText.contains("'\\x1b[2J'"), "\(odd.errorText)")
    }

    @Test func theShellSaysWhatIsNotItsOwn() throws {
        let result = try ChildProcess.run(["shell", file], input: Array("import x\n".utf8))
        #expect(
            result.status == 64 && result.errorText.contains("is not a command of the shell"), "\(result.errorText)")
    }

    @Test func aCompactionSaysWhatIsFree() throws {
        let result = try run("compact", file, "--json")
        #expect(result.status == 0 && result.text.contains("\"bytesFree\""), "\(result.text)")
    }
}
