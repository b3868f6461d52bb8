import LSMTxSpecs
import Testing

/// What a correct store's threads do is accepted by both checkers, at every level, with and without crashes.
@Suite struct RecorderTests {
    struct Case: CustomStringConvertible, Sendable {
        let workload: Workload
        let level: Level
        var description: String { "\(workload.rawValue) at \(level.rawValue)" }

        static let all = Workload.allCases.flatMap { workload in
            Level.allCases.filter { workload.refusal(at: $0) == nil }.map { Case(workload: workload, level: $0) }
        }
    }

    #if DEBUG
    static let transactions = 300
    static let crashing = (transactions: 120, crashes: 4)
    #else
    static let transactions = 100_000
    static let crashing = (transactions: 10_000, crashes: 50)
    #endif

    private static func record(_ which: Case, transactions: Int, crashes: Int) throws -> Recording {
        var options = RecordingOptions(which.workload, at: which.level)
        options.transactions = transactions
        options.crashes = crashes
        print("\(which): seed \(options.seed)")
        return try Recorder.record(options)
    }

    private static func expectAccepted(_ recording: Recording, _ which: Case) throws {
        let history = try History(recording.events)
        let check = HistoryCheck.run(history)
        #expect(check.isStrict)
        #expect(check.isAccepted, "\(which): \(check.replay.verdict)\n\(check.graph.verdict)")
        #expect(check.replay.verdict.accepts(check.model, realTime: true), "\(which): \(check.replay.verdict)")
        #expect(check.graph.verdict.accepts(check.model, realTime: true), "\(which): \(check.graph.verdict)")
        #expect(check.replay.verdict.judgesAll)
        print(
            """
            \(which): \(check.transactions) transactions, \(recording.committed) committed, \(recording.aborted) \
            aborted, \(recording.unknown) in flight at \(recording.crashes) crashes (\(recording.crashesInRecovery) \
            more in recovery), \(recording.survived) of them survived; \(check.reads) reads; replay \
            \(check.replay.duration), graph \(check.graph.duration); beyond the level: \(check.graph.verdict.counts)
            """)
    }

    @Test(arguments: Case.all) func whatThreadsDoIsAccepted(_ which: Case) throws {
        let recording = try Self.record(which, transactions: Self.transactions, crashes: 0)
        #expect(recording.events.count { $0.kind == .invoke } >= Self.transactions)
        #expect(recording.unknown == 0)
        try Self.expectAccepted(recording, which)
    }

    @Test(arguments: Case.all) func whatSurvivesCrashesIsAcceptedStrictly(_ which: Case) throws {
        let recording = try Self.record(
            which, transactions: Self.crashing.transactions, crashes: Self.crashing.crashes)
        #expect(recording.crashes == Self.crashing.crashes)
        try Self.expectAccepted(recording, which)
        // Whoever was in flight does nothing more.
        var gone: Set<Int> = []
        for event in recording.events {
            #expect(!gone.contains(event.process))
            if event.kind == .info { gone.insert(event.process) }
        }
    }

    @Test func appendsAreRefusedWhereTheyMayBeLost() throws {
        #expect(throws: RecordingProblem.self) {
            try Recorder.record(RecordingOptions(.listAppend, at: .readCommitted))
        }
        var options = RecordingOptions(.register, at: .snapshot)
        options.threads = 0
        #expect(throws: RecordingProblem.self) { try Recorder.record(options) }
        options.threads = 1
        options.transactions = 1
        options.crashes = 2
        #expect(throws: RecordingProblem.self) { try Recorder.record(options) }
    }

    @Test func nothingToDoIsAHistoryToo() throws {
        var options = RecordingOptions(.bank, at: .snapshot)
        (options.transactions, options.threads) = (0, 1)
        let recording = try Recorder.record(options)
        #expect(HistoryCheck.run(try History(recording.events)).isAccepted)
    }
}
