/// What suites that drive the program begin with: a folder of each test's own, and the path of a store in it, which is
/// not there yet.
///
/// A class, because a suite that inherits this needs no lines of its own for it.
class CommandSuite {
    let folder: TemporaryFolder
    let file: String

    init() throws {
        folder = try TemporaryFolder()
        file = folder.file("app.lsmtx")
    }

    func run(_ arguments: String..., input: String = "") throws -> ChildProcess.Result {
        try ChildProcess.run(arguments, input: Array(input.utf8))
    }
}
