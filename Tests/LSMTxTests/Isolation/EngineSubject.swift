import LSMTx
import LSMTxTestSupport
import Testing

/// How the keys and bounds of small histories look in a store.
struct KeyLayout: Sendable, CustomTestStringConvertible {
    let name: String
    let keys: [[UInt8]]
    /// Whether something lies before the first key, and between each two.
    let hasGaps: Bool
    /// Past all of them.
    let end: [UInt8]
    var retention: Retention? = .snapshotsOnly
    /// Longer values go to extents of their own.
    var largeValueBytes = Limits.largeValueBytes

    var testDescription: String { name }

    static let all = [
        KeyLayout(name: "letters", keys: ["b", "d", "f", "h"].map { Array($0.utf8) }, hasGaps: true, end: [0xff]),
        KeyLayout(
            name: "one the successor of the other", keys: (0..<4).map { [UInt8](repeating: 0, count: $0) },
            hasGaps: false, end: [1], largeValueBytes: 100),
        KeyLayout(
            name: "prefixes of each other, and some of the past kept",
            keys: ["user", "user/1", "user/1/x", "user/2"].map { Array($0.utf8) }, hasGaps: true,
            end: Array("user0".utf8), retention: Retention(commits: 20)),
        KeyLayout(
            name: "long",
            keys: [[0x6b, 1], [0x6b], [0xff], [0xff, 0xff]].map { $0 + [UInt8](repeating: 0xff, count: 600) },
            hasGaps: true, end: [UInt8](repeating: 0xff, count: 700), largeValueBytes: 60),
    ]

    func key(of bytes: [UInt8]) -> Int? { keys.firstIndex(of: bytes) }

    private func bound(_ position: Int) -> [UInt8] {
        switch position {
        case 0: []
        case KeySpace.positionCount...: end
        default: keys[(position - 1) / 2] + (position % 2 == 1 ? [] : [0])
        }
    }

    func range(_ span: KeySpan) -> KeyRange {
        // Past the end there is nothing, so that leaving the bound out comes to the same; but not of an empty range.
        let isOpen = span.upper == KeySpace.positionCount && span.lower % 2 == 0 && !span.isEmpty
        return KeyRange(from: bound(span.lower), upTo: isOpen ? nil : bound(span.upper))
    }

    /// What of a history's positions lies in `range`.
    func positions(in range: KeyRange) -> UInt32 {
        (0..<KeySpace.positionCount).reduce(0) { found, position in
            let next = position % 2 == 1 ? bound(position) + [0] : bound(position + 1)
            let isBefore = range.upperBound.map { !bound(position).lexicographicallyPrecedes($0) } ?? false
            let meets = !isBefore && range.lowerBound.lexicographicallyPrecedes(next)
            return meets ? found | 1 << UInt32(position) : found
        }
    }

    /// Some values are empty but for their number, some long.
    func bytes(ofValue value: Int) -> [UInt8] {
        let text = Array("\(value)".utf8)
        return value % 5 == 0 ? text + [UInt8](repeating: UInt8(ascii: "."), count: value % 150) : text
    }

    static func value(of bytes: some Sequence<UInt8>) -> Int {
        bytes.prefix { $0 != UInt8(ascii: ".") }.reduce(0) { $0 * 10 + Int($1) - 48 }
    }
}

/// A store as the oracle of isolation drives it.
final class EngineSubject: IsolationSubject {
    let database: Database
    fileprivate let layout: KeyLayout

    init(_ layout: KeyLayout) throws {
        self.layout = layout
        let device = MemoryDevice()
        try EngineFixture.format(device)
        var options = EngineFixture.options(retention: layout.retention)
        options.largeValueBytes = layout.largeValueBytes
        database = try EngineFixture.open(device, options)
    }

    func begin(_ level: IsolationLevel) throws -> EngineSession {
        let isolation: Isolation =
            switch level {
            case .readCommitted: .readCommitted
            case .snapshot: .snapshot
            case .serializable: .serializable
            }
        return EngineSession(try database.begin(isolation), layout)
    }

    func flush() throws { try database.flush() }

    func compact() throws { try database.compact() }

    func state() throws -> [Int] {
        try database.read { snapshot in
            var state = [Int](repeating: 0, count: KeySpace.keyCount)
            for entry in snapshot.scan() {
                guard let key = layout.key(of: entry.key) else { throw UnknownKey(key: entry.key) }
                state[key] = KeyLayout.value(of: entry.value)
            }
            for (key, bytes) in layout.keys.enumerated() {
                let value = try snapshot.get(bytes).map(KeyLayout.value)
                guard (value ?? 0) == state[key] else { throw UnknownKey(key: bytes) }
            }
            return state
        }
    }

    /// A key that nobody wrote, or of which a scan says something else than a get.
    struct UnknownKey: Error {
        let key: [UInt8]
    }
}

final class EngineSession: IsolationSession {
    private let transaction: Transaction
    private let layout: KeyLayout
    private var scans: [Scan.Iterator] = []
    private var savepoints: [Savepoint] = []
    private var getCount = 0

    fileprivate init(_ transaction: Transaction, _ layout: KeyLayout) {
        self.transaction = transaction
        self.layout = layout
    }

    func get(_ key: Int) throws -> Int {
        getCount += 1
        if getCount % 3 == 0 {
            return try transaction.withValue(layout.keys[key]) { value in
                value.withUnsafeBytes { KeyLayout.value(of: $0) }
            } ?? 0
        }
        return try transaction.get(layout.keys[key]).map(KeyLayout.value) ?? 0
    }

    func getUnguarded(_ key: Int) throws -> Int {
        try transaction.unguarded.get(layout.keys[key]).map(KeyLayout.value) ?? 0
    }

    func guardKeys(_ span: KeySpan) throws {
        if span.keys.count == 1, span.upper == span.lower + 1 {
            try transaction.addReadConflict(key: layout.keys[span.keys[0]])
        } else {
            try transaction.addReadConflict(layout.range(span))
        }
    }

    func open(_ span: KeySpan, reverse: Bool, limit: Int?) throws {
        scans.append(transaction.scan(layout.range(span), reverse: reverse, limit: limit).makeIterator())
    }

    func next(ofScan scan: Int) throws -> IsolationHistory.Item? {
        guard let entry = scans[scan].next() else { return nil }
        return IsolationHistory.Item(layout.key(of: entry.key) ?? -1, KeyLayout.value(of: entry.value))
    }

    func put(_ key: Int, _ value: Int) throws {
        try transaction.put(layout.keys[key], layout.bytes(ofValue: value))
    }

    func delete(_ key: Int) throws { try transaction.delete(layout.keys[key]) }

    func deleteRange(_ span: KeySpan) throws { try transaction.deleteRange(layout.range(span)) }

    func savepoint() throws { savepoints.append(try transaction.savepoint()) }

    func rollback(toDepth depth: Int) throws {
        try transaction.rollback(to: savepoints[depth])
        savepoints.removeSubrange((depth + 1)...)
    }

    func release(depth: Int) throws {
        try transaction.release(savepoints[depth])
        savepoints.removeSubrange(depth...)
    }

    func commit() throws -> IsolationHistory.Outcome {
        do throws(StoreError) {
            return .committed(at: try transaction.commit(durability: .buffered).rawValue)
        } catch {
            guard error.code == .conflict, let conflict = error.conflict else { throw error }
            return .conflict(
                .init(
                    positions: layout.positions(in: conflict.keys), committedAt: conflict.committedAt.rawValue,
                    isWrite: conflict.access == .write))
        }
    }

    func rollback() { transaction.rollback() }
}
