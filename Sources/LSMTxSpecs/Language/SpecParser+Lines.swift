extension SpecParser {
    /// Reads a line by its first word.
    mutating func parseLine() throws(Failure) {
        let first = current
        if section == .start {
            section = .meta
            if currentWord != "spec" {
                let failure = unexpected(first, expected: "\"spec\" and its name in quotes first", among: ["spec"])
                // A file that only lacks its first line is read on, so that no other line of it seems wrong.
                let isAnotherLine = currentWord.map { SpecWords.meta.contains($0) || $0 == "setup" || $0 == "schedule" }
                guard isAnotherLine == true else { throw failure }
                report(first, expected: failure.expected)
            }
        } else if currentWord == "spec" {
            throw Failure(token: first, expected: "one spec in a file")
        }
        switch currentWord {
        case "spec":
            spec.position = first.position
            advance()
            spec.name = try text("the spec's name in quotes")
        case let word? where SpecWords.meta.contains(word): try meta(word)
        case "setup":
            guard section == .meta else {
                throw Failure(token: first, expected: "the setup once, before the schedules")
            }
            section = .setup
            advance()
        case "schedule": try schedule()
        case "session": try program()
        case "explore": try explore()
        default: try lineOfSection()
        }
    }

    private mutating func lineOfSection() throws(Failure) {
        switch section {
        case .start, .meta:
            let words = SpecWords.meta + SpecWords.sections.dropFirst()
            throw unexpected(
                current, expected: "anomaly, see, levels, retention, setup, schedule or session", among: words)
        case .setup:
            let position = current.position
            guard let write = try write() else {
                throw unexpected(
                    current, expected: "put, del or del-range, or a schedule",
                    among: SpecWords.writes + SpecWords.sections)
            }
            spec.setup.append(Spec.SetupWrite(write: write, position: position))
        case .schedule: try scheduleLine()
        case .programs:
            throw unexpected(current, expected: "another session, or explore", among: ["session", "explore"])
        case .counts: try count()
        }
    }

    private mutating func meta(_ word: String) throws(Failure) {
        guard section == .meta else {
            throw Failure(token: current, expected: "\(word) right after the spec's name")
        }
        if word != "see", !seen.insert(word).inserted {
            throw Failure(token: current, found: "\"\(word)\" again", expected: "it once")
        }
        advance()
        switch word {
        case "anomaly": spec.anomaly = try self.word("the anomaly's name")
        case "see": spec.sources.append(try text("where the case is from, in quotes"))
        case "retention": spec.retainedCommits = try number("the number of commits that stay readable")
        default:
            var levels: Set<Level> = []
            repeat {
                let token = current
                let level = try level()
                if !levels.insert(level).inserted { report(token, expected: "each level once") }
            } while current.kind != .end
            spec.levels = levels.sorted()
        }
    }

    private mutating func schedule() throws(Failure) {
        guard section == .meta || section == .setup || section == .schedule else {
            throw Failure(token: current, expected: "schedules before the sessions that are explored")
        }
        section = .schedule
        spec.schedules.append(Spec.Schedule(name: "", position: current.position))
        scope = SpecScope()
        advance()
        let token = current
        let name = try text("the schedule's name in quotes")
        if spec.schedules.contains(where: { $0.name == name && !$0.name.isEmpty }) {
            report(token, expected: "a name that no other schedule has")
        }
        spec.schedules[spec.schedules.count - 1].name = name
    }

    private mutating func scheduleLine() throws(Failure) {
        let position = current.position
        let item: Spec.Item
        switch currentWord {
        case "final":
            advance()
            item = .final(Spec.Final(contents: try perLevel(of: .contents), position: position))
        case "verdict":
            advance()
            let anomaly = try perLevel(isComplete: true) { (parser: inout SpecParser) throws(Failure) in
                try parser.word("an anomaly's name, none or any")
            }
            item = .verdict(Spec.Verdict(anomaly: anomaly, position: position))
        default: item = .step(try step())
        }
        spec.schedules[spec.schedules.count - 1].items.append(item)
    }

    // MARK: Levels

    mutating func level() throws(Failure) -> Level {
        guard let level = currentWord.flatMap(Level.init) else {
            throw unexpected(current, expected: "a level: rc, si or ser", among: SpecWords.levels)
        }
        advance()
        return level
    }

    /// Something for all levels, or for each of some: `rc si: A | ser: B`.
    mutating func perLevel<Value>(
        isComplete: Bool, _ value: (inout SpecParser) throws(Failure) -> Value
    ) throws(Failure) -> PerLevel<Value> {
        var cases: [PerLevel<Value>.Case] = []
        var named: Set<Level> = []
        repeat {
            let start = current
            var levels: [Level] = []
            if isAhead(.colon) {
                repeat {
                    let token = current
                    let level = try level()
                    if !named.insert(level).inserted {
                        report(token, expected: "each level once")
                    } else if !spec.levels.contains(level) {
                        report(token, expected: "one of the spec's levels: \(Self.list(spec.levels))")
                    }
                    levels.append(level)
                } while current.kind != .colon
                advance()
            } else if !cases.isEmpty || isAhead(.bar) {
                throw Failure(
                    token: start, expected: "a level in front of each of several results",
                    hint: "as in \"rc si: A | ser: B\"")
            }
            let value = try value(&self)
            cases.append(PerLevel.Case(levels: levels.sorted(), value: value, position: start.position))
        } while accept(.bar)
        let missing = spec.levels.filter { !named.contains($0) }
        if isComplete, !named.isEmpty, !missing.isEmpty {
            report(current, expected: "a result for \(Self.list(missing)) too")
        }
        return PerLevel(cases: cases)
    }

    static func list(_ levels: some Sequence<Level>) -> String { levels.map(\.rawValue).joined(separator: ", ") }
}
