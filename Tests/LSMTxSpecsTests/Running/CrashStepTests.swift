import LSMTx
import LSMTxSimulation
import Testing

@testable import LSMTxSpecs

@Suite struct CrashStepTests {
    #if DEBUG
    static let seeds: UInt64 = 4
    #else
    static let seeds: UInt64 = 200
    #endif

    @Test func theLanguageKnowsTheFailpointsOfTheDevice() {
        let places = Failpoint.Place.allCases.map(\.rawValue)
        #expect(Set(SpecWords.failpoints.map(\.name)) == Set(places))
        #expect(SpecWords.failpoints.count == places.count)
        for place in Failpoint.Place.allCases {
            let actions = Failpoint.Action.allCases.filter { Failpoint(place, $0) != nil }.map(\.rawValue)
            #expect(SpecWords.failpoints.first { $0.name == place.rawValue }?.actions == actions, "\(place)")
        }
    }

    /// Wherever the device fails, and whatever a crash leaves then, what was acknowledged is there.
    @Test(arguments: SpecWords.failpoints.map(\.name), SpecRunner.Device.allCases)
    func everyFailpointIsPassedAndLosesNothing(_ name: String, _ device: SpecRunner.Device) throws {
        let actions = try #require(SpecWords.failpoints.first { $0.name == name }?.actions)
        // After a clean close there is nothing to recover.
        let close = name.hasPrefix("recovery") ? "" : "db close      -> any\n"
        for action in actions {
            for seed in 0..<Self.seeds {
                let run = try SpecRuns.schedule(
                    """
                    T1 put a 1
                    T1 commit     -> ok
                    db failpoint \(name) \(action)
                    T2 put a 2
                    T2 put b 2
                    T2 commit     -> any
                    db flush      -> any
                    db compact full -> any
                    \(close)db crash
                    db reopen     -> any
                    db crash
                    db reopen     -> ok
                    V  scan a c as seen -> one-of [a=1, x=0] [a=1] [a=2, b=2]
                    V  rollback
                    db crash
                    db reopen     -> ok
                    V  scan a c   -> $seen
                    """, setup: "put x 0", options: SpecRunner.Options(seed: seed, device: device))
                #expect(run.hasPassed, "\(name) \(action), seed \(seed): \(run.lines)")
                let isHit = run.lines.contains { line in
                    switch line.outcome {
                    case .failed, .unknown: true
                    default: false
                    }
                }
                #expect(isHit, "\(name) \(action), seed \(seed): \(run.lines)")
            }
        }
    }

    @Test func anUnknownFailpointIsAnErrorOfTheSpec() {
        for (words, found, hint) in [
            ("wal.apend torn", "\"wal.apend\"", "did you mean \"wal.append\"?"),
            ("wal.append tron", "\"tron\"", "did you mean \"torn\"?"),
            ("wal.sync torn", "\"torn\"", nil),
        ] {
            do throws(SpecErrors) {
                _ = try Spec(parsing: "spec \"a\"\nschedule \"s\"\n  db failpoint \(words)\n")
                Issue.record("\(words) is taken")
            } catch {
                #expect(error.errors.map(\.found) == [found])
                #expect(error.errors.first?.hint == hint)
                #expect(error.errors.first?.line == 3)
            }
        }
    }

    @Test func whoeverWasInATransactionHearsOfTheLossOnce() throws {
        for loss in ["db crash", "db close"] {
            let run = try SpecRuns.schedule(
                """
                A get x       -> 1
                B put x 2
                C begin
                D put x 3
                D rollback
                \(loss)
                A get x       -> gone
                db reopen
                B commit      -> gone
                C begin       -> gone
                D get x       -> 1
                A get x       -> 1
                B get x       -> 1
                """)
            #expect(run.hasPassed, "\(run.lines)")
        }
    }

    @Test func aCommitOfUnknownOutcomeStaysUnknownInTheHistory() throws {
        for seed in 0..<20 as Range<UInt64> {
            let run = try SpecRuns.schedule(
                """
                T put x 2
                db failpoint wal.append torn
                T commit  -> unknown
                db crash
                db reopen
                T get x   -> one-of 1 2
                T commit  -> ok
                verdict none
                """, options: SpecRunner.Options(seed: seed))
            #expect(run.hasPassed, "seed \(seed): \(run.lines)")
            #expect(run.history.transactions.map(\.outcome) == [.committed, .unknown, .committed])
            #expect(run.history.transactions.map(\.process) == [0, 1, 2])
        }
    }

    @Test func whatACrashLeavesFollowsFromTheSeed() throws {
        var seen: Set<String> = []
        for seed in 0..<30 as Range<UInt64> {
            let lines = "T put x 2\ndb failpoint wal.sync fail\nT commit\ndb crash\ndb reopen\nV get x"
            let runs = try (0..<2).map { _ in
                try SpecRuns.schedule(lines, options: SpecRunner.Options(seed: seed)).lines.map(\.actual)
            }
            #expect(runs[0] == runs[1], "seed \(seed)")
            seen.insert(runs[0][5])
            #expect(runs[0][3].contains("sectors"))
        }
        #expect(seen == ["1", "2"], "both outcomes of the commit come up")
    }
}
