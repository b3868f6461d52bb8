internal import LSMTx

extension Command {
    static let compact = Command(
        "compact",
        abstract: "Drop everything that nobody can read any more.",
        discussion: """
            What overlaps is written anew into free space, or behind the end, before what it replaces is given up: a file \
            that has little to drop can be larger afterwards, and the space that is free in it is used for new data. The \
            shell cuts off what is free at the end when it ends.
            """,
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
        let statistics = try invocation.read { try $0.statistics }
        let (after, free) = (statistics.fileBytes, statistics.freeBytes)
        guard !invocation.has(.json) else {
            console.output.write(try JSONText.line(["bytesBefore": before, "bytesAfter": after, "bytesFree": free]))
            return .success
        }
        let freeText = free > 0 ? ", of which \(Rendering.bytes(free)) can hold new data" : ""
        console.output.write(
            "\(path): \(Rendering.bytes(before)) before, \(Rendering.bytes(after)) after\(freeText).\n")
        return .success
    }
}
