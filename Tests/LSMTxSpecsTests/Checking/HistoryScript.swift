import LSMTxSpecs

/// Makes a history by hand: `begin`, `end` and whole transactions, in real-time order.
struct HistoryScript {
    private(set) var events: [HistoryEvent] = []

    mutating func begin(_ process: Int, _ operations: [MicroOperation] = []) {
        append(process, .invoke, operations, nil, nil)
    }

    mutating func end(
        _ process: Int, _ operations: [MicroOperation], kind: HistoryEvent.Kind = .ok, snapshot: UInt64? = nil,
        commit: UInt64? = nil
    ) {
        append(process, kind, operations, snapshot, commit)
    }

    mutating func run(_ process: Int, _ operations: [MicroOperation], snapshot: UInt64? = nil, commit: UInt64? = nil) {
        begin(process, operations)
        end(process, operations, snapshot: snapshot, commit: commit)
    }

    /// All of them at the same time: everyone begins before anyone ends. The place is the process.
    mutating func together(_ transactions: [([MicroOperation], commit: UInt64?)]) {
        for (process, transaction) in transactions.enumerated() { begin(process, transaction.0) }
        for (process, transaction) in transactions.enumerated() {
            end(process, transaction.0, commit: transaction.commit)
        }
    }

    private mutating func append(
        _ process: Int, _ kind: HistoryEvent.Kind, _ operations: [MicroOperation], _ snapshot: UInt64?,
        _ commit: UInt64?
    ) {
        events.append(
            HistoryEvent(
                index: events.count, time: events.count, process: process, kind: kind, operations: operations,
                snapshot: snapshot, commit: commit))
    }

    /// A history of transactions at the same time.
    static func together(_ transactions: [([MicroOperation], commit: UInt64?)]) throws -> History {
        var script = HistoryScript()
        script.together(transactions)
        return try History(script.events)
    }
}

func put(_ key: String, _ value: Int) -> MicroOperation { .write(key, .integer(value)) }
func get(_ key: String, _ value: Int?) -> MicroOperation { .read(key, value.map(HistoryValue.integer)) }
func append(_ key: String, _ value: Int) -> MicroOperation { .append(key, .integer(value)) }
func list(_ key: String, _ values: Int...) -> MicroOperation { .read(key, .list(values.map(HistoryValue.integer))) }
func scan(_ lower: String, _ upper: String, _ pairs: (String, Int)..., limit: Int? = nil, reverse: Bool = false)
    -> MicroOperation
{
    .scan(
        ScanRecord(
            from: lower, to: upper, limit: limit, isReverse: reverse,
            pairs: pairs.map { ScanRecord.Pair(key: $0.0, value: .integer($0.1)) }))
}
