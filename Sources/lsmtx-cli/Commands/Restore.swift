internal import LSMTx

extension Argument {
    fileprivate static let newStore = Argument("file", completion: .file, help: "The store to make.")
    fileprivate static let dumpSource = Argument(
        "dump", isOptional: true, completion: .file,
        help: "The dump to read; '-' or nothing is the standard input.")
}

extension Command {
    static let restore = Command(
        "restore",
        abstract: "Make a store of what 'dump' wrote.",
        discussion: """
            There must be no file of that name, or an empty one. The store is made beside it, under a name that ends in \
            '.restoring', and gets its own name when the number of entries and the checksum of the dump were found to be \
            right: a store of that name is whole. After an error nothing is left.
            """,
        arguments: [.newStore, .dumpSource]
    ) { invocation in
        // The row's own <file>, which has another help.
        guard let path = try invocation.text(.newStore) else { preconditionFailure("<file> is never optional") }
        if let bytes = System.fileBytes(path), bytes > 0 || !System.isRegularFile(path) {
            throw Failure(.failure, "'\(path)' is there already. Remove it first, or choose another name.")
        }
        let source = try InputFile(try invocation.text(.dumpSource) ?? "-")
        System.catchInterrupt()
        let dump = try DumpReader(LineReader(descriptor: source.descriptor), name: source.name)
        let unfinished = path + ".restoring"
        guard System.fileBytes(unfinished) == nil else {
            throw Failure(
                .failure, "'\(unfinished)' is there, of a restore that was killed or is at work. Remove it first.")
        }
        let console = invocation.console
        do {
            try Store.write(unfinished, durability: .buffered) { database in
                try fill(database, from: dump) { entries in
                    console.progress(
                        "restoring", dump.consumedBytes, of: source.bytes,
                        detail: "\(Rendering.grouped(entries)) entries"
                    )
                }
                try database.setRetention(dump.header.retention)
            }
            try System.rename(unfinished, to: path)
        } catch {
            System.remove(unfinished)
            throw error
        }
        console.endProgress()
        let entries = Rendering.count(dump.header.count, "entry")
        console.output.write("\(path): \(entries) restored; their number and checksum are right.\n")
        return .success
    }

    private static let restoreBatchBytes = 4 << 20
    private static let restoreBatchEntries = 4096

    private static func fill(_ database: Database, from dump: DumpReader, progress: (UInt64) -> Void) throws {
        var done: UInt64 = 0
        var isEnded = false
        while !isEnded {
            let transaction = try database.begin()
            var bytes = 0
            var entries = 0
            while entries < restoreBatchEntries, bytes < restoreBatchBytes {
                try Interruption.check()
                guard let (key, value) = try dump.next() else {
                    isEnded = true
                    break
                }
                try transaction.put(key, value)
                bytes += key.count + value.count
                entries += 1
            }
            if entries > 0 { try transaction.commit(durability: .buffered) } else { transaction.rollback() }
            done += UInt64(entries)
            progress(done)
        }
    }
}
