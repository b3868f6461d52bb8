import LSMTx
import LSMTxSimulation
import LSMTxTestSupport

/// A workload on a device that may lose power at any moment, and what must be true of what it leaves.
///
/// Every commit also writes its number under one key, so that a reopened store says which prefix of the commits it
/// holds; the rest must be exactly the model's state of that commit.
final class CrashRun: @unchecked Sendable {
    // @unchecked: the device calls the hook on the one thread that runs the workload.

    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    static let counterKey: [UInt8] = Array("number".utf8)

    let device = CrashDevice()
    let seed: UInt64
    private var random: SeededGenerator
    /// Chooses outcomes, apart from the workload, which then is the same whatever is looked at.
    private var choices: SeededGenerator
    private(set) var model = ModelDatabase()
    /// The newest commit that was acknowledged; the newest durable one.
    private var acknowledged = 0
    private var durable = 0
    private var isFormatted = false
    private let statesPerPoint: Int
    private let pointsOneIn: Int
    /// The commit that each named snapshot shows: of those that were acknowledged, and of the one that is being made or
    /// dropped, which may be there or not.
    private(set) var named: [String: Int] = [:]
    private(set) var pendingName: (name: String, commit: Int)?
    private(set) var states = 0
    private(set) var points = 0
    private(set) var namedReads = 0
    private(set) var pastReads = 0
    private(set) var rangeDeletes = 0
    private(set) var largeValues = 0
    private(set) var statesInRecovery = 0
    private(set) var lostSlots = 0

    init(seed: UInt64, statesPerPoint: Int, pointsOneIn: Int) {
        self.seed = seed
        self.statesPerPoint = statesPerPoint
        self.pointsOneIn = pointsOneIn
        random = SeededGenerator(seed: seed)
        choices = SeededGenerator(seed: ~seed)
    }

    private var failure: (any Error)?

    private func check(_ point: CrashPoint) {
        guard failure == nil, Int.random(in: 0..<pointsOneIn, using: &choices) == 0 else { return }
        do { try checkStates(of: point) } catch { failure = error }
    }

    // MARK: The workload

    /// How many compactions there were.
    private(set) var compactions: UInt64 = 0

    func run(commits: Int) throws {
        device.onCrashPoint(everyWrites: 5) { self.check($0) }
        try EngineFixture.format(device, seed: seed)
        isFormatted = true
        var left = commits
        while left > 0 {
            let database = try open(device)
            let here = min(left, Int.random(in: 1...120, using: &random))
            for _ in 0..<here {
                try commit(to: database)
                switch Int.random(in: 0..<120, using: &random) {
                case 0..<4: try database.flush()
                case 4..<6: try database.compact()
                case 6..<10: try createNamed(in: database)
                case 10..<12: try dropNamed(in: database)
                case 12..<15: try changeRetention(of: database)
                case 15..<18: _ = try database.engine.settle()
                default: break
                }
                if let failure { throw failure }
            }
            left -= here
            compactions += try database.statistics.compaction.count
            if Int.random(in: 0..<3, using: &random) > 0 {
                try database.close()
                acknowledged = model.newest
                durable = model.newest
            } else {
                // A kill: the next open is a recovery, crash points included. The abandoned handle writes no more.
                let killed = device.crashPoint().image(.everything)
                device.removeHook()
                try database.close()
                try restart(from: killed)
            }
            if let failure { throw failure }
        }
        device.removeHook()
        let database = try open(device)
        try compare(database, from: durable, "at the end")
        try database.close()
    }

    /// Puts back what a kill left. What was merely written is durable in it, and so are all commits.
    private func restart(from killed: CrashDevice) throws {
        try device.truncate(to: 0)
        try device.write(killed.readAll(), at: 0)
        try device.sync()
        durable = acknowledged
        device.onCrashPoint(everyWrites: 5) { self.check($0) }
    }

    private func open(_ device: CrashDevice) throws -> Database {
        try EngineFixture.openWithPast(device, smallLogBytes: Bool.random(using: &random) ? 4 << 10 : 1 << 20)
    }

    private func commit(to database: Database) throws {
        let number = model.newest + 1
        var writes: ModelWrites = [Self.counterKey: Array("\(number)".utf8)]
        let isDurable = Int.random(in: 0..<3, using: &random) > 0
        let transaction = try database.begin(.snapshot)
        try transaction.put(Self.counterKey, Array("\(number)".utf8))
        for _ in 0..<Int.random(in: 0...3, using: &random) { try write(to: transaction, &writes) }
        // Known before it happens: a crash in the middle may leave it.
        model.commit(writes)
        try transaction.commit(durability: isDurable ? .sync : .buffered)
        acknowledged = number
        if isDurable { durable = number }
    }

