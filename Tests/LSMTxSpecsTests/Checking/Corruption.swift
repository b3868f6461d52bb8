import LSMTxSimulation
import LSMTxSpecs

/// What a broken store would have recorded instead.
enum Corruption: CaseIterable {
    case changedRead
    case staleList
    case fracturedScan
    case swappedCommits
    case lostCommit
    case resurrectedAbort
    case movedEvent
    case movedSnapshot

    func apply(to events: [HistoryEvent], _ random: inout SeededGenerator) -> [HistoryEvent] {
        var events = events
        let ended = events.indices.filter { events[$0].kind == .ok }
        guard let victim = ended.randomElement(using: &random) else { return events }
        switch self {
        case .changedRead:
            let values = events.flatMap { $0.operations.compactMap(Self.value) }
            change(&events[victim], from: Int.random(in: 0..<8, using: &random)) { operation in
                if case .read(let key, _) = operation {
                    return .read(key, (values + [nil]).randomElement(using: &random) ?? nil)
                }
                return operation
            }
        case .staleList:
            change(&events[victim], from: Int.random(in: 0..<8, using: &random)) { operation in
                guard case .read(let key, .list(let list)) = operation else { return operation }
                return .read(key, .list(list.dropLast()))
            }
        case .fracturedScan:
            change(&events[victim], from: Int.random(in: 0..<8, using: &random)) { operation in
                guard case .scan(var scan) = operation, scan.pairs?.isEmpty == false else { return operation }
                let place = Int.random(in: 0..<(scan.pairs?.count ?? 1), using: &random)
                scan.pairs?.remove(at: place)
                return .scan(scan)
            }
        case .swappedCommits:
            let writers = ended.filter { events[$0].commit != nil }
            guard let first = writers.randomElement(using: &random), let second = writers.randomElement(using: &random)
            else { break }
            (events[first].commit, events[second].commit) = (events[second].commit, events[first].commit)
        case .lostCommit: events[victim].kind = .fail
        case .resurrectedAbort:
            guard let aborted = events.indices.filter({ events[$0].kind == .fail }).randomElement(using: &random) else {
                break
            }
            events[aborted].kind = .ok
            if events[aborted].operations.contains(where: \.isWrite) {
                events[aborted].commit = UInt64(Int.random(in: 0...4, using: &random) * 10 + 5)
            }
        case .movedEvent:
            let event = events.remove(at: Int.random(in: 0..<events.count, using: &random))
            events.insert(event, at: Int.random(in: 0...events.count, using: &random))
        case .movedSnapshot:
            if events[victim].snapshot != nil {
                events[victim].snapshot = UInt64(Int.random(in: 0...4, using: &random) * 10)
            }
        }
        return events
    }

    private static func value(_ operation: MicroOperation) -> HistoryValue?? {
        switch operation {
        case .write(_, let value): value
        case .read(_, let value): value
        default: nil
        }
    }

    private func change(
        _ event: inout HistoryEvent, from seed: Int, _ body: (MicroOperation) -> MicroOperation
    ) {
        let start = event.operations.isEmpty ? 0 : seed % event.operations.count
        for index in Array(event.operations.indices[start...]) + Array(event.operations.indices[..<start]) {
            let changed = body(event.operations[index])
            guard changed != event.operations[index] else { continue }
            event.operations[index] = changed
            return
        }
    }
}
