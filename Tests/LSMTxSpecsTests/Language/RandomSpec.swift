import LSMTxSimulation

@testable import LSMTxSpecs

/// Specs that use every construct, drawn from a seed. They obey the rules that the parser checks.
struct RandomSpec {
    private var generator: SeededGenerator
    private var scope = SpecScope()

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    private mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &generator) }
    private mutating func one<Element>(of elements: [Element]) -> Element { elements[below(elements.count)] }

    mutating func next() -> Spec {
        var spec = Spec(name: text())
        if below(2) == 0 { spec.anomaly = one(of: ["G0", "G-single", "version-gc"]) }
        spec.sources = (0..<below(3)).map { _ in text() }
        spec.levels = one(of: [Level.allCases, [.snapshot], [.readCommitted, .serializable]])
        spec.retainedCommits = one(of: [0, 7, .max])
        for _ in 0..<below(4) { spec.setup.append(Spec.SetupWrite(write: write())) }
        for number in 0..<below(4) {
            scope = SpecScope()
            var schedule = Spec.Schedule(name: "\(number)" + text())
            for _ in 0..<below(12) { schedule.items.append(item(spec.levels)) }
            spec.schedules.append(schedule)
        }
        if below(2) == 0 { spec.explore = explore(spec.levels) }
        return spec
    }

    private mutating func text() -> String {
        one(of: ["", "a b", "say \"no\"\\", "ä→𝄞", "tab\tline\n", "\u{1}\u{7F}"])
    }

    private mutating func bytes() -> [UInt8] {
        switch below(4) {
        case 0: Array(one(of: ["a", "x1", "a/b.c", "~seed", "-11", "->", "read-only", "ok", "rc", "as", "limit"]).utf8)
        case 1: Array(text().utf8)
        default: (0..<below(4)).map { _ in UInt8.random(in: 0...255, using: &generator) }
        }
    }

    private mutating func operand() -> Spec.Operand {
        let names = scope.variables.filter { $0.value == .value }.keys.sorted()
        guard below(3) == 0, !names.isEmpty else { return .bytes(bytes()) }
        return .variable(one(of: names), plus: one(of: [0, 3, -20, .max, .min]))
    }

    private mutating func write() -> Spec.Write {
        switch below(3) {
        case 0: .put(bytes(), operand())
        case 1: .delete(bytes())
        default: .deleteRange(bytes(), bytes())
        }
    }

    private mutating func scan(prefixes: Bool) -> Spec.Scan {
        Spec.Scan(
            bounds: prefixes && below(2) == 0 ? .prefix(bytes()) : .range(bytes(), bytes()),
            limit: below(2) == 0 ? nil : 1 + below(9), isReversed: below(2) == 0)
    }

    private mutating func operation(of session: String) -> Spec.Operation {
        let cursors = scope.cursors(of: session).sorted()
        let savepoints = scope.savepoints(of: session)
        switch below(12) {
        case 0: return .begin(readOnly: below(2) == 0)
        case 1: return .get(bytes())
        case 2, 3: return .write(write())
        case 4: return .scan(scan(prefixes: true))
        case 5: return .open(cursor: one(of: ["c", "as", "limit"]), scan(prefixes: false))
        case 6 where !cursors.isEmpty: return .next(cursor: one(of: cursors), count: 1 + below(3))
        case 7: return .savepoint(one(of: ["s", "t", "ok"]))
        case 8 where !savepoints.isEmpty: return .rollbackTo(one(of: savepoints))
        case 9 where !savepoints.isEmpty: return .release(one(of: savepoints))
        case 10: return .guardReads(bytes(), upTo: below(2) == 0 ? nil : bytes())
        case 11: return below(2) == 0 ? .commit : .rollback
        default: return .get(bytes())
        }
    }

    private mutating func databaseOperation(inProgram: Bool) -> Spec.DatabaseOperation {
        switch below(inProgram ? 3 : 9) {
        case 0: .flush
        case 1: .compact(full: true)
        case 2: .compact(full: false)
        case 3: .close
        case 4: .reopen
        case 5: .crash
        case 6: .failpoint("wal.append", action: "torn")
        default: .versions(bytes())
        }
    }

    private mutating func step(_ session: String, inProgram: Bool = false, levels: [Level]) -> Spec.Step {
        let action: Spec.Action =
            session == Spec.databaseSession
            ? .database(databaseOperation(inProgram: inProgram)) : .transaction(operation(of: session))
        var step = Spec.Step(session: session, action: action)
        let holding = action.holding
        if holding != nil, below(2) == 0 { step.binding = one(of: ["a", "b", "x_1"]) }
        if !inProgram, below(2) == 0 {
            let mayskip = step.binding == nil
            step.expectation = perLevel(levels) { $0.expectation(SpecResultShape(action), maySkip: mayskip) }
        }
        if let name = step.binding, let holding { scope.bind(name, to: holding) }
        switch action {
        case .transaction(let operation): scope.apply(operation, of: session)
        case .database(let operation): scope.apply(operation)
        }
        return step
    }

    private mutating func item(_ levels: [Level]) -> Spec.Item {
        switch below(8) {
        case 0: .final(Spec.Final(contents: perLevel(levels) { $0.expectation(.contents, maySkip: true) }))
        case 1: .verdict(Spec.Verdict(anomaly: perLevel(levels) { $0.one(of: ["none", "G2", "G-single"]) }))
        default: .step(step(one(of: ["T1", "T2", "reader", "db"]), levels: levels))
        }
    }

    private mutating func expectation(
        _ shape: SpecResultShape, maySkip: Bool, inChoice: Bool = false
    ) -> Spec.Expectation {
        if !inChoice, below(6) == 0 { return maySkip && below(2) == 0 ? .skip : .any }
        if !inChoice, below(4) == 0 {
            return .oneOf((0..<2 + below(2)).map { _ in expectation(shape, maySkip: false, inChoice: true) })
        }
        switch one(of: shape.kinds) {
        case .value: return .value(operand())
        case .list:
            let lists = scope.variables.filter { $0.value == .list }.keys.sorted()
            if below(2) == 0, !lists.isEmpty { return .value(.variable(one(of: lists), plus: 0)) }
            return .list((0..<below(4)).map { _ in Spec.Entry(key: bytes(), value: operand()) })
        case .none: return .none
        case .ok: return .ok
        case .conflict: return .conflict
        case .unknown: return .unknown
        case .gone: return .gone
        }
    }

    private mutating func perLevel<Value>(
        _ levels: [Level], _ value: (inout RandomSpec) -> Value
    ) -> PerLevel<Value> {
        if below(2) == 0 { return PerLevel(cases: [PerLevel.Case(levels: [], value: value(&self))]) }
        let cut = below(levels.count)
        return PerLevel(
            cases: [Array(levels[cut...]), Array(levels[..<cut])].filter { !$0.isEmpty }.map {
                PerLevel.Case(levels: $0, value: value(&self))
            })
    }

    private mutating func explore(_ levels: [Level]) -> Spec.Explore {
        var programs: [Spec.Program] = []
        for session in ["T1", "T2", "db"].prefix(1 + below(3)) {
            scope = SpecScope()
            var steps = (0..<1 + below(3)).map { _ in step(session, inProgram: true, levels: levels) }
            if session != "db" { steps.append(Spec.Step(session: session, action: .transaction(.commit))) }
            programs.append(Spec.Program(session: session, steps: steps))
        }
        var explore = Spec.Explore(sessions: programs, coverage: .all)
        if below(2) == 0 { explore.coverage = .sample(1 + below(100), seed: one(of: [0, 1, .max])) }
        for kind in Spec.Count.Kind.allCases where below(2) == 0 {
            let bounds = perLevel(levels) { Spec.Bound(count: $0.below(99), isUpperLimit: $0.below(2) == 0) }
            explore.counts.append(Spec.Count(kind: kind, bounds: bounds))
        }
        return explore
    }
}