    private func write(to transaction: Transaction, _ writes: inout ModelWrites) throws {
        let key = self.key()
        switch Int.random(in: 0..<40, using: &random) {
        case 0..<8:
            try transaction.delete(key)
            writes.delete(key)
        case 8..<10:
            // All keys of the workload lie behind the counter's, which no range may take away.
            let upper = Bool.random(using: &random) ? key + [0x35] : nil
            try transaction.deleteRange(KeyRange(from: key, upTo: upper))
            writes.delete(ModelWrites.Range(lower: key, upper: upper))
            rangeDeletes += 1
        default:
            let largest = [30, 30, 30, 300, 300, 2_500, 20_000][Int.random(in: 0..<7, using: &random)]
            let count = Int.random(in: 0...largest, using: &random)
            let value = [UInt8](repeating: UInt8(truncatingIfNeeded: model.newest), count: count)
            try transaction.put(key, value)
            writes.put(key, value)
            if count > 3_000 { largeValues += 1 }
        }
    }

    private func key() -> [UInt8] { Array("p\(Int.random(in: 0..<60, using: &random))".utf8) }

    private func createNamed(in database: Database) throws {
        let name = "s\(Int.random(in: 0..<30, using: &random))"
        guard named[name] == nil, named.count < 4 else { return }
        pendingName = (name, model.newest)
        try database.createSnapshot(named: name)
        named[name] = model.newest
        // What has a name is durable, and so is everything before it.
        durable = acknowledged
        pendingName = nil
    }

    private func dropNamed(in database: Database) throws {
        guard let name = named.keys.sorted().randomElement(using: &random), let commit = named[name] else { return }
        pendingName = (name, commit)
        named[name] = nil
        try database.dropSnapshot(named: name)
        pendingName = nil
    }

    private func changeRetention(of database: Database) throws {
        let commits = Bool.random(using: &random) ? UInt64.random(in: 0..<40, using: &random) : nil
        try database.setRetention(Retention(keep: nil, commits: commits, logBytes: nil))
    }

    // MARK: What must hold

    private func checkStates(of point: CrashPoint) throws {
        points += 1
        let outcomes = point.states(seed: choices.next(), random: statesPerPoint, singles: 4)
        let chosen = outcomes.count <= statesPerPoint ? outcomes : outcomes.shuffled(using: &choices)
        for outcome in chosen.prefix(statesPerPoint) + [.everything] {
            let floor = outcome == .everything ? acknowledged : durable
            let what = "seed \(seed), \(point.moment), point \(points), \(outcome)"
            try checkState(point.image(outcome), floor: floor, what)
        }
        if isFormatted, Int.random(in: 0..<4, using: &choices) == 0 {
            try checkLostSlot(of: point.image(.everything))
        }
    }

    private func checkState(_ image: CrashDevice, floor: Int, _ what: String) throws {
        states += 1
        // One in eight recoveries loses power too.
        if Int.random(in: 0..<8, using: &choices) == 0 { try crashInRecovery(image, floor: floor, what) }
        let database: Database
        do {
            database = try EngineFixture.openWithPast(
                image, smallLogBytes: Bool.random(using: &choices) ? 4 << 10 : 1 << 20)
        } catch {
            // Until both slots are there, the file has no name, and need not be a store.
            guard isFormatted else { return }
            throw Violation(description: "\(what): \(error)")
        }
        let number = try compare(database, from: floor, what)
        try comparePast(database, what)
        try audit(database, what)
        try writeMore(database, image, number, what)
    }

    /// What was recovered takes commits like any other store, and keeps them.
    private func writeMore(_ database: Database, _ image: CrashDevice, _ number: Int, _ what: String) throws {
        let more = [UInt8](repeating: 1, count: Int.random(in: 0...30_000, using: &choices))
        do {
            try database.write { try $0.put("more", more) }
            switch Int.random(in: 0..<3, using: &choices) {
            case 0: try database.close()
            case 1: try database.flush()
            default: break
            }
        } catch {
            throw Violation(description: "\(what), writing more: \(error)")
        }
        let killed = image.crashImage(choosing: .nothing)
        try? database.close()
        do {
            let again = try EngineFixture.openWithPast(killed)
            guard try again.read({ try $0.get("more") }) == more,
                try again.read({ try $0.get(Self.counterKey) }) == (number == 0 ? nil : Array("\(number)".utf8))
            else { throw Violation(description: "a later commit is gone") }
            try audit(again, what)
            try again.close()
        } catch {
            throw Violation(description: "\(what), after writing more: \(error)")
        }
    }

