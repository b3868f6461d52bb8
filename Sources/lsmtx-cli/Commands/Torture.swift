internal import LSMTx

extension Option {
    fileprivate static let verify = Option(
        "verify", value: "path", completion: .file,
        help: "Instead, compare the file with the acknowledgements in this file; '-' is the standard input.")
    fileprivate static let commits = Option(
        "commits", value: "n", help: "Stop after this many commits of each thread, rather than when killed.")
    fileprivate static let memtable = Option(
        "memtable", value: "bytes", help: "Size at which a memtable is flushed; a small one makes flushes frequent.")
}

extension Command {
    static let torture = Command(
        "torture",
        abstract: "Commit from many threads until killed, then verify that nothing was lost.",
        discussion: """
            Every commit that has returned is acknowledged on the standard output by a line, thread and number. Kill \
            the process at any moment, then give the lines to --verify: every acknowledged commit must be there, and \
            none by half. Uses keys that begin with 'torture/'.
            """,
        arguments: [.file],
        options: [.threads, .commits, .memtable, .buffered, .verify]
    ) { invocation in
        if let path = try invocation.text(.verify) { return try verify(path, invocation) }
        let threads = try invocation.number(.threads, in: 1...256) ?? 8
        let commits = try invocation.number(.commits, in: 0...Int.max) ?? .max
        let memtable = try invocation.number(.memtable, in: 64 << 10...512 << 20)
        let durability: Durability = invocation.has(.buffered) ? .buffered : .sync
        try Store.write(
            try invocation.path(), durability: durability, memtableBytes: memtable
        ) { database in
            let failure = Guarded<(any Error)?>(nil)
            let workers = try Workers(threads) { thread in
                do {
                    try commitUntilKilled(thread, commits, database, durability)
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                }
            }
            workers.join()
            if let error = failure.withLock({ $0 }) { throw error }
        }
        return .success
    }
}

private func commitUntilKilled(_ thread: Int, _ commits: Int, _ database: Database, _ durability: Durability) throws {
    var number = try database.read { try TortureLoad.lastNumber(of: thread, in: $0) }
    var left = commits
    while left > 0 {
        number += 1
        left -= 1
        try TortureLoad.commit(number, thread: thread, to: database, durability: durability)
        // One system call, not through the output's buffer: a line that was written outlives the process.
        let line = Acknowledgements.line(thread: thread, number: number)
        let error = System.write(line, to: System.standardOutput)
        guard error == 0 else {
            throw Failure(.inputOutput, "Cannot write the output: \(System.describe(errorNumber: error)).")
        }
    }
}

private func verify(_ path: String, _ invocation: Invocation) throws -> ExitStatus {
    let descriptor = path == "-" ? System.standardInput : try System.openForReading(path)
    let lines = LineReader(descriptor: descriptor)
    var acknowledged = Acknowledgements()
    while let line = try lines.next() { acknowledged.add(line: line) }
    if path != "-" { System.closeDescriptor(descriptor) }
    let verdict = try Store.read(try invocation.path()) { database in
        try database.read { try TortureVerdict($0, acknowledged: acknowledged) }
    }
    let output = invocation.console.output
    for problem in verdict.problems { output.write("\(problem)\n") }
    guard verdict.problems.isEmpty else { return .badData }
    output.write(
        """
        \(Rendering.grouped(UInt64(acknowledged.count))) acknowledged commits of \(acknowledged.last.count) threads: \
        all are there, none by half; \(verdict.unacknowledged) more were complete and not yet acknowledged.

        """)
    return .success
}
