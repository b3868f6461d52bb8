internal import LSMTx

extension Command {
    static let compact = Command(
        "compact",
        abstract: "Drop everything that nobody can read any more, and make the file smaller.",
        arguments: [.file],
        options: [.json], isInShell: true
    ) { invocation in
        let path = try invocation.path()
        let console = invocation.console
        System.catchInterrupt()
        let before = try invocation.read { try $0.statistics.fileBytes }
        try invocation.write(createIfMissing: false) { database in
            do {
                try database.compact { progress in
                    try Interruption.check()
                    console.progress("compacting", progress.doneBytes, of: progress.totalBytes)
                }
            } catch is Interruption {
                throw Interruption(remark: "What was compacted stays so, and nothing is lost.")
            }
        }
        console.endProgress()
        let after = try invocation.read { try $0.statistics.fileBytes }
        guard !invocation.has(.json) else {
            console.output.write(try JSONText.line(["bytesBefore": before, "bytesAfter": after]))
            return .success
        }
        console.output.write("\(path): \(Rendering.bytes(before)) before, \(Rendering.bytes(after)) after.\n")
        return .success
    }
}
