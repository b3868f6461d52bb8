import Testing

@testable import LSMTxSpecs

/// What each construct becomes.
@Suite struct SpecParserTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// The steps of a schedule with these lines.
    private static func steps(_ lines: String) throws -> [Spec.Step] {
        let spec = try Spec(parsing: "spec \"a\"\nschedule \"s\"\n" + lines)
        return spec.schedules[0].items.compactMap { item in
            if case .step(let step) = item { step } else { nil }
        }
    }

    private static func operations(_ lines: String) throws -> [Spec.Operation] {
        try steps(lines).compactMap { step in
            if case .transaction(let operation) = step.action { operation } else { nil }
        }
    }

    @Test func theHeader() throws {
        let spec = try Spec(
            parsing:
                "\n# first\nspec \"a \\\"b\\\"\"  # name\nsee \"x\"\nlevels ser rc\nretention 5\nanomaly G0\nsee \"y\"\r\n"
        )
        #expect(spec.name == "a \"b\"")
        #expect(spec.anomaly == "G0")
        #expect(spec.sources == ["x", "y"])
        #expect(spec.levels == [.readCommitted, .serializable])
        #expect(spec.retainedCommits == 5)
        #expect(spec.position == SourcePosition(line: 3, column: 1))
        #expect(try Spec(parsing: "spec \"a\"").levels == Level.allCases)
    }

    @Test func theSetup() throws {
        let spec = try Spec(parsing: "spec \"a\"\nsetup\n put k \"\\x00\\xff\\n\\t\\\\\"\n  del k\n del-range a b")
        #expect(
            spec.setup.map(\.write) == [
                .put(Self.bytes("k"), .bytes([0, 255, 10, 9, 92])), .delete(Self.bytes("k")),
                .deleteRange(Self.bytes("a"), Self.bytes("b")),
            ])
        #expect(spec.setup.map(\.position.column) == [2, 3, 2])
    }

    @Test func everyOperation() throws {
        let (a, z) = (Self.bytes("a"), Self.bytes("z"))
        let found = try Self.operations(
            """
            T begin
            T begin read-only
            T get a
            T put a 1
            T del a
            T del-range a z
            T scan a z
            T scan a z limit 3 reverse
            T prefix a reverse
            T open c a z limit 2
            T next c
            T next c 4
            T savepoint s
            T rollback-to s
            T release s
            T guard a
            T guard a z
            T commit
            T rollback
            """)
        let range = Spec.Scan.Bounds.range(a, z)
        #expect(
            found == [
                .begin(readOnly: false), .begin(readOnly: true), .get(a), .write(.put(a, .bytes(Self.bytes("1")))),
                .write(.delete(a)), .write(.deleteRange(a, z)), .scan(Spec.Scan(bounds: range)),
                .scan(Spec.Scan(bounds: range, limit: 3, isReversed: true)),
                .scan(Spec.Scan(bounds: .prefix(a), isReversed: true)),
                .open(cursor: "c", Spec.Scan(bounds: range, limit: 2)), .next(cursor: "c", count: 1),
                .next(cursor: "c", count: 4), .savepoint("s"), .rollbackTo("s"), .release("s"),
                .guardReads(a, upTo: nil), .guardReads(a, upTo: z), .commit, .rollback,
            ])
        #expect(found.filter(\.endsTransaction) == [.commit, .rollback])
    }

    @Test func everyOperationOfTheDatabase() throws {
        let found = try Self.steps(
            """
            db flush
            db compact
            db compact full
            db close
            db reopen
            db crash
            db failpoint wal.append torn
            db versions k -> 2
            """)
        #expect(found.allSatisfy { $0.session == Spec.databaseSession })
        #expect(
            found.map(\.action) == [
                .database(.flush), .database(.compact(full: false)), .database(.compact(full: true)),
                .database(.close), .database(.reopen), .database(.crash),
                .database(.failpoint("wal.append", action: "torn")), .database(.versions(Self.bytes("k"))),
            ])
    }

    @Test func everyResult() throws {
        let steps = try Self.steps(
            """
            T get a as x      -> 1
            T get a           -> "ok"
            T get a           -> none
            T get a           -> $x-3
            T get a           -> one-of 1 none "a b" $x
            T scan a z as all -> []
            T scan a z        -> [a=1, "b c"=$x+2]
            T scan a z        -> $all
            T put a $x        -> ok
            T commit          -> conflict
            T commit          -> unknown
            T commit          -> gone
            T commit          -> any
            T commit          -> skip
            T commit
            """)
        let one = Spec.Expectation.value(.bytes(Self.bytes("1")))
        let x = Spec.Operand.variable("x", plus: 0)
        #expect(
            steps.map { $0.expectation(at: .snapshot) } == [
                one, .value(.bytes(Self.bytes("ok"))), Spec.Expectation.none, .value(.variable("x", plus: -3)),
                .oneOf([one, .none, .value(.bytes(Self.bytes("a b"))), .value(x)]), .list([]),
                .list([
                    Spec.Entry(key: Self.bytes("a"), value: .bytes(Self.bytes("1"))),
                    Spec.Entry(key: Self.bytes("b c"), value: .variable("x", plus: 2)),
                ]), .value(.variable("all", plus: 0)), .ok, .conflict, .unknown, .gone, .any, .skip, nil,
            ])
        #expect(steps.map(\.binding).compactMap(\.self) == ["x", "all"])
        #expect(steps[8].action == .transaction(.write(.put(Self.bytes("a"), x))))
    }

    @Test func whatHoldsAtEachLevel() throws {
        let steps = try Self.steps("T commit -> ser rc: ok\n  # why\n  | si: conflict\nT commit\n  -> ok\n")
        #expect(Level.allCases.map { steps[0].expectation(at: $0) } == [.ok, .conflict, .ok])
        #expect(steps[0].expectation?.cases.map(\.position.line) == [3, 5])
        #expect(steps[0].expectation?.cases[0].levels == [.readCommitted, .serializable])
        #expect(Level.allCases.map { steps[1].expectation(at: $0) } == [.ok, .ok, .ok])
        let spec = try Spec(
            parsing: "spec \"a\"\nschedule \"s\"\n final rc si: [] | ser: [a=1]\n verdict rc: G0 | si ser: none\n")
        guard case .final(let final)? = spec.schedules[0].items.first,
            case .verdict(let verdict)? = spec.schedules[0].items.last
        else {
            Issue.record("a final and a verdict were expected")
            return
        }
        #expect(final.expectation(at: .snapshot) == .list([]))
        #expect(Level.allCases.map { verdict.anomaly(at: $0) } == ["G0", "none", "none"])
        #expect(spec.schedules[0].items.map(\.position.line) == [3, 4])
    }

    @Test func explorations() throws {
        let spec = try Spec(
            parsing: """
                spec "a"
                session T1: get x as n; put x $n+1; commit
                session T2: get x as n
                  ; put x $n+1; commit
                session db: flush; compact full
                explore sample 100 seed 18446744073709551615
                  runs 100
                  anomalous rc: <= 3 | ser: 0
                """)
        let explore = try #require(spec.explore)
        #expect(explore.sessions.map(\.session) == ["T1", "T2", "db"])
        #expect(explore.sessions.map(\.steps.count) == [3, 3, 2])
        #expect(explore.coverage == .sample(100, seed: .max))
        #expect(explore.orders == 560)
        #expect(explore.bound(.runs, at: .snapshot)?.allows(100) == true)
        #expect(explore.bound(.runs, at: .snapshot)?.allows(99) == false)
        #expect(explore.bound(.anomalous, at: .readCommitted)?.allows(2) == true)
        #expect(explore.bound(.anomalous, at: .readCommitted)?.allows(4) == false)
        #expect(explore.bound(.anomalous, at: .snapshot) == nil)
        #expect(explore.bound(.aborted, at: .snapshot) == nil)
        #expect(try Spec(parsing: "spec \"a\"\nsession T: commit\nexplore all").explore?.coverage == .all)
    }

    @Test func theNumberOfOrdersIsAMultinomial() {
        func orders(_ lengths: [Int]) -> Int {
            let step = Spec.Step(session: "T", action: .transaction(.commit))
            let programs = lengths.map { Spec.Program(session: "T", steps: Array(repeating: step, count: $0)) }
            return Spec.Explore(sessions: programs, coverage: .all).orders
        }
        #expect(orders([]) == 1)
        #expect(orders([0, 3]) == 1)
        #expect(orders([3, 3]) == 20)
        #expect(orders([4, 4, 4]) == Spec.Explore.maximumOrders)
        #expect(orders([3, 3, 3, 3]) == 369_600)
        #expect(orders([60, 60]) == .max)
    }

    @Test func positionsDoNotCountAndEverythingElseDoes() throws {
        let tight = try Spec(parsing: "spec \"a\"\nschedule \"s\"\nT get x -> 1")
        #expect(try Spec(parsing: "\n\nspec   \"a\"\n\n schedule \"s\"\n\n   T  get  x  ->  1") == tight)
        #expect(try Spec(parsing: "spec \"a\"\nschedule \"s\"\nT get x -> 2") != tight)
        #expect(SourcePosition(line: 1, column: 9) < SourcePosition(line: 2, column: 1))
        #expect(SourcePosition(line: 2, column: 1).description == "2:1")
    }
}
