import Foundation

/// Shows that the rows notice an engine that is wrong: every engine is broken in several ways, one at a time, and every
/// row that reads what the fault concerns has to fail. Unbroken, none may.
struct SelfCheck {
    private var options: Options

    init(_ options: Options) {
        self.options = options
        self.options.count = 2_000
        self.options.rowSeconds = 0.2
        self.options.syncSeconds = 0.05
    }

    func run() throws {
        let workspace = try Workspace(in: options.directory)
        defer { workspace.remove() }
        var missed: [String] = []
        for engine in try Engines.wanted(options) {
            var noticed = 0
            do {
                try check(engine, Row.allCases, workspace)
            } catch {
                missed.append("\(engine.name) fails though nothing is wrong with it: \(error)")
            }
            for fault in Fault.allCases {
                for row in fault.concerned where engine.facts.lacks[row.rawValue] == nil {
                    do {
                        try check(engine.broken(by: fault), [row], workspace)
                        missed.append(
                            "\(engine.name): the row \(row.rawValue) does not notice that it \(fault.rawValue)")
                    } catch is Failure {
                        noticed += 1
                    }
                }
            }
            print("\(engine.name): right as it is, and \(noticed) faults noticed")
        }
        guard missed.isEmpty else { throw Failure(missed.joined(separator: "\n")) }
    }

    private func check(_ engine: Engine, _ rows: [Row], _ workspace: Workspace) throws {
        var options = options
        options.rows = rows.map(\.rawValue)
        var run = Run(
            engine: engine, options: options, workspace: workspace, number: 1,
            order: Bench.shuffledNumbers(options.count))
        try run.run()
        for row in rows where run.wants(row) && !run.samples.contains(where: { $0.row == row }) {
            throw Failure("The row \(row.rawValue) was left out.")
        }
    }
}

/// A way in which an engine can be wrong.
private enum Fault: String, CaseIterable {
    case corrupts = "stores a value with one bit changed"
    case loses = "loses one put of ten"
    case confuses = "answers with the value of another key"
    case invents = "finds keys that are not there"
    case skips = "leaves out one entry of ten when it scans"
    case forgets = "reports transactions that it has not done"
    case spares = "deletes nothing when it deletes a range"

    /// The rows that have to notice it.
    var concerned: [Row] {
        let hits: [Row] = [.get, .getTwo, .lend]
        let scans: [Row] = [.sequential, .reverse, .seek]
        switch self {
        case .corrupts: return hits + scans + [.mixed, .modify, .transfer, .synced, .compact]
        case .loses: return hits + [.sequential, .reverse, .seek]
        case .confuses: return hits + [.mixed, .compact]
        case .invents: return [.missing]
        case .skips: return scans
        case .forgets: return [.modify, .modifyTwo, .transfer, .counter, .mutate]
        case .spares: return [.erase]
        }
    }
}

extension Engine {
    fileprivate func broken(by fault: Fault) -> Engine {
        Engine(facts: facts) { folder, isSynced in
            let store = try open(folder, isSynced)
            return Store(
                version: store.version, session: { try store.session().broken(by: fault) }, flush: store.flush,
                flushCompacts: store.flushCompacts, compact: store.compact, waits: store.waits, close: store.close)
        }
    }
}

extension Session {
    fileprivate func broken(by fault: Fault) -> Session {
        var broken = self
        var calls = 0
        func isTenth() -> Bool {
            // The first one too: a slow device does not let a row do ten.
            calls += 1
            return calls % 10 == 1
        }
        switch fault {
        case .corrupts:
            broken.put = { key, value in try put(key, isTenth() ? value.withOneBitChanged : value) }
        case .loses:
            broken.put = { key, value in if !isTenth() { try put(key, value) } }
        case .confuses:
            func wrong(_ get: @escaping Get) -> Get {
                { key, body in try get(isTenth() ? Key(0) : key, body) }
            }
            broken.get = wrong(get)
            broken.lend = lend.map(wrong)
            broken.getNewest = wrong(getNewest)
        case .invents:
            broken.get = { key, body in try get(key, body) || isTenth() }
        case .skips:
            broken.scan = { start, isReverse, body in
                try scan(start, isReverse) { key, value in isTenth() || body(key, value) }
            }
        case .forgets:
            broken.modify = modify.map { modify in
                { key, body in isTenth() ? 1 : try modify(key, body) }
            }
            broken.mutate = mutate.map { mutate in
                { key, number in if !isTenth() { try mutate(key, number) } }
            }
            // Only the second half is left out: a transfer that is left out whole changes no sum.
            broken.transfer = transfer.map { transfer in
                { from, to, body in
                    let isHalf = isTenth()
                    return try transfer(from, to) { source, target in
                        let (less, more) = body(source, target)
                        return (less, isHalf ? Value(of: to, generation: Value.generation(target)) : more)
                    }
                }
            }
        case .spares:
            broken.erase = erase.map { _ in { _, _, meanwhile in try meanwhile() } }
        }
        return broken
    }
}
