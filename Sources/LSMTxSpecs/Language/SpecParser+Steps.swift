extension SpecParser {
    /// A line of a schedule: who does what, what keeps the result, what it must be.
    mutating func step() throws(Failure) -> Spec.Step {
        let first = current
        let session = try sessionName()
        var step = Spec.Step(session: session, action: try action(of: session, first), position: first.position)
        let holding = step.action.holding
        if current.kind == .word("as") { step.binding = try binding(holding) }
        let results = current
        if accept(.arrow) {
            let expectation = try perLevel(of: SpecResultShape(step.action))
            if step.binding != nil, expectation.cases.contains(where: { $0.value == .skip }) {
                report(results, expected: "a step that runs at all levels, since it binds a variable")
            }
            step.expectation = expectation
        }
        // Bound only now: a step cannot expect what it binds itself.
        apply(step, holding)
        return step
    }

    private mutating func apply(_ step: Spec.Step, _ holding: SpecScope.Holding?) {
        if let binding = step.binding, let holding { scope.bind(binding, to: holding) }
        switch step.action {
        case .transaction(let operation): scope.apply(operation, of: step.session)
        case .database(let operation): scope.apply(operation)
        }
    }

    private mutating func binding(_ holding: SpecScope.Holding?) throws(Failure) -> String {
        guard holding != nil else {
            throw Failure(token: current, expected: "no variable: the step has no value that could be kept")
        }
        advance()
        let token = current
        let name = try word("the variable's name")
        guard name.unicodeScalars.allSatisfy(SpecWords.isPartOfName) else {
            throw Failure(token: token, expected: "a name of letters, digits and _")
        }
        return name
    }

    /// A session's name, or `db`.
    mutating func sessionName() throws(Failure) -> String {
        guard let name = currentWord, !SpecWords.notSessions.contains(name) else {
            let isOperation = currentWord.map(SpecWords.operations.contains) ?? false
            throw unexpected(
                current, expected: "a session's name",
                else: isOperation ? "a step begins with who does it, as in \"T1 commit\"" : nil)
        }
        advance()
        return name
    }

    private mutating func action(of session: String, _ first: SpecToken) throws(Failure) -> Spec.Action {
        if session == Spec.databaseSession { return .database(try databaseOperation()) }
        if let operation = try operation(of: session) { return .transaction(operation) }
        // A misspelt `final` or `schedule` looks like a session that does something unknown.
        let lines = SpecWords.sections + SpecWords.scheduleLines
        let isCloseToOperation = currentWord.map { SpecWords.closest(to: $0, among: SpecWords.operations) != nil }
        if isCloseToOperation != true, current.kind != .end,
            let line = SpecWords.closest(to: session, among: lines)
        {
            throw Failure(token: first, expected: "a session and what it does", hint: "did you mean \"\(line)\"?")
        }
        throw unexpected(
            current, expected: "what \(session) does: \(SpecWords.operations.joined(separator: ", "))",
            among: SpecWords.operations,
            else: currentWord.map(SpecWords.databaseOperations.contains) == true ? "only db does that" : nil)
    }

    // MARK: Programs

    /// `session T1: get x; commit`
    mutating func program() throws(Failure) {
        guard section != .counts else { throw Failure(token: current, expected: "sessions before explore") }
        section = .programs
        let position = current.position
        advance()
        let name = current
        let session = try sessionName()
        if programs.contains(where: { $0.session == session }) { report(name, expected: "each session once") }
        try expect(.colon, "a colon after the session's name")
        scope = SpecScope()
        var steps: [Spec.Step] = []
        repeat {
            let token = current
            var step = Spec.Step(session: session, action: try action(of: session, token), position: token.position)
            let holding = step.action.holding
            switch step.action {
            case .database(.flush), .database(.compact), .transaction: break
            case .database: throw Failure(token: token, expected: "flush or compact: other things need a schedule")
            }
            if current.kind == .word("as") { step.binding = try binding(holding) }
            guard current.kind != .arrow else {
                throw Failure(token: current, expected: "\";\" or the end of the line: programs have no expectations")
            }
            apply(step, holding)
            steps.append(step)
        } while accept(.semicolon)
        if case .transaction(let last)? = steps.last?.action, !last.endsTransaction {
            report(name, found: "a program that leaves a transaction open", expected: "commit or rollback at its end")
        }
        programs.append(Spec.Program(session: session, steps: steps, position: position))
    }

    /// `explore all` or `explore sample 100 seed 1`
    mutating func explore() throws(Failure) {
        let token = current
        guard section != .counts else { throw Failure(token: token, expected: "explore once") }
        guard section == .programs else {
            section = .counts
            throw Failure(
                token: token, expected: "sessions before explore", hint: "as in \"session T1: get x; commit\"")
        }
        section = .counts
        seen.insert("explore")
        advance()
        let coverage: Spec.Explore.Coverage
        let kind = current
        if accept(word: "all") {
            coverage = .all
        } else if accept(word: "sample") {
            let count: Int = try number("the number of orders to run", from: 1)
            guard accept(word: "seed") else { throw unexpected(current, expected: "seed", among: ["seed"]) }
            coverage = .sample(count, seed: try number("the seed"))
        } else {
            throw unexpected(current, expected: "all, or sample N seed S", among: ["all", "sample"])
        }
        let explore = Spec.Explore(sessions: programs, coverage: coverage, position: token.position)
        if coverage == .all, explore.orders > Spec.Explore.maximumOrders {
            let count = explore.orders == .max ? "too many" : "\(explore.orders)"
            report(
                kind, found: "\(count) orders", expected: "at most \(Spec.Explore.maximumOrders)",
                hint: "draw some of them: \"explore sample N seed S\"")
        }
        spec.explore = explore
    }

    /// `anomalous rc: <= 3 | si ser: 0`
    mutating func count() throws(Failure) {
        let position = current.position
        guard let kind = currentWord.flatMap(Spec.Count.Kind.init) else {
            throw unexpected(current, expected: "runs, anomalous, aborted or spurious", among: SpecWords.counts)
        }
        if !seen.insert(kind.rawValue).inserted { report(current, expected: "each count once") }
        advance()
        let bounds = try perLevel(isComplete: false) { (parser: inout SpecParser) throws(Failure) in
            let isUpperLimit = parser.accept(.atMost)
            return Spec.Bound(count: try parser.number("a number of runs"), isUpperLimit: isUpperLimit)
        }
        spec.explore?.counts.append(Spec.Count(kind: kind, bounds: bounds, position: position))
    }
}

extension Spec.Explore {
    /// How many orders are run at most: those of three sessions with four steps each.
    public static let maximumOrders = 34_650
}

extension Spec.Action {
    /// What a variable would hold of the result; `nil` when there is nothing to hold.
    var holding: SpecScope.Holding? {
        switch self {
        case .transaction(.get), .database(.versions): .value
        case .transaction(.scan), .transaction(.next): .list
        case .transaction, .database: nil
        }
    }
}
