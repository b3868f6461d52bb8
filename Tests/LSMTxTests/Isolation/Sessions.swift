import LSMTx
import LSMTxTestSupport

/// What is done to the store after each commit: the evidence of conflicts has to outlive all of it.
enum Upkeep: String, CaseIterable, Sendable {
    case nothing, flush, compact

    /// For tests with many cases.
    #if DEBUG
    static let forManyCases = [Upkeep.nothing, .compact]
    #else
    static let forManyCases = allCases
    #endif
}

/// How a commit ended.
enum Outcome: Sendable {
    case ok, conflict
}

extension Isolation {
    /// What is expected at each level: read committed, snapshot, serializable.
    func expect<T>(rc: T, si: T, ser: T) -> T {
        switch self {
        case .readCommitted: rc
        case .snapshot: si
        case .serializable: ser
        }
    }

    /// What is expected at read committed, and at the others.
    func expect<T>(rc: T, above: T) -> T { expect(rc: rc, si: above, ser: above) }

    /// What is expected of something that only serializable prevents.
    func expect<T>(below: T, ser: T) -> T { expect(rc: below, si: below, ser: ser) }
}

/// A small store that keeps nothing of the past, on which a test steps through transactions in one thread.
struct Stage {
    let device: MemoryDevice
    let database: Database
    let level: Isolation
    let upkeep: Upkeep

    /// - Parameter initial: What one transaction has committed, as `"x=1 y=2"`.
    init(_ level: Isolation, _ initial: String = "", upkeep: Upkeep = .nothing) throws {
        (device, database) = try EngineFixture.newStore()
        self.level = level
        self.upkeep = upkeep
        try commit { session in
            for pair in initial.split(separator: " ") {
                let parts = pair.split(separator: "=")
                try session.put(String(parts[0]), String(parts[1]))
            }
        }
    }

    func begin(_ other: Isolation? = nil) throws -> Session { Session(self, try database.begin(other ?? level)) }

    func begin(_ count: Int) throws -> [Session] { try (0..<count).map { _ in try begin() } }

    /// Somebody else's transaction, from its beginning to its commit, which succeeds.
    func commit(_ body: (Session) throws -> Void) throws {
        let session = Session(self, try database.begin(.readCommitted))
        try body(session)
        guard try session.commit() == .ok else { throw StoreError(.conflict, "It is alone.", remedy: "") }
    }

    /// - Parameter other: What is done instead of this store's own upkeep.
    func keepUp(_ other: Upkeep? = nil) throws {
        switch other ?? upkeep {
        case .nothing: break
        case .flush: try database.flush()
        case .compact: try database.compact()
        }
    }

    /// How many versions the tables hold, deletions included.
    var storedVersions: Int {
        get throws { try database.statistics.levels.reduce(0) { $0 + Int($1.entries) } }
    }

    /// Everything that is committed.
    var contents: String {
        get throws { try database.read { Session.text(Array($0.scan())) } }
    }
}

/// A transaction whose keys and values are text.
final class Session {
    private let stage: Stage
    let transaction: Transaction

    init(_ stage: Stage, _ transaction: Transaction) {
        self.stage = stage
        self.transaction = transaction
    }

    func get(_ key: String) throws -> String? { try transaction.get(key).map { String(decoding: $0, as: UTF8.self) } }

    func put(_ key: String, _ value: String) throws { try transaction.put(key, value) }

    func delete(_ key: String) throws { try transaction.delete(key) }

    func deleteRange(_ lower: String, _ upper: String?) throws { try transaction.deleteRange(Self.range(lower, upper)) }

    /// The entries of a range, as `"a=1 b=2"`.
    func scan(
        _ lower: String = "", _ upper: String? = nil, reverse: Bool = false, limit: Int? = nil
    ) throws -> String {
        Self.text(Array(transaction.scan(Self.range(lower, upper), reverse: reverse, limit: limit)))
    }

    /// A scan that goes on step by step.
    func open(_ lower: String = "", _ upper: String? = nil, reverse: Bool = false) -> OpenScan {
        OpenScan(iterator: transaction.scan(Self.range(lower, upper), reverse: reverse, limit: nil).makeIterator())
    }

    func commit() throws -> Outcome {
        do throws(StoreError) {
            try transaction.commit()
        } catch {
            guard error.code == .conflict else { throw error }
            return .conflict
        }
        try stage.keepUp()
        return .ok
    }

    func rollback() { transaction.rollback() }

    static func range(_ lower: String, _ upper: String?) -> KeyRange {
        KeyRange(from: Array(lower.utf8), upTo: upper.map { Array($0.utf8) })
    }

    static func text(_ entries: [Entry]) -> String {
        entries.map { String(decoding: $0.key + [UInt8(ascii: "=")] + $0.value, as: UTF8.self) }.joined(separator: " ")
    }
}

struct OpenScan {
    var iterator: Scan.Iterator

    /// The next so many entries, as `"a=1 b=2"`; fewer at the end.
    mutating func next(_ count: Int = 1) -> String {
        var entries: [Entry] = []
        while entries.count < count, let entry = iterator.next() { entries.append(entry) }
        return Session.text(entries)
    }

    mutating func rest() -> String { next(.max) }
}
