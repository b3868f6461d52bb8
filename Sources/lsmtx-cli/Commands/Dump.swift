internal import LSMTx

extension Argument {
    fileprivate static let dumpTarget = Argument(
        "out", isOptional: true, completion: .file,
        help: "A new file to write; '-' or nothing is the standard output.")
}

extension Option {
    fileprivate static let hexadecimal = Option("hex", help: "Write all keys and values as hexadecimal.")
}

extension Command {
    static let dump = Command(
        "dump",
        abstract: "Write the whole store as text that 'restore' takes, in this and later versions.",
        discussion: """
            The dump has one state of the store and the retention; that there are named snapshots is only a remark, see \
            '--as-of' for a dump of one. Its last line has the number of entries and a checksum, so that one that was \
            cut short is recognised. A file that is there already is not overwritten, and one that could not be \
            written to its end is removed.
            """,
        arguments: [.file, .dumpTarget],
        options: [.asOf, .hexadecimal]
    ) { invocation in
        let point = try invocation.point(.asOf)
        let target = try invocation.text(.dumpTarget)
        let encoding: DumpFormat.Encoding = invocation.has(.hexadecimal) ? .hex : .print
        let console = invocation.console
        System.catchInterrupt()
        try Store.read(try invocation.path()) { database in
            try OutputFile.write(target, console) { file in
                try database.read(at: point) { snapshot in
                    try dump(snapshot, of: database, as: encoding, to: file, console)
                }
            }
        }
        return .success
    }

    private static func dump(
        _ snapshot: Snapshot, of database: Database, as encoding: DumpFormat.Encoding, to file: OutputFile,
        _ console: Console
    ) throws {
        let retention = try database.retention
        var header = DumpFormat.Header()
        header.encoding = encoding
        header.storeFormat = try database.statistics.formatVersion
        header.timestamp = snapshot.timestamp.rawValue
        header.time = try database.unixTime(of: snapshot.timestamp).map { UnixTime.iso8601($0) }
        header.keepMilliseconds = retention.keepMilliseconds
        header.commits = retention.commits
        header.logBytes = retention.logBytes
        // Large values are not read for it.
        try snapshot.forEachKey(.all) { _ in
            header.count += 1
            if header.count.isMultiple(of: 1024) { try Interruption.check() }
            return true
        }
        let writer = DumpWriter(header, snapshots: try database.snapshots(), to: file.output)
        var done: UInt64 = 0
        try snapshot.forEach(.all) { key, value in
            writer.add(key: key, value: value)
            done += 1
            try Interruption.check()
            try file.output.checkWritten(to: file.name)
            if !file.output.isTerminal {
                console.progress(
                    "dumping", done, of: header.count, detail: "\(Rendering.grouped(done)) entries")
            }
            return true
        }
        writer.end()
    }
}
