internal import LSMTx

extension Command {
    static let demo = Command(
        "demo",
        abstract: "Import a list of words from several threads while a snapshot is held, and show what it sees.",
        discussion: """
            Each line of the list becomes a key and its number the value, as with 'import --format lines'. A reader \
            counts the keys of the held snapshot all the while; the count must not change. Status 1 when it does.
            """,
        arguments: [.file, .input],
        options: [.threads, .batch, .buffered]
    ) { invocation in
        guard let words = try invocation.text(.input) else { preconditionFailure("<path> is not optional") }
        let descriptor = words == "-" ? System.standardInput : try System.openForReading(words)
        let threads = try invocation.number(.threads, in: 1...256) ?? 4
        let batch = try invocation.number(.batch, in: 1...1_000_000) ?? 100
        let clock = ContinuousClock()
        return try Store.write(
            try invocation.path(), durability: invocation.has(.buffered) ? .buffered : .sync
        ) { database in
            let held = try database.snapshot()
            defer { held.close() }
            let before = try countEntries(held)
            let reader = HeldSnapshot(held, expected: before)
            let readers = try Workers(1) { _ in reader.countUntilStopped() }
            let start = clock.now
            let summary: Importer.Summary
            do {
                summary = try Importer(database: database, format: .lines, batchSize: batch)
                    .run(LineReader(descriptor: descriptor), threads: threads)
            } catch {
                reader.stop()
                readers.join()
                throw error
            }
            let seconds = Rendering.seconds(clock.now - start)
            reader.stop()
            readers.join()
            if let problem = summary.problem {
                throw Failure(problem.status, "\(words), line \(problem.line): \(problem.text)")
            }
            let outcome = try reader.outcome()
            if let failure = summary.failure { throw failure }
            let after = try database.read { try countEntries($0) }
            func count(_ number: Int, _ noun: String) -> String { Rendering.count(UInt64(number), noun) }
            invocation.console.output.write(
                """
                Committed \(count(summary.entries, "word")) in \(count(summary.commits, "commit")) from \
                \(count(threads, "thread")), \(seconds) s.
                The snapshot held since before has \(outcome.isSteady ? "always" : "NOT always") had \(before) keys, \
                counted \(outcome.counts) times meanwhile; a new one has \(after).

                """)
            return outcome.isSteady ? .success : .failure
        }
    }
}

/// Counts a snapshot's keys again and again.
private final class HeldSnapshot: Sendable {
    struct Outcome {
        var counts = 0
        var isSteady = true
    }

    private struct State {
        var outcome = Outcome()
        var isStopped = false
        var failure: (any Error)?
    }

    private let snapshot: Snapshot
    private let expected: Int
    private let state = Guarded(State())

    init(_ snapshot: Snapshot, expected: Int) {
        self.snapshot = snapshot
        self.expected = expected
    }

    func countUntilStopped() {
        while !state.withLock({ $0.isStopped }) {
            do {
                let count = try countEntries(snapshot)
                state.withLock {
                    $0.outcome.counts += 1
                    if count != expected { $0.outcome.isSteady = false }
                }
            } catch {
                state.withLock {
                    $0.failure = error
                    $0.isStopped = true
                }
            }
        }
    }

    func stop() { state.withLock { $0.isStopped = true } }

    func outcome() throws -> Outcome {
        let state = state.withLock { $0 }
        if let failure = state.failure { throw failure }
        return state.outcome
    }
}
