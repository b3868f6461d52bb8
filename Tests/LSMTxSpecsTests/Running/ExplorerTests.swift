import Testing

@testable import LSMTxSpecs

@Suite struct ExplorerTests {
    private static func explorations(_ programs: String, setup: String = "setup\nput x 0\nput y 0") throws
        -> [Exploration]
    {
        try SpecRuns.report("spec \"a\"\n\(setup)\n\(programs)\n").explorations
    }

    private static func counts(_ explorations: [Exploration], _ kind: Spec.Count.Kind) -> [Int?] {
        explorations.map { $0.counts[kind] }
    }

    /// Of 20 orders, each program is as a whole before the other one in one.
    @Test func aLostUpdateIsCounted() throws {
        let runs = try Self.explorations(
            """
            session A: get x as n; put x $n+1; commit
            session B: get x as n; put x $n+1; commit
            explore all
            """)
        #expect(Self.counts(runs, .runs) == [20, 20, 20])
        #expect(Self.counts(runs, .anomalous) == [18, 0, 0])
        #expect(Self.counts(runs, .aborted) == [0, 18, 18])
        #expect(Self.counts(runs, .spurious) == [0, 0, 0])
        #expect(runs.allSatisfy { $0.hasPassed })
    }

    /// The writer commits between the two reads in 2 of 10 orders: its put may be before the first read or after it.
    @Test func aFuzzyReadIsCounted() throws {
        let runs = try Self.explorations("session A: get x; get x; commit\nsession B: put x 1; commit\nexplore all")
        #expect(Self.counts(runs, .anomalous) == [2, 0, 0])
        #expect(Self.counts(runs, .aborted) == [0, 0, 0])
    }

    /// First committer wins, although nobody has read: whoever is second would have been right too.
    @Test func anAbortOfABlindWriteIsSpurious() throws {
        let runs = try Self.explorations("session A: put x 1; commit\nsession B: put x 2; commit\nexplore all")
        #expect(Self.counts(runs, .runs) == [6, 6, 6])
        #expect(Self.counts(runs, .aborted) == [0, 4, 0])
        #expect(Self.counts(runs, .spurious) == [0, 4, 0])
        let witness = try #require(runs[1].witnesses.first { $0.kind == .spurious })
        #expect(witness.order.sorted() == ["A", "A", "B", "B"])
        #expect(witness.lines.map(\.session) == witness.order)
        #expect(witness.lines.last?.actual == "conflict")
        #expect(witness.history.transactions.map(\.outcome) == [.committed, .committed, .aborted])
    }

    @Test func severalTransactionsOfAProgramAreJudgedOneByOne() throws {
        let runs = try Self.explorations(
            """
            session A: get x; put y 1; commit; get y; rollback
            session B: del-range a z; commit
            session db: flush; compact full
            explore all
            """)
        #expect(runs.allSatisfy { $0.hasPassed })
        #expect(Self.counts(runs, .runs) == [756, 756, 756])
        #expect(runs[0].counts[.aborted] == 0)
        let aborted = try #require(runs[2].counts[.aborted])
        #expect(aborted > 0)
    }

    @Test func whatIsNotAsCountedIsReported() throws {
        let text = """
            spec "a"
            session A: put x 1; commit
            session B: put x 2; commit
            explore all
              runs 6
              aborted rc: 1 | si: <= 4
              spurious <= 3
            """
        let report = try SpecRuns.report(text)
        #expect(report.explorations.map(\.hasPassed) == [false, false, true])
        #expect(report.failed == 2)
        let unmet = report.explorations.map { $0.unmet.map { "\($0.position.line) \($0.kind) \($0.actual)" } }
        #expect(unmet == [["6 aborted 0"], ["7 spurious 4"], []])
    }

    @Test func ordersAreAllThereOnceEach() throws {
        let programs = "session A: get x; get y; commit\nsession B: put x 1; commit\nsession C: put y 1; commit"
        let all = try Spec(parsing: "spec \"a\"\n\(programs)\nexplore all\n")
        let explore = try #require(all.explore)
        var orders: [[Int]] = []
        var generator = StepOrders(explore)
        while let order = generator.next() { orders.append(order) }
        #expect(orders.count == 210 && explore.orders == 210)
        #expect(Set(orders).count == 210)
        #expect(orders.allSatisfy { $0.sorted() == [0, 0, 0, 1, 1, 2, 2] })
    }

    @Test func aSampleFollowsFromItsSeed() throws {
        func sample(_ seed: Int) throws -> [[Int]] {
            let programs = "session A: get x; get y; commit\nsession B: put x 1; commit"
            let spec = try Spec(parsing: "spec \"a\"\n\(programs)\nexplore sample 2000 seed \(seed)\n")
            let generator = StepOrders(try #require(spec.explore))
            return Array(IteratorSequence(generator))
        }
        let orders = try sample(3)
        #expect(orders.count == 2000)
        #expect(try sample(3) == orders)
        #expect(try sample(4) != orders)
        // Each of the ten orders is drawn 200 times on average.
        var counts: [[Int]: Int] = [:]
        for order in orders { counts[order, default: 0] += 1 }
        #expect(counts.count == 10)
        #expect(counts.values.allSatisfy { (120...280).contains($0) }, "\(counts)")
        let report = try SpecRuns.report(
            "spec \"a\"\nsession A: get x; commit\nsession B: put x 1; commit\nexplore sample 40 seed 9\n  runs 40\n")
        #expect(report.failed == 0)
        #expect(report.explorations.map(\.seed) == [9, 9, 9])
    }

    /// A store that promises more than it keeps is found out: here, one level judged by the oracle of another one.
    @Test func whatALevelForbidsIsFound() throws {
        let text = """
            spec "a"
            setup
              put x 0
              put y 0
            session A: get x; put y 1; commit
            session B: get y; put x 1; commit
            explore all
            """
        let spec = try Spec(parsing: text)
        let image = try SpecStore.Image(retainedCommits: 0)
        let runner = SpecRunner(spec)
        let explore = try #require(spec.explore)
        for (level, promise, isFound) in [
            (Level.snapshot, Level.serializable, true), (.readCommitted, .serializable, true),
            (.readCommitted, .snapshot, false), (.serializable, .readCommitted, false),
        ] {
            let run = try Explorer(runner, explore, level: level, image: image, promise: promise).run()
            #expect(run.hasPassed != isFound, "\(level) as \(promise)")
            let forbidden = run.witnesses.filter(\.isForbidden)
            #expect(forbidden.count == (isFound ? Explorer.witnessLimit : 0))
            #expect(forbidden.allSatisfy { $0.kind == .anomalous && $0.verdict.kinds == [.g2Item] })
        }
        let lost = try Spec(
            parsing: "spec \"a\"\nsession A: get x; put x 1; commit\nsession B: get x; put x 2; commit\nexplore all\n")
        let run = try Explorer(
            SpecRunner(lost), try #require(lost.explore), level: .readCommitted, image: image, promise: .snapshot
        ).run()
        #expect(!run.hasPassed)
    }

    @Test func aProgramThatCannotRunIsAnErrorWithItsPlace() throws {
        do {
            _ = try Self.explorations("session A: get z as n; put x $n+1; commit\nexplore all")
            Issue.record("no error")
        } catch let errors as SpecErrors {
            #expect(errors.errors.first?.line == 5)
            #expect(errors.errors.first?.found == "$n that holds none")
        }
    }
}
