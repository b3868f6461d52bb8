import LSMTxSimulation
import LSMTxSpecs

/// A store that keeps a copy of itself after each commit: what a correct one would record, at every level.
struct SimulatedStore {
    enum Style: CaseIterable {
        case registers
        case lists
    }

    private struct Open {
        var plan: [MicroOperation]
        var done: [MicroOperation] = []
        var snapshot: Int
    }

    let level: Level
    let style: Style
    let keys: [String]
    private var states: [[String: HistoryValue]] = [[:]]
    private var writers: [Set<String>] = []
    private var open: [Int: Open] = [:]
    private var value = 0
    private(set) var events: [HistoryEvent] = []
    private let hasSnapshots: Bool
    private let crashes: Bool

    init(level: Level, style: Style, keys: [String], hasSnapshots: Bool, crashes: Bool = false) {
        self.level = level
        self.style = style
        self.keys = keys
        self.hasSnapshots = hasSnapshots
        self.crashes = crashes
    }

    mutating func run(transactions: Int, processes: Int, readsAllAtEnd: Bool, _ random: inout SeededGenerator) {
        var left = transactions
        var process = 0
        var names = Array(0..<processes)
        while left > 0 || !open.isEmpty {
            let slot = Int.random(in: 0..<processes, using: &random)
            process = names[slot]
            guard let transaction = open[process] else {
                if left > 0 {
                    left -= 1
                    begin(process, plan(&random))
                }
                continue
            }
            if transaction.done.count < transaction.plan.count {
                step(process)
            } else if end(process, &random) {
                names[slot] += processes
            }
        }
        guard readsAllAtEnd else { return }
        begin(names[0], [.scan(ScanRecord(from: "", to: "~", pairs: nil))])
        step(names[0])
        _ = end(names[0], &random)
    }

    private mutating func plan(_ random: inout SeededGenerator) -> [MicroOperation] {
        (0..<Int.random(in: 1...4, using: &random)).map { _ in
            let key = keys.randomElement(using: &random) ?? ""
            value += 1
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4: return .read(key, nil)
            case 4..<6:
                let bounds = [keys.randomElement(using: &random) ?? "", keys.randomElement(using: &random) ?? "~", "~"]
                    .prefix(2 + Int.random(in: 0...1, using: &random)).sorted()
                return .scan(
                    ScanRecord(
                        from: bounds[0], to: bounds[bounds.count - 1],
                        limit: Bool.random(using: &random) ? nil : Int.random(in: 0...2, using: &random),
                        isReverse: Bool.random(using: &random), pairs: nil))
            case 6 where style == .registers: return .delete(key)
            default: return style == .registers ? .write(key, .integer(value)) : .append(key, .integer(value))
            }
        }
    }

    private mutating func begin(_ process: Int, _ plan: [MicroOperation]) {
        open[process] = Open(plan: plan, snapshot: writers.count)
        record(process, .invoke, plan)
    }

    private mutating func step(_ process: Int) {
        guard var transaction = open[process] else { return }
        let state = states[level == .readCommitted ? writers.count : transaction.snapshot]
        let operation = transaction.plan[transaction.done.count]
        transaction.done.append(Self.answer(operation, Self.apply(transaction.done, to: state)))
        open[process] = transaction
    }

    /// Returns whether the process is gone.
    private mutating func end(_ process: Int, _ random: inout SeededGenerator) -> Bool {
        guard let transaction = open.removeValue(forKey: process) else { return false }
        let written = Set(transaction.done.compactMap(Self.writtenKey))
        let snapshot = hasSnapshots ? UInt64(transaction.snapshot * 10) : nil
        if conflicts(transaction, written) || Int.random(in: 0..<12, using: &random) == 0 {
            record(process, .fail, transaction.done, snapshot)
            return false
        }
        let crash = crashes && Int.random(in: 0..<6, using: &random) == 0
        let isApplied = !crash || Bool.random(using: &random)
        if !written.isEmpty, isApplied {
            states.append(Self.apply(transaction.done, to: states[writers.count]))
            writers.append(written)
        }
        let commit = written.isEmpty || !isApplied ? nil : UInt64(writers.count * 10)
        record(
            process, crash ? .info : .ok, crash ? transaction.plan : transaction.done, snapshot, crash ? nil : commit)
        return crash
    }

    private func conflicts(_ transaction: Open, _ written: Set<String>) -> Bool {
        guard level != .readCommitted, !written.isEmpty else { return false }
        let changed = writers[transaction.snapshot...].reduce(into: Set<String>()) { $0.formUnion($1) }
        guard level == .serializable else { return !changed.isDisjoint(with: written) }
        // Only what was read counts, whether or not it has its old value again; an append reads what it appends to.
        return transaction.done.contains { step in
            switch step {
            case .read(let key, _), .append(let key, _): changed.contains(key)
            case .scan(let scan): changed.contains { $0 >= scan.lower && $0 < scan.upper }
            case .write, .delete: false
            }
        }
    }

    private mutating func record(
        _ process: Int, _ kind: HistoryEvent.Kind, _ operations: [MicroOperation], _ snapshot: UInt64? = nil,
        _ commit: UInt64? = nil
    ) {
        events.append(
            HistoryEvent(
                index: events.count, time: events.count * 1_000, process: process, kind: kind, operations: operations,
                level: level, snapshot: snapshot, commit: commit))
    }

    static func writtenKey(_ operation: MicroOperation) -> String? {
        switch operation {
        case .write(let key, _), .append(let key, _), .delete(let key): key
        case .read, .scan: nil
        }
    }

    private static func apply(_ steps: [MicroOperation], to state: [String: HistoryValue]) -> [String: HistoryValue] {
        var state = state
        for step in steps {
            switch step {
            case .write(let key, let value): state[key] = value
            case .delete(let key): state[key] = nil
            case .append(let key, let value):
                if case .list(let list) = state[key] {
                    state[key] = .list(list + [value])
                } else {
                    state[key] = .list([value])
                }
            case .read, .scan: break
            }
        }
        return state
    }

    private static func answer(_ step: MicroOperation, _ state: [String: HistoryValue]) -> MicroOperation {
        switch step {
        case .read(let key, _): return .read(key, state[key])
        case .scan(var scan):
            var names = state.keys.filter { $0 >= scan.lower && $0 < scan.upper }.sorted()
            if scan.isReverse { names.reverse() }
            scan.pairs = names.prefix(scan.limit ?? .max).compactMap { name in
                state[name].map { ScanRecord.Pair(key: name, value: $0) }
            }
            return .scan(scan)
        default: return step
        }
    }
}
