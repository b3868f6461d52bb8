import LSMTx
import LSMTxCLI
import Testing

@Suite("The command table")
struct CommandTableTests {
    @Test func namesAreUniqueAndOptionsOfACommandToo() {
        let commands = CommandTable.commands
        #expect(Set(commands.map(\.name)).count == commands.count)
        for command in commands {
            let names = command.allOptions.map(\.name)
            #expect(Set(names).count == names.count, "\(command.name)")
            let letters = command.allOptions.compactMap(\.short)
            #expect(Set(letters).count == letters.count, "\(command.name)")
        }
    }

    @Test func anOptionalArgumentIsTheLast() {
        for command in CommandTable.commands {
            #expect(command.arguments.dropLast().allSatisfy { !$0.isOptional }, "\(command.name)")
        }
    }

    @Test func everyTextEndsInAFullStop() {
        for command in CommandTable.commands {
            #expect(command.abstract.hasSuffix("."), "\(command.name)")
            for option in command.allOptions { #expect(option.help.hasSuffix("."), "--\(option.name)") }
            for argument in command.arguments { #expect(argument.help.hasSuffix("."), "<\(argument.name)>") }
        }
    }

    @Test func helpNamesEveryArgumentAndOptionAndKeepsTo80Columns() {
        for command in CommandTable.commands {
            let help = Help.of(command)
            for option in command.allOptions { #expect(help.contains(option.spelling)) }
            for argument in command.arguments { #expect(help.contains(argument.spelling)) }
            for line in help.split(separator: "\n") where !line.hasPrefix("USAGE:") {
                #expect(line.count <= 80, "\(command.name): \(line)")
            }
        }
        let overview = Help.overview(of: CommandTable.commands)
        for command in CommandTable.commands { #expect(overview.contains("  \(command.name) ")) }
    }

    @Test func anOptionThatCannotBeLeftOutIsNotInBrackets() throws {
        let record = try #require(CommandTable.commands.first { $0.name == "spec record" })
        let usage = Help.usage(of: record)
        #expect(
            usage.hasPrefix("lsmtx spec record --workload <name> --level <level> --out <file> [--threads"), "\(usage)")
        #expect(Help.of(record).contains("USAGE: lsmtx spec record --workload <name> --level <level> --out <file>"))
    }

    @Test(arguments: [
        ("gte", "get"), ("scna", "scan"), ("delet", "delete"), ("imprt", "import"), ("chek", "check"),
    ])
    func aSlipOfTheFingersIsRecognised(typed: String, meant: String) {
        #expect(Suggestion.closest(to: typed, among: CommandTable.commands.map(\.name)) == meant)
    }

    @Test(arguments: ["", "zzzzzz", "x", "frobnicate"])
    func somethingElseIsNot(typed: String) {
        #expect(Suggestion.closest(to: typed, among: CommandTable.commands.map(\.name)) == nil)
    }

    @Test func everyErrorCodeHasAStatusOfFailure() {
        for code in StoreError.Code.allCases { #expect(ExitStatus(code) != .success, "\(code)") }
    }
}
