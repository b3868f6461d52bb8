extension Spec: CustomStringConvertible {
    /// The spec as text in one form for all that say the same, without comments. Parsing it gives the spec again.
    ///
    /// - Complexity: Linear in the length of the text.
    public var description: String {
        var printer = SpecPrinter()
        printer.print(self)
        return printer.text
    }
}

/// Writes a spec as text.
struct SpecPrinter {
    private(set) var text = ""

    mutating func print(_ spec: Spec) {
        line("spec " + Self.quoted(spec.name))
        if let anomaly = spec.anomaly { line("anomaly " + anomaly) }
        for source in spec.sources { line("see " + Self.quoted(source)) }
        if spec.levels != Level.allCases { line("levels " + Self.words(spec.levels)) }
        if spec.retainedCommits > 0 { line("retention \(spec.retainedCommits)") }
        if !spec.setup.isEmpty {
            line("setup")
            for item in spec.setup { line("  " + Self.text(item.write)) }
        }
        for schedule in spec.schedules {
            line("schedule " + Self.quoted(schedule.name))
            for item in schedule.items { line("  " + Self.text(item)) }
        }
        guard let explore = spec.explore else { return }
        for program in explore.sessions {
            let steps = program.steps.map { Self.action($0) }
            line("session \(program.session): " + steps.joined(separator: "; "))
        }
        switch explore.coverage {
        case .all: line("explore all")
        case .sample(let count, let seed): line("explore sample \(count) seed \(seed)")
        }
        for count in explore.counts {
            let bounds = Self.text(count.bounds) { "\($0.isUpperLimit ? "<= " : "")\($0.count)" }
            line("  \(count.kind.rawValue) " + bounds)
        }
    }

    private mutating func line(_ line: String) { text += line + "\n" }

    private static func text(_ item: Spec.Item) -> String {
        switch item {
        case .final(let final): return "final " + text(final.contents, text)
        case .verdict(let verdict): return "verdict " + text(verdict.anomaly) { $0 }
        case .step(let step):
            let expectation = step.expectation.map { " -> " + text($0, text) } ?? ""
            return "\(step.session) " + action(step) + expectation
        }
    }

    static func action(_ step: Spec.Step) -> String {
        let binding = step.binding.map { " as " + $0 } ?? ""
        return switch step.action {
        case .transaction(let operation): text(operation) + binding
        case .database(let operation): text(operation) + binding
        }
    }

    private static func text(_ operation: Spec.Operation) -> String {
        switch operation {
        case .begin(let readOnly): readOnly ? "begin read-only" : "begin"
        case .get(let key): "get " + data(key)
        case .write(let write): text(write)
        case .scan(let scan): (scan.isPrefix ? "prefix " : "scan ") + text(scan)
        case .open(let cursor, let scan): "open \(cursor) " + text(scan)
        case .next(let cursor, let count): "next \(cursor)" + (count == 1 ? "" : " \(count)")
        case .savepoint(let name): "savepoint " + name
        case .rollbackTo(let name): "rollback-to " + name
        case .release(let name): "release " + name
        case .guardReads(let low, let high): "guard " + data(low) + (high.map { " " + data($0) } ?? "")
        case .commit: "commit"
        case .rollback: "rollback"
        }
    }

    static func text(_ write: Spec.Write) -> String {
        switch write {
        case .put(let key, let value): "put \(data(key)) \(text(value))"
        case .delete(let key): "del " + data(key)
        case .deleteRange(let low, let high): "del-range \(data(low)) \(data(high))"
        }
    }

    private static func text(_ scan: Spec.Scan) -> String {
        let bounds =
            switch scan.bounds {
            case .range(let low, let high): data(low) + " " + data(high)
            case .prefix(let prefix): data(prefix)
            }
        return bounds + (scan.limit.map { " limit \($0)" } ?? "") + (scan.isReversed ? " reverse" : "")
    }

    private static func text(_ operation: Spec.DatabaseOperation) -> String {
        switch operation {
        case .flush: "flush"
        case .compact(let full): full ? "compact full" : "compact"
        case .close: "close"
        case .reopen: "reopen"
        case .crash: "crash"
        case .failpoint(let name, let action): "failpoint \(name) \(action)"
        case .versions(let key): "versions " + data(key)
        }
    }

    private static func text(_ operand: Spec.Operand) -> String {
        switch operand {
        case .bytes(let bytes): data(bytes)
        case .variable(let name, let plus): "$" + name + (plus > 0 ? "+\(plus)" : plus < 0 ? "\(plus)" : "")
        }
    }

    static func text(_ expectation: Spec.Expectation) -> String {
        switch expectation {
        case .value(let operand): text(operand)
        case .none: "none"
        case .list(let entries):
            "[" + entries.map { data($0.key) + "=" + text($0.value) }.joined(separator: ", ") + "]"
        case .ok: "ok"
        case .conflict: "conflict"
        case .unknown: "unknown"
        case .gone: "gone"
        case .any: "any"
        case .skip: "skip"
        case .oneOf(let choices): "one-of " + choices.map(text).joined(separator: " ")
        }
    }

    private static func text<Value>(_ perLevel: PerLevel<Value>, _ text: (Value) -> String) -> String {
        perLevel.cases.map { part in
            (part.levels.isEmpty ? "" : words(part.levels) + ": ") + text(part.value)
        }.joined(separator: " | ")
    }

    private static func words(_ levels: [Level]) -> String { levels.map(\.rawValue).joined(separator: " ") }

    // MARK: Strings

    /// Bytes as a key or value: as a word if nobody could take it for something else.
    static func data(_ bytes: [UInt8]) -> String {
        let word = String(decoding: bytes, as: UTF8.self)
        let isWord =
            !bytes.isEmpty && word.unicodeScalars.allSatisfy(SpecWords.isPart) && !SpecWords.quoted.contains(word)
        return isWord ? word : quoted(bytes)
    }

    static func quoted(_ text: String) -> String { quoted(Array(text.utf8)) }

    private static func quoted(_ bytes: [UInt8]) -> String {
        // Text keeps its letters; bytes that are no text are written by their numbers.
        let isText = String(validating: bytes, as: UTF8.self) != nil
        var quoted: [UInt8] = [UInt8(ascii: "\"")]
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""): quoted += "\\\"".utf8
            case UInt8(ascii: "\\"): quoted += "\\\\".utf8
            case UInt8(ascii: "\n"): quoted += "\\n".utf8
            case UInt8(ascii: "\t"): quoted += "\\t".utf8
            case 0x20...0x7E: quoted.append(byte)
            case 0x80... where isText: quoted.append(byte)
            default: quoted += "\\x\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
            }
        }
        return String(decoding: quoted + [UInt8(ascii: "\"")], as: UTF8.self)
    }
}

extension Spec.Scan {
    /// Whether the keys are given by how they begin.
    public var isPrefix: Bool {
        if case .prefix = bounds { true } else { false }
    }
}
