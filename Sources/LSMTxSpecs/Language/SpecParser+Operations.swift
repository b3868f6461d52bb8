extension SpecParser {
    /// What a session does; `nil` when the next word is no such thing.
    mutating func operation(of session: String) throws(Failure) -> Spec.Operation? {
        if let write = try write() { return .write(write) }
        guard let word = currentWord, SpecWords.operations.contains(word) else { return nil }
        advance()
        switch word {
        case "begin": return .begin(readOnly: accept(word: "read-only"))
        case "get": return .get(try bytes("a key"))
        case "scan": return .scan(try range())
        case "prefix": return .scan(try modified(.prefix(try bytes("the prefix"))))
        case "open":
            let cursor = try self.word("the cursor's name")
            return .open(cursor: cursor, try range())
        case "next":
            let cursor = try known("a cursor", "that \(session) has opened", scope.cursors(of: session).sorted())
            if current.kind == .end || current.kind == .arrow || current.kind == .semicolon || currentWord == "as" {
                return .next(cursor: cursor, count: 1)
            }
            return .next(cursor: cursor, count: try number("the number of entries", from: 1))
        case "savepoint": return .savepoint(try self.word("the savepoint's name"))
        case "rollback-to": return .rollbackTo(try savepoint(of: session))
        case "release": return .release(try savepoint(of: session))
        case "guard":
            let low = try bytes("a key")
            guard current.kind != .end, current.kind != .arrow, current.kind != .semicolon else {
                return .guardReads(low, upTo: nil)
            }
            return .guardReads(low, upTo: try bytes("the high bound, or the end of the line"))
        case "commit": return .commit
        case "rollback": return .rollback
        default: return nil
        }
    }

    private mutating func savepoint(of session: String) throws(Failure) -> String {
        try known("a savepoint", "of \(session)'s transaction", scope.savepoints(of: session))
    }

    /// A name that has been given before. One that has not is an error, but the line is read on.
    private mutating func known(_ what: String, _ which: String, _ names: [String]) throws(Failure) -> String {
        let token = current
        let name = try word("the name of \(what)")
        if !names.contains(name) {
            let failure = unexpected(token, expected: "\(what) \(which)", among: names)
            report(token, expected: failure.expected, hint: failure.hint)
        }
        return name
    }

    private mutating func range() throws(Failure) -> Spec.Scan {
        let low = try bytes("the low bound")
        return try modified(.range(low, try bytes("the high bound")))
    }

    private mutating func modified(_ bounds: Spec.Scan.Bounds) throws(Failure) -> Spec.Scan {
        var scan = Spec.Scan(bounds: bounds)
        while let word = currentWord, word == "limit" || word == "reverse" {
            let isAgain = word == "limit" ? scan.limit != nil : scan.isReversed
            if isAgain { report(current, found: "\"\(word)\" again", expected: "it once") }
            advance()
            if word == "limit" {
                scan.limit = try number("the most entries that are wanted", from: 1)
            } else {
                scan.isReversed = true
            }
        }
        return scan
    }

    /// A change; `nil` when the next word is none.
    mutating func write() throws(Failure) -> Spec.Write? {
        if accept(word: "put") {
            let key = try bytes("a key")
            return .put(key, try operand("a value"))
        }
        if accept(word: "del") { return .delete(try bytes("a key")) }
        if accept(word: "del-range") {
            let low = try bytes("the low bound")
            return .deleteRange(low, try bytes("the high bound"))
        }
        return nil
    }

    /// A single value: bytes, or a variable that holds one.
    mutating func operand(_ expected: String) throws(Failure) -> Spec.Operand {
        guard case .variable(let name, let plus) = current.kind else {
            return .bytes(try bytes(expected))
        }
        if variable(name, plus) == .list {
            report(current, expected: "a variable that holds a value, not a list")
        }
        advance()
        return .variable(name, plus: plus)
    }

    /// What the variable that is read next holds. One that is not bound is an error, but the line is read on.
    mutating func variable(_ name: String, _ plus: Int) -> SpecScope.Holding? {
        guard let holding = scope.variables[name] else {
            let meant = SpecWords.closest(to: name, among: scope.variables.keys.sorted())
            report(
                current, expected: "a variable that an earlier step has bound with \"as \(name)\"",
                hint: meant.map { "did you mean \"$\($0)\"?" })
            return nil
        }
        if holding == .list, plus != 0 {
            report(current, expected: "no number to add: $\(name) holds a list")
        }
        return holding
    }

    mutating func databaseOperation() throws(Failure) -> Spec.DatabaseOperation {
        let token = current
        let words = SpecWords.databaseOperations
        switch try word("what db does: \(words.joined(separator: ", "))", among: words) {
        case "flush": return .flush
        case "compact": return .compact(full: accept(word: "full"))
        case "close": return .close
        case "reopen": return .reopen
        case "crash": return .crash
        case "failpoint":
            return try failpoint()
        case "versions": return .versions(try bytes("a key"))
        case let other:
            throw unexpected(
                token, expected: "what db does: \(words.joined(separator: ", "))", among: words,
                else: SpecWords.operations.contains(other) ? "a session does that, not db" : nil)
        }
    }

    /// `wal.append torn`
    private mutating func failpoint() throws(Failure) -> Spec.DatabaseOperation {
        let place = current
        let names = SpecWords.failpoints.map(\.name)
        let name = try word("the failpoint's name", among: names)
        guard let known = SpecWords.failpoints.first(where: { $0.name == name }) else {
            throw unexpected(place, expected: "a failpoint: \(names.joined(separator: ", "))", among: names)
        }
        let token = current
        let action = try word("what happens there", among: known.actions)
        guard known.actions.contains(action) else {
            let actions = known.actions.joined(separator: ", ")
            throw unexpected(token, expected: "what can happen at \(name): \(actions)", among: known.actions)
        }
        return .failpoint(name, action: action)
    }
}