    /// Every named snapshot shows the commit that it was made of, and so does a timestamp that can still be read.
    private func comparePast(_ database: Database, _ what: String) throws {
        var expected = named
        let found = try database.snapshots()
        if let pendingName, found.contains(where: { $0.name == pendingName.name }) {
            expected[pendingName.name] = pendingName.commit
        }
        guard found.map(\.name).sorted() == expected.keys.sorted() else {
            throw Violation(description: "\(what): snapshots are \(found.map(\.name)), not \(expected.keys.sorted())")
        }
        for (name, commit) in expected {
            namedReads += 1
            try database.read(at: .named(name)) { snapshot in
                guard try Self.number(in: snapshot) == commit else {
                    throw Violation(description: "\(what): \(name) does not show commit \(commit)")
                }
                try compare(snapshot, with: commit, "\(what), \(name)")
            }
        }
        let oldest = try database.oldestReadableTimestamp
        guard oldest < database.timestamp else { return }
        let past = Timestamp(
            rawValue: UInt64.random(in: oldest.rawValue..<database.timestamp.rawValue, using: &choices))
        pastReads += 1
        try database.read(at: .timestamp(past)) { snapshot in
            try compare(snapshot, with: try Self.number(in: snapshot), "\(what), at \(past)")
        }
    }

    private static func number(in snapshot: Snapshot) throws -> Int {
        try snapshot.get(counterKey).flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
    }

    private func compare(_ snapshot: Snapshot, with commit: Int, _ what: String) throws {
        let found = Array(snapshot.scan())
        let expected = model.scan(at: commit)
        guard found.count == expected.count,
            zip(found, expected).allSatisfy({ $0.key == $1.key && $0.value == $1.value })
        else { throw Violation(description: "\(what): commit \(commit) is not whole") }
    }

    private func audit(_ database: Database, _ what: String) throws {
        let findings = ExtentAudit.findings(in: database.engine)
        guard findings.isEmpty else { throw Violation(description: "\(what): \(findings)") }
    }

    /// The second loss of power, at any point of the recovery from the first.
    private func crashInRecovery(_ image: CrashDevice, floor: Int, _ what: String) throws {
        let copy = image.crashImage(choosing: .everything)
        let found = Guarded<[CrashPoint]>([])
        copy.onCrashPoint(everyWrites: 3) { point in found.withLock { $0.append(point) } }
        guard let database = try? EngineFixture.openWithPast(copy, smallLogBytes: 4 << 10) else { return }
        copy.removeHook()
        try database.close()
        for point in found.withLock({ $0 }).shuffled(using: &choices).prefix(3) {
            guard let outcome = point.states(seed: choices.next(), random: 6, singles: 2).randomElement(using: &choices)
            else { continue }
            states += 1
            statesInRecovery += 1
            let second = point.image(outcome)
            do {
                let again = try EngineFixture.openWithPast(second)
                try compare(again, from: floor, "\(what), then in recovery \(point.moment) \(outcome)")
                try audit(again, what)
                try again.close()
            } catch {
                throw Violation(description: "\(what), then in recovery \(point.moment) \(outcome): \(error)")
            }
        }
    }

    /// Without either slot, the other leads to every acknowledged commit (R4).
    private func checkLostSlot(of image: CrashDevice) throws {
        for offset in Superblock.slotOffsets {
            lostSlots += 1
            let damaged = image.crashImage(choosing: .everything)
            var bytes = [UInt8](repeating: 0, count: Superblock.slotBytes)
            if Bool.random(using: &choices) {
                bytes = try damaged.readBytes(bytes.count, at: offset)
                guard !bytes.isEmpty else { return }
                let place = Int.random(in: 0..<min(bytes.count, 300), using: &choices)
                bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &choices)
            }
            try damaged.writeDurably(bytes, at: offset)
            do {
                let database = try EngineFixture.openWithPast(damaged)
                try compare(database, from: acknowledged, "slot at \(offset) lost")
                try audit(database, "slot at \(offset) lost")
                try database.close()
            } catch {
                throw Violation(description: "seed \(seed), point \(points), slot at \(offset) lost: \(error)")
            }
        }
    }

    @discardableResult
    private func compare(_ database: Database, from floor: Int, _ what: String) throws -> Int {
        let found = try EngineFixture.contents(database)
        let counter = found.first { $0.key == Self.counterKey }
        let number = counter.flatMap { Int(String(decoding: $0.value, as: UTF8.self)) } ?? 0
        guard number >= floor, number <= model.newest else {
            throw Violation(description: "\(what): holds commit \(number), not \(floor) to \(model.newest)")
        }
        let expected = model.scan(at: number)
        guard found.count == expected.count,
            zip(found, expected).allSatisfy({ $0.key == $1.key && $0.value == $1.value })
        else { throw Violation(description: "\(what): commit \(number) is not whole") }
        return number
    }
}
