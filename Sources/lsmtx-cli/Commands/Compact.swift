internal import LSMTx

extension Command {
    static let compact = Command(
        "compact",
        abstract: "Drop everything that nobody can read any more, and make the file smaller.",
        arguments: [.file], isInShell: true
    ) { invocation in
        let path = try invocation.path()
        let console = invocation.console
        let before = try invocation.read { try $0.statistics.fileBytes }
        try invocation.write(createIfMissing: false) { database in
            try database.compact { progress in
                try invocation.checkInterrupt()
                let percent = Rendering.percent(progress.doneBytes, of: progress.totalBytes)
                console.progress("compacted \(percent) …")
            }
        }
        console.endProgress()
        let after = try invocation.read { try $0.statistics.fileBytes }
        console.output.write("\(path): \(Rendering.bytes(before)) before, \(Rendering.bytes(after)) after.\n")
        return .success
    }
}
