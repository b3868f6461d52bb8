import LSMTx
import LSMTxSimulation
import LSMTxTestSupport

/// A random workload over a small store, and the model's answer for every state that can be read and every one that
/// cannot.
struct TimeTravelRun {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    private struct Commit {
        let timestamp: Timestamp
        let number: Int
        let milliseconds: Int64
    }

    private let seed: UInt64
    private var random: SeededGenerator
    private let clock = ManualClock()
    private var model = ModelDatabase()
    private var commits: [Commit] = []
    private var names: [String: Timestamp] = [:]
    private var readers: [Snapshot] = []
    private var retention: Retention
    /// The highest floor that the limits ever allowed.
    private var highestFloor = Timestamp.zero
    private(set) var statesCompared = 0
    private(set) var statesRefused = 0
    private(set) var droppedVersions: UInt64 = 0

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        retention = .snapshotsOnly
        retention = anyRetention()
    }

    private mutating func chance(_ n: Int) -> Bool { Int.random(in: 0..<n, using: &random) == 0 }

    private mutating func anyRetention() -> Retention {
        let commits: UInt64? = chance(3) ? nil : UInt64.random(in: 0...60, using: &random)
        let seconds: Int64? = chance(2) ? nil : Int64.random(in: 0...30, using: &random)
        let logBytes: UInt64? = chance(2) ? nil : UInt64.random(in: 0...400_000, using: &random)
        return Retention(keep: seconds.map { .seconds($0) }, commits: commits, logBytes: logBytes)
    }

    mutating func run(steps: Int) throws {
        var device = MemoryDevice()
        try EngineFixture.format(device, seed: seed)
        var database = try PastFixture.open(device, retention: retention, clock: clock)
        for step in 0..<steps {
            do {
                try act(on: database)
                if chance(12) { try compare(database) }
                if chance(60) {
                    droppedVersions += try database.statistics.compaction.droppedVersions
                    for reader in readers { reader.close() }
                    readers = []
                    if chance(2) {
                        try database.close()
                    } else {
                        let killed = try EngineFixture.copy(device)
                        try database.close()
                        device = killed
                    }
                    try readOnly(device)
                    database = try PastFixture.open(
                        device, clock: clock, smallLogBytes: chance(2) ? 4 << 10 : 1 << 20)
                    try compare(database)
                }
            } catch {
                throw Violation(description: "seed \(seed), step \(step): \(error)")
            }
        }
        try compare(database)
        guard try database.check().findings.isEmpty else { throw Violation(description: "seed \(seed): damage") }
        droppedVersions += try database.statistics.compaction.droppedVersions
        try database.close()
    }

    // MARK: What is done

    private mutating func act(on database: Database) throws {
        clock.advance(Int64.random(in: 0...300, using: &random))
        defer { noteFloor() }
        noteFloor()
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<2:
            clock.advance(Int64.random(in: -20_000...20_000, using: &random))
            noteFloor()
        case 2..<12: try database.flush()
        case 12..<16: try name(database)
        case 16..<19:
            guard let name = names.keys.sorted().randomElement(using: &random) else { return }
            try database.dropSnapshot(named: name)
            names[name] = nil
        case 19..<21:
            retention = anyRetention()
            try database.setRetention(retention)
        case 21..<26:
            // Chosen first: the floor may move with the commits, but not with the clock that stands still here.
            guard let timestamp = try readable(database) else { return }
            readers.append(try database.snapshot(at: .timestamp(timestamp)))
        case 26..<30:
            guard !readers.isEmpty else { return }
            readers.remove(at: Int.random(in: readers.indices, using: &random)).close()
        default: try commit(to: database)
        }
    }

    private mutating func commit(to database: Database) throws {
        var writes: ModelDatabase.Writes = [:]
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let key = Array("k\(Int.random(in: 0..<30, using: &random))".utf8)
            let bytes = Int.random(in: 0...[20, 20, 2_000][Int.random(in: 0..<3, using: &random)], using: &random)
            let value = [UInt8](repeating: UInt8(truncatingIfNeeded: model.newest), count: bytes)
            writes[key] = chance(4) ? .some(nil) : value
        }
        let transaction = try database.begin(.snapshot)
        for (key, value) in writes.points.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            if let value { try transaction.put(key, value) } else { try transaction.delete(key) }
        }
        let timestamp = try transaction.commit(durability: chance(2) ? .buffered : .sync)
        let number = model.commit(writes)
        // A clock that went back repeats the last time.
        let milliseconds = max(Int64(clock.now), commits.last?.milliseconds ?? 0)
        commits.append(Commit(timestamp: timestamp, number: number, milliseconds: milliseconds))
    }

    private mutating func name(_ database: Database) throws {
        let name = "name \(Int.random(in: 0..<8, using: &random))"
        let point: PointInTime
        switch Int.random(in: 0..<3, using: &random) {
        case 0: point = .latest
        case 1: point = names.keys.sorted().randomElement(using: &random).map { .named($0) } ?? .latest
        default: point = try readable(database).map { .timestamp($0) } ?? .latest
        }
        guard names[name] == nil else {
            guard EngineFixture.code({ try database.createSnapshot(named: name) }) == .misuse else {
                throw Violation(description: "\(name) was given twice")
            }
            return
        }
        names[name] = try database.createSnapshot(named: name, at: point)
    }

    /// Any timestamp that can be read.
    private mutating func readable(_ database: Database) throws -> Timestamp? {
        let oldest = try database.oldestReadableTimestamp
        return commits.map(\.timestamp).filter { $0 >= oldest }.randomElement(using: &random)
    }

    // MARK: What must hold

    private func number(at timestamp: Timestamp) -> Int { commits.last { $0.timestamp <= timestamp }?.number ?? 0 }

    private mutating func compare(_ database: Database, readOnly: Bool = false) throws {
        let oldest = try database.oldestReadableTimestamp
        if !readOnly { try compareFloor(oldest) }
        // The borders, some in between, and the names.
        var timestamps = Set(names.values)
        timestamps.insert(oldest)
        timestamps.insert(database.timestamp)
        for commit in commits.suffix(3) { timestamps.insert(commit.timestamp) }
        let older = commits.map(\.timestamp).last { $0 < oldest } ?? .zero
        timestamps.insert(older)
        for _ in 0..<8 {
            if let commit = commits.randomElement(using: &random) { timestamps.insert(commit.timestamp) }
        }
        for timestamp in timestamps {
            if timestamp >= oldest || names.values.contains(timestamp) {
                try compare(try database.snapshot(at: .timestamp(timestamp)), "at \(timestamp)", closing: true)
            } else {
                statesRefused += 1
                let code = EngineFixture.code { _ = try database.snapshot(at: .timestamp(timestamp)) }
                guard code == .snapshotTooOld else {
                    throw Violation(description: "\(timestamp), below \(oldest), gave \(String(describing: code))")
                }
            }
        }
        let listed = try database.snapshots()
        guard Dictionary(uniqueKeysWithValues: listed.map { ($0.name, $0.timestamp) }) == names else {
            throw Violation(description: "the names are \(listed.map(\.name))")
        }
        for name in names.keys {
            try compare(try database.snapshot(at: .named(name)), name, closing: true)
        }
        for reader in readers { try compare(reader, "an open reader") }
        for key in 0..<4 {
            try compareHistory(of: Array("k\(Int.random(in: 0..<30, using: &random))".utf8), oldest, database, key)
        }
    }

    private mutating func compare(_ snapshot: Snapshot, _ what: String, closing: Bool = false) throws {
        statesCompared += 1
        defer { if closing { snapshot.close() } }
        let found = Array(snapshot.scan())
        let expected = model.scan(at: number(at: snapshot.timestamp))
        guard found.count == expected.count,
            zip(found, expected).allSatisfy({ $0.key == $1.key && $0.value == $1.value })
        else {
            throw Violation(
                description: "\(what): \(found.count) entries at \(snapshot.timestamp), not \(expected.count)")
        }
    }

    private mutating func noteFloor() {
        guard let newest = commits.last else { return }
        var floor = Timestamp.zero
        if let keep = retention.keep {
            let time = Int64(clock.now) - Int64(keep / .milliseconds(1))
            floor = commits.last { $0.milliseconds <= time }?.timestamp ?? .zero
        }
        if let limit = retention.commits, limit < UInt64(commits.count) {
            floor = max(floor, limit == 0 ? newest.timestamp : commits[commits.count - 1 - Int(limit)].timestamp)
        }
        // How much log commits take is not the model's business.
        if retention.logBytes != nil { floor = newest.timestamp }
        highestFloor = max(highestFloor, floor)
    }

    /// Nothing is kept beyond a limit of commits, and nothing is refused that the limits have never excluded.
    private func compareFloor(_ oldest: Timestamp) throws {
        if let limit = retention.commits {
            let above = commits.filter { $0.timestamp > oldest }.count
            guard above <= Int(limit) else {
                throw Violation(description: "\(above) commits above the floor, not \(limit)")
            }
        }
        guard number(at: oldest) <= number(at: highestFloor) else {
            throw Violation(description: "\(highestFloor) and later is to be kept, and the floor is \(oldest)")
        }
    }

    private mutating func compareHistory(
        of key: [UInt8], _ oldest: Timestamp, _ database: Database, _ variant: Int
    ) throws {
        // The versions that some readable timestamp sees, by asking the model at each of them.
        var seen: Set<Int> = []
        for commit in commits where commit.timestamp >= oldest { seen.insert(commit.number) }
        for timestamp in Array(names.values) + [oldest] { seen.insert(number(at: timestamp)) }
        var versions: [(number: Int, value: [UInt8]?)] = []
        for number in seen.sorted(by: >) {
            guard let version = model.version(of: key, at: number) else { continue }
            if versions.last?.number != version.commit { versions.append((version.commit, version.value)) }
        }
        while let last = versions.last, last.value == nil, commits[last.number - 1].timestamp <= oldest {
            versions.removeLast()
        }
        var expected = versions.map { (timestamp: commits[$0.number - 1].timestamp, value: $0.value) }
        let since = variant == 1 ? commits.randomElement(using: &random)?.timestamp : nil
        let limit = variant == 2 ? Int.random(in: 0...3, using: &random) : nil
        if let since { expected.removeAll { $0.timestamp <= since } }
        if let limit { expected = Array(expected.prefix(limit)) }
        let found = try database.history(of: key, since: since, limit: limit)
        guard found.map(\.timestamp) == expected.map(\.timestamp), found.map(\.value) == expected.map(\.value) else {
            throw Violation(
                description: """
                    the history of \(String(decoding: key, as: UTF8.self)), oldest \(oldest), since \
                    \(String(describing: since)), limit \(String(describing: limit)) is \
                    \(found.map { "\($0.timestamp)\($0.value == nil ? "-" : "")" }), not \
                    \(expected.map { "\($0.timestamp)\($0.value == nil ? "-" : "")" })
                    """)
        }
    }

    /// The file as another process sees it that only reads.
    private mutating func readOnly(_ device: MemoryDevice) throws {
        let database = try PastFixture.open(device, readOnly: true)
        try compare(database, readOnly: true)
        try database.close()
    }
}
