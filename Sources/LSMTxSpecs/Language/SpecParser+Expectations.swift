/// Which results a step can have.
struct SpecResultShape {
    enum Kind: String, CaseIterable {
        case value = "a value"
        case list = "a list"
        case none, ok, conflict, unknown, gone
    }

    let subject: String
    let kinds: [Kind]

    static let contents = SpecResultShape(subject: "final", kinds: [.list])

    private init(subject: String, kinds: [Kind]) {
        self.subject = subject
        self.kinds = kinds
    }

    init(_ action: Spec.Action) {
        switch action {
        case .transaction(.get): self.init(subject: "a get", kinds: [.value, .none, .gone])
        case .transaction(.scan), .transaction(.next): self.init(subject: "a scan", kinds: [.list, .gone])
        case .transaction(.commit): self.init(subject: "a commit", kinds: [.ok, .conflict, .unknown, .gone])
        case .transaction: self.init(subject: "this step", kinds: [.ok, .gone])
        case .database(.versions): self.init(subject: "versions", kinds: [.value])
        case .database: self.init(subject: "this step", kinds: [.ok])
        }
    }

    /// What can be expected, in words.
    func description(inChoice: Bool) -> String {
        var words = kinds.map(\.rawValue)
        if !inChoice { words += ["any", "skip"] + (kinds.count > 1 || kinds == [.value] ? ["one-of"] : []) }
        let last = words.removeLast()
        return "what \(subject) can give: " + (words.isEmpty ? last : words.joined(separator: ", ") + " or " + last)
    }
}

extension SpecParser {
    /// An expectation for a step of this kind.
    mutating func perLevel(of shape: SpecResultShape) throws(Failure) -> PerLevel<Spec.Expectation> {
        try perLevel(isComplete: true) { (parser: inout SpecParser) throws(Failure) in
            try parser.expectation(shape, inChoice: false)
        }
    }

    private mutating func expectation(
        _ shape: SpecResultShape, inChoice: Bool
    ) throws(Failure) -> Spec.Expectation {
        let token = current
        switch token.kind {
        case .opening:
            try require(.list, shape, token, inChoice)
            return .list(try entries())
        case .string(let bytes):
            try require(.value, shape, token, inChoice)
            advance()
            return .value(.bytes(bytes))
        case .variable(let name, let plus):
            let kind: SpecResultShape.Kind = variable(name, plus) == .list ? .list : .value
            // One that is not bound is an error already, whatever it should have held.
            if scope.variables[name] != nil { try require(kind, shape, token, inChoice) }
            advance()
            return .value(.variable(name, plus: plus))
        case .word(let word): return try expectation(word, shape, inChoice: inChoice)
        default: throw unexpected(token, expected: shape.description(inChoice: inChoice))
        }
    }

    private mutating func expectation(
        _ word: String, _ shape: SpecResultShape, inChoice: Bool
    ) throws(Failure) -> Spec.Expectation {
        let token = current
        let simple: (kind: SpecResultShape.Kind, expectation: Spec.Expectation)
        switch word {
        case "none": simple = (.none, .none)
        case "ok": simple = (.ok, .ok)
        case "conflict": simple = (.conflict, .conflict)
        case "unknown": simple = (.unknown, .unknown)
        case "gone": simple = (.gone, .gone)
        case "any", "skip", "one-of":
            if inChoice {
                throw Failure(
                    token: token, expected: shape.description(inChoice: true),
                    hint: "put a value of that name in quotes")
            }
            advance()
            return word == "any" ? .any : word == "skip" ? .skip : try choices(shape)
        case _ where Level(rawValue: word) != nil:
            throw Failure(
                token: token, expected: "a colon after the levels", hint: "put a value of that name in quotes")
        default:
            try require(.value, shape, token, inChoice)
            advance()
            return .value(.bytes(Array(word.utf8)))
        }
        try require(simple.kind, shape, token, inChoice)
        advance()
        return simple.expectation
    }

    private mutating func choices(_ shape: SpecResultShape) throws(Failure) -> Spec.Expectation {
        var choices: [Spec.Expectation] = []
        repeat {
            choices.append(try expectation(shape, inChoice: true))
        } while current.kind != .end
            && current.kind != .bar
        if choices.count == 1 {
            throw unexpected(current, expected: "another result, since there are two at least to choose from")
        }
        return .oneOf(choices)
    }

    private func require(
        _ kind: SpecResultShape.Kind, _ shape: SpecResultShape, _ token: SpecToken, _ inChoice: Bool
    ) throws(Failure) {
        guard !shape.kinds.contains(kind) else { return }
        var hint: String?
        if shape.kinds.contains(.value), case .word(let word) = token.kind {
            hint = "put a value of that name in quotes: \"\(word)\""
        }
        throw unexpected(
            token, expected: shape.description(inChoice: inChoice), among: kind == .value ? SpecWords.results : [],
            else: hint)
    }

    /// `[a=1, b=$x]`
    private mutating func entries() throws(Failure) -> [Spec.Entry] {
        advance()
        var entries: [Spec.Entry] = []
        if accept(.closing) { return entries }
        repeat {
            let key = try bytes("a key")
            try expect(.equals, "\"=\" and the key's value")
            entries.append(Spec.Entry(key: key, value: try operand("the key's value")))
        } while accept(.comma)
        try expect(.closing, "\",\" or \"]\"")
        return entries
    }
}
