import Testing

@testable import LSMTxSpecs

/// Makes the report of a spec from what its steps are said to give, without a store.
struct ScriptedRun {
    let source: String
    let spec: Spec
    private(set) var report: SpecReport

    init(_ source: String, file: String = "Specs/sample.spec") throws {
        self.source = source
        spec = try Spec(parsing: source, file: file)
        report = SpecReport(spec: spec, file: file)
    }

    /// Adds the run of a schedule.
    ///
    /// - Parameters:
    ///   - level: The level.
    ///   - index: The schedule's place.
    ///   - outcomes: What the steps give, in order; what is missing is `ok`.
    ///   - wrong: The place of the line that is not as expected, and what came; the run ends there.
    mutating func add(
        _ level: Level, schedule index: Int = 0, outcomes: [Int: Outcome] = [:],
        wrong: (place: Int, actual: String)? = nil,
        seed: UInt64 = 1
    ) throws {
        let schedule = spec.schedules[index]
        var events = Events()
        events.setup(spec)
        var lines: [LineRun] = []
        for (place, item) in schedule.items.enumerated() {
            if let wrong, place > wrong.place { break }
            let isWrong = place == wrong?.place
            let text = text(at: item.position)
            var outcome = outcomes[place] ?? .ok
            if case .failed = outcome { outcome = .failed("lost") }
            var line = LineRun(
                position: item.position, session: nil, transaction: nil, text: text.step, expected: text.expected,
                actual: wrong.map { isWrong ? $0.actual : Self.text(outcome) } ?? Self.text(outcome), outcome: outcome,
                hasPassed: !isWrong)
            if case .step(let step) = item {
                line.session = step.session
                if case .transaction(let operation) = step.action {
                    line.transaction = events.perform(operation, of: step.session, outcome)
                }
            } else if !isWrong {
                line.actual = text.expected ?? ""
            }
            lines.append(line)
        }
        let history = try History(events.list)
        report.schedules.append(
            ScheduleRun(
                schedule: schedule.name, level: level, seed: seed, lines: lines, history: history,
                verdict: DependencyGraph.check(history)))
    }

    mutating func add(_ exploration: Exploration) { report.explorations.append(exploration) }

    /// The run of the last schedule as a run of an exploration.
    func witness(_ kind: Spec.Count.Kind, forbidden: String? = nil) throws -> Exploration.Witness {
        let run = try #require(report.schedules.last)
        return Exploration.Witness(
            kind: kind, order: run.lines.compactMap(\.session), lines: run.lines, history: run.history,
            verdict: run.verdict, forbidden: forbidden)
    }

    private func text(at position: SourcePosition) -> (step: String, expected: String?) {
        let line = source.split(separator: "\n", omittingEmptySubsequences: false)[position.line - 1]
        let parts = line.trimmed.split(separator: ">", maxSplits: 1)
        let words = parts[0].hasSuffix("-") ? Substring(parts[0].dropLast()).trimmed : line.trimmed
        guard !words.hasPrefix("final"), !words.hasPrefix("verdict") else {
            let split = words.split(separator: " ", maxSplits: 1)
            return (String(split[0]), Substring(split[1]).trimmed)
        }
        let step = words.split(separator: " ", maxSplits: 1).dropFirst().joined()
        return (step, parts.count > 1 && parts[0].hasSuffix("-") ? parts[1].trimmed : nil)
    }

    static func text(_ outcome: Outcome) -> String {
        func data(_ bytes: [UInt8]) -> String { SpecPrinter.data(bytes) }
        return switch outcome {
        case .value(let bytes): data(bytes)
        case .none: "none"
        case .list(let entries):
            "[" + entries.map { "\(data($0.key))=\(data($0.value))" }.joined(separator: ", ") + "]"
        case .ok: "ok"
        case .conflict: "conflict"
        case .unknown: "unknown"
        case .gone: "gone"
        case .skipped: "skip"
        case .failed(let text): text
        }
    }
}

extension Substring {
    fileprivate var trimmed: String { String(String(drop { $0 == " " }).reversed().drop { $0 == " " }.reversed()) }
}

/// The history of a scripted run.
private struct Events {
    private struct Open {
        var id: Int
        var process: Int
        var operations: [MicroOperation]
        var snapshot: UInt64
    }

    private(set) var list: [HistoryEvent] = []
    private var open: [String: Open] = [:]
    private var processes: [String: Int] = [:]
    private var clock: UInt64 = 0
    private var count = 0

    private func name(_ key: [UInt8]) -> String { String(decoding: key, as: UTF8.self) }

    private mutating func append(_ open: Open, _ kind: HistoryEvent.Kind, commit: UInt64? = nil) {
        list.append(
            HistoryEvent(
                index: list.count, time: list.count, process: open.process, kind: kind,
                operations: kind == .invoke ? [] : open.operations, snapshot: open.snapshot, commit: commit))
    }

    private mutating func begin(_ session: String) -> Open {
        let process = processes[session] ?? processes.count
        processes[session] = process
        let new = Open(id: count, process: process, operations: [], snapshot: clock)
        count += 1
        append(new, .invoke)
        return new
    }

    mutating func setup(_ spec: Spec) {
        guard !spec.setup.isEmpty else { return }
        for write in spec.setup { _ = perform(.write(write.write), of: "", .ok) }
        _ = perform(.commit, of: "", .ok)
    }

    mutating func perform(_ operation: Spec.Operation, of session: String, _ outcome: Outcome) -> Int {
        var current = open[session] ?? begin(session)
        defer { open[session] = operation.endsTransaction ? nil : current }
        switch operation {
        case .get(let key):
            if case .value(let bytes) = outcome {
                current.operations.append(.read(name(key), .text(name(bytes))))
            } else {
                current.operations.append(.read(name(key), nil))
            }
        case .write(.put(let key, let value)):
            let text = if case .bytes(let bytes) = value { name(bytes) } else { "\(current.id)-\(value)" }
            current.operations.append(.write(name(key), .text(text)))
        case .write(.delete(let key)): current.operations.append(.delete(name(key)))
        case .scan(let scan):
            guard case .range(let low, let high) = scan.bounds, case .list(let entries) = outcome else { break }
            let pairs = entries.map { ScanRecord.Pair(key: name($0.key), value: .text(name($0.value))) }
            current.operations.append(.scan(ScanRecord(from: name(low), to: name(high), pairs: pairs)))
        case .commit:
            guard outcome == .ok else {
                append(current, .fail)
                break
            }
            clock += 1
            append(current, .ok, commit: clock)
        case .rollback: append(current, .fail)
        default: break
        }
        return current.id
    }
}

func bytes(_ text: String) -> Outcome { .value(Array(text.utf8)) }

func entries(_ pairs: (String, String)...) -> Outcome {
    .list(pairs.map { FoundEntry(key: Array($0.0.utf8), value: Array($0.1.utf8)) })
}
