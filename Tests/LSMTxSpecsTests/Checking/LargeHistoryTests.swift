import LSMTxSimulation
import LSMTxSpecs
import Testing

/// Histories as large as those of a long run.
@Suite struct LargeHistoryTests {
    #if DEBUG
    static let count = 500
    #else
    static let count = 100_000
    #endif

    /// Serializable transactions of 8 processes, four steps each, over 1,000 keys. Deletes leave out.
    static func events(_ style: SimulatedStore.Style) -> [HistoryEvent] {
        var random = SeededGenerator(seed: 7)
        var events: [HistoryEvent] = []
        var registers: [[(UInt64, HistoryValue?)]] = Array(repeating: [(0, nil)], count: 1_000)
        var running: [Int: (snapshot: UInt64, operations: [MicroOperation])] = [:]
        var clock: UInt64 = 0
        var value = 0
        func name(_ key: Int) -> String { "k\(key + 1_000)" }
        func record(_ process: Int, _ kind: HistoryEvent.Kind, _ operations: [MicroOperation], _ commit: UInt64? = nil)
        {
            events.append(
                HistoryEvent(
                    index: events.count, time: events.count * 1_000, process: process, kind: kind,
                    operations: operations, level: .serializable,
                    snapshot: kind == .ok ? running[process]?.snapshot : nil,
                    commit: commit))
        }
        while events.count < 2 * count {
            let process = Int.random(in: 0..<8, using: &random)
            if let transaction = running[process] {
                // Nothing of what it read may have changed, its writes included.
                let isCurrent = transaction.operations.allSatisfy { operation in
                    func isOld(_ key: Int) -> Bool {
                        registers[key][registers[key].count - 1].0 <= transaction.snapshot
                    }
                    return switch operation {
                    case .read(let key, _), .write(let key, _), .append(let key, _), .delete(let key):
                        isOld((Int(key.dropFirst()) ?? 0) - 1_000)
                    case .scan(let scan):
                        ((Int(scan.lower.dropFirst()) ?? 0)..<(Int(scan.upper.dropFirst()) ?? 0)).allSatisfy {
                            isOld($0 - 1_000)
                        }
                    }
                }
                guard isCurrent else {
                    record(process, .fail, transaction.operations)
                    running[process] = nil
                    continue
                }
                clock += 1
                for operation in transaction.operations {
                    switch operation {
                    case .write(let key, let value):
                        registers[(Int(key.dropFirst()) ?? 0) - 1_000].append((clock, value))
                    case .append(let key, let element):
                        let place = (Int(key.dropFirst()) ?? 0) - 1_000
                        if case .list(let list) = registers[place][registers[place].count - 1].1 {
                            registers[place].append((clock, .list(list + [element])))
                        } else {
                            registers[place].append((clock, .list([element])))
                        }
                    default: continue
                    }
                }
                record(process, .ok, transaction.operations, clock)
                running[process] = nil
                continue
            }
            func current(_ key: Int) -> HistoryValue? { registers[key][registers[key].count - 1].1 }
            let first = Int.random(in: 0..<990, using: &random)
            var operations: [MicroOperation] = []
            for key in [first, Int.random(in: 0..<1_000, using: &random)] {
                operations.append(.read(name(key), current(key)))
            }
            operations.append(
                .scan(
                    ScanRecord(
                        from: name(first), to: name(first + 8),
                        pairs: (first..<(first + 8)).compactMap { key in
                            current(key).map { ScanRecord.Pair(key: name(key), value: $0) }
                        })))
            value += 1
            operations.append(
                style == .registers ? .write(name(first), .integer(value)) : .append(name(first), .integer(value)))
            record(process, .invoke, operations)
            running[process] = (clock, operations)
        }
        return events
    }

    @Test(arguments: SimulatedStore.Style.allCases)
    func bothCheckersTakeALongRunAtOnce(_ style: SimulatedStore.Style) throws {
        let events = Self.events(style)
        let history = try History(events)
        let clock = ContinuousClock()
        let replay = clock.measure { #expect(TimestampReplay.check(history).anomalies.isEmpty) }
        let graph = clock.measure { #expect(DependencyGraph.check(history).anomalies.isEmpty) }
        print("\(style): \(history.transactions.count) transactions, replay \(replay), graph \(graph)")
        // One stale read among all is found by both.
        var broken = events
        let last = try #require(broken.lastIndex { $0.kind == .ok })
        let victim = try #require(
            broken[..<last].lastIndex { event in
                event.kind == .ok && event.operations.contains { if case .read(_, .some) = $0 { true } else { false } }
            })
        broken[victim].operations = broken[victim].operations.map { operation in
            if case .read(let key, .some) = operation { .read(key, nil) } else { operation }
        }
        let stale = try History(broken)
        let found = clock.measure { #expect(DependencyGraph.check(stale).strongest() != .strictSerializable) }
        #expect(TimestampReplay.check(stale).strongest() != .strictSerializable)
        print("\(style): graph with an anomaly \(found)")
    }
}
