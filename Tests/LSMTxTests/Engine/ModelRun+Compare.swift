import LSMTx
import LSMTxTestSupport

/// Answers of the engine beside those of the model.
extension ModelRun {
    func audit() throws {
        let findings = ExtentAudit.findings(in: database.engine)
        guard findings.isEmpty else { throw ModelMismatch(description: "\(findings)") }
    }

    func compare(_ source: some Readable, _ key: [UInt8], at commit: Int, own: ModelWrites) throws {
        let expected = model.get(key, at: commit, own: own)
        let found = try source.get(key)
        guard found == expected else {
            throw ModelMismatch(
                description: "\(KeyRange.escaped(key.prefix(40))) at \(commit) has \(found?.count ?? -1) bytes, "
                    + "not \(expected?.count ?? -1)")
        }
    }

    /// - Returns: What of the range was consumed: where a limit ended it, up to the last entry.
    @discardableResult
    func compareScan(_ source: some Readable, at commit: Int, own: ModelWrites) throws -> KeyRange? {
        let range = range()
        let reverse = number(2) == 0
        let limit: Int? = number(8) == 0 ? nil : number(12)
        let expected = model.scan(
            from: range.lowerBound, upTo: range.upperBound, reverse: reverse, limit: limit ?? .max, at: commit, own: own
        )
        var found: [Entry] = []
        if number(2) == 0 {
            found = Array(source.scan(range, reverse: reverse, limit: limit))
        } else if limit != 0 {
            try source.forEach(range, reverse: reverse) { key, value in
                found.append(
                    Entry(key: key.withUnsafeBytes { [UInt8]($0) }, value: value.withUnsafeBytes { [UInt8]($0) }))
                return limit.map { found.count < $0 } ?? true
            }
        }
        try compare(found, expected, "\(range) reverse \(reverse) limit \(limit ?? -1) at \(commit)")
        guard let limit, found.count == limit else { return range }
        guard let last = found.last else { return nil }
        return reverse
            ? KeyRange(from: last.key, upTo: range.upperBound)
            : KeyRange(from: range.lowerBound, upTo: last.key + [0])
    }

    func compare(_ found: [Entry], _ expected: [(key: [UInt8], value: [UInt8])], _ what: String) throws {
        for (index, entry) in found.enumerated() where index < expected.count {
            guard entry.key == expected[index].key, entry.value == expected[index].value else {
                throw ModelMismatch(
                    description: "\(what.prefix(200)): entry \(index) is \(KeyRange.escaped(entry.key.prefix(40))), "
                        + "not \(KeyRange.escaped(expected[index].key.prefix(40))), or has another value")
            }
        }
        guard found.count == expected.count else {
            throw ModelMismatch(description: "\(what.prefix(200)): \(found.count) entries, not \(expected.count)")
        }
    }

    func compareAll() throws {
        try compare(try EngineFixture.contents(database), model.scan(at: model.newest), "everything")
    }
}
