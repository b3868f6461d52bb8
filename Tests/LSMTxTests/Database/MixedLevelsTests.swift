import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Threads at all levels at once, with savepoints, deletions of ranges, large values, flushes and compactions, and an
/// end in the middle: the store is closed, or its device fails. What each level promises holds at every moment.
@Suite struct MixedLevelsTests {
    private static let groups = 3
    private static let milliseconds = 700

    private final class Run: Sendable {
        let database: Database
        let failures = Guarded<[String]>([])
        /// Raises of each counter that were acknowledged, and those whose outcome nobody knows.
        let raised = Guarded([Int](repeating: 0, count: groups))
        let unknown = Guarded([Int](repeating: 0, count: groups))
        let newest = Guarded(0)
        let conflicts = Guarded(0)

        init(_ database: Database) { self.database = database }

        func note(_ failure: String) { failures.withLock { if $0.count < 10 { $0.append(failure) } } }
        func check(_ isRight: Bool, _ what: @autoclosure () -> String) { if !isRight { note(what()) } }
    }

    private static func number(_ bytes: [UInt8]?) -> Int {
        bytes.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
    }

    /// One transaction of one kind, chosen by `random`.
    private static func step(_ run: Run, _ thread: Int, _ random: inout SeededGenerator) throws {
        let database = run.database
        let group = Int.random(in: 0..<groups, using: &random)
        let durability: Durability = Int.random(in: 0..<4, using: &random) == 0 ? .sync : .buffered
        let coin = Bool.random(using: &random)
        let other = Int.random(in: 0..<20, using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1:
            do {
                try database.write(coin ? .serializable : .snapshot, label: "raise", durability: durability) { t in
                    let old = number(try t.get("n/\(group)"))
                    let savepoint = try t.savepoint()
                    try t.put("n/\(group)", "\(old + 100)")
                    try t.deleteRange(KeyRange(prefix: "n/"))
                    run.check(try t.get("n/\(group)") == nil, "an own deletion is not seen")
                    try t.rollback(to: savepoint)
                    try? t.savepoint {
                        try t.put("n/\(group)", "junk")
                        throw CancellationError()
                    }
                    run.check(number(try t.get("n/\(group)")) == old, "a rollback left something")
                    try t.put("n/\(group)", "\(old + 1)")
                }
                run.raised.withLock { $0[group] += 1 }
            } catch let error as StoreError where error.code == .outcomeUnknown {
                run.unknown.withLock { $0[group] += 1 }
                throw error
            }
        case 2, 3:
            let (own, others) = coin ? ("a", "b") : ("b", "a")
            try database.write(label: "pair", durability: durability) { t in
                let isOn = try t.get("pair/\(group)/\(others)") != nil
                if isOn { try t.delete("pair/\(group)/\(own)") } else { try t.put("pair/\(group)/\(own)", "on") }
            }
        case 4:
            // At most one entry of a set, guarded by what is not there.
            try database.write(coin ? .serializable : .snapshot, label: "set", durability: durability) { t in
                let set = KeyRange(prefix: "set/\(group)/")
                if t.isolation == .snapshot { try t.addReadConflict(set) }
                if t.scan(set, reverse: coin, limit: nil).contains(where: { _ in true }) {
                    try t.deleteRange(set)
                    if coin { try t.put("set/\(group)/\(other)", "moved") }
                } else {
                    try t.put("set/\(group)/\(other)", "new")
                }
            }
        case 5:
            try database.write(.snapshot, label: "large", durability: durability) { t in
                try t.put("large/\(group)", [UInt8](repeating: UInt8(other), count: 4_000 + other))
                try? t.savepoint {
                    try t.put("large/\(group)", [UInt8](repeating: 99, count: 5_000))
                    throw CancellationError()
                }
            }
        case 6:
            let known = run.newest.withLock { $0 }
            let transaction = try database.begin(coin ? .readCommitted : .serializable)
            let seen = number(try transaction.get("newest"))
            run.check(seen >= known, "a commit that had returned is not seen: \(seen) of \(known)")
            run.check(number(try transaction.get("newest")) >= seen, "reads go backwards")
        case 7:
            let value = try database.write(label: "newest", durability: durability) { t in
                let value = number(try t.get("newest")) + 1
                try t.put("newest", "\(value)")
                return value
            }
            run.newest.withLock { $0 = max($0, value) }
        default:
            try look(run)
            // Loses on purpose, to see the label.
            let transaction = try database.begin(.snapshot, label: "loser")
            try transaction.put("pair/\(group)/a", "on")
            try database.write(label: "winner") { t in
                try t.put("pair/\(group)/a", "on")
            }
            try lose(run, transaction, key: "pair/\(group)/a")
        }
    }

    private static func lose(_ run: Run, _ transaction: Transaction, key: String) throws(StoreError) {
        do throws(StoreError) {
            try transaction.commit()
            run.note("the first committer did not win")
        } catch {
            guard error.code == .conflict else { throw error }
            run.conflicts.withLock { $0 += 1 }
            let label = error.conflict?.otherLabel
            run.check(label == "winner" || label == "pair", "label \(label ?? "nil")")
            run.check(error.conflict?.key == Array(key.utf8), "\(error)")
        }
    }

    private static func look(_ run: Run) throws {
        try run.database.read { snapshot in
            for group in 0..<groups {
                let a = try snapshot.get("pair/\(group)/a")
                let b = try snapshot.get("pair/\(group)/b")
                run.check(a != nil || b != nil, "pair \(group) is off at \(snapshot.timestamp)")
                let set = snapshot.scan(KeyRange(prefix: "set/\(group)/")).map { _ in 1 }.count
                run.check(set <= 1, "\(set) entries in set \(group) at \(snapshot.timestamp)")
                if let large = try snapshot.get("large/\(group)") {
                    run.check(
                        large.allSatisfy { $0 == large[0] } && large.count == 4_000 + Int(large[0]), "large \(large[0])"
                    )
                }
            }
        }
    }

    private static func start(_ run: Run, seed: UInt64) throws -> [WorkerThread] {
        try run.database.write { t in
            for group in 0..<groups { for side in ["a", "b"] { try t.put("pair/\(group)/\(side)", "on") } }
        }
        var threads: [WorkerThread] = []
        let expected: Set<StoreError.Code> = [.closed, .poisoned, .io, .outcomeUnknown]
        for thread in 0..<6 {
            threads.append(
                try WorkerThread(name: "worker") {
                    var random = SeededGenerator(seed: seed &* 100 &+ UInt64(thread))
                    while true {
                        do {
                            try step(run, thread, &random)
                        } catch let error as StoreError {
                            run.check(
                                expected.contains(error.code), "seed \(seed), thread \(thread): \(error.code) \(error)")
                            return
                        } catch {
                            return run.note("\(error)")
                        }
                    }
                })
        }
        threads.append(
            try WorkerThread(name: "compactor") {
                while (try? run.database.flush()) != nil {
                    try? run.database.compact()
                    SystemClock.sleep(microseconds: 5_000)
                }
            })
        return threads
    }

    private static func check(_ run: Run, reopened: Database) throws {
        let after = Run(reopened)
        try look(after)
        for group in 0..<groups {
            let stored = number(try reopened.read { try $0.get("n/\(group)") })
            let sure = run.raised.withLock { $0[group] }
            let unsure = run.unknown.withLock { $0[group] }
            #expect(
                (sure...sure + unsure).contains(stored), "counter \(group): \(stored) of \(sure), \(unsure) unknown")
        }
        #expect(after.failures.withLock { $0 } == [])
        #expect(run.failures.withLock { $0 } == [])
        #expect(run.database.core.precedence.count == 0)
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func eachLevelKeepsItsPromisesUntilTheStoreIsClosed(seed: UInt64) throws {
        let device = MemoryDevice()
        try EngineFixture.format(device)
        let run = Run(try EngineFixture.openWithPast(device, background: true))
        let threads = try Self.start(run, seed: seed)
        SystemClock.sleep(microseconds: Self.milliseconds * 1000)
        try run.database.close()
        for thread in threads { thread.join() }
        #expect(run.conflicts.withLock { $0 } > 0)
        let reopened = try EngineFixture.openWithPast(device)
        try Self.check(run, reopened: reopened)
        try reopened.close()
    }

    @Test(arguments: [DeviceCall.Kind.write, .sync, .writeDurably])
    func eachLevelKeepsItsPromisesUntilTheDeviceFails(kind: DeviceCall.Kind) throws {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let device = FaultDevice(base)
        let run = Run(try EngineFixture.openWithPast(device, background: true))
        let threads = try Self.start(run, seed: 17)
        SystemClock.sleep(microseconds: Self.milliseconds * 1000)
        device.setFault(FaultDevice.Fault(kind, call: 3, isSticky: true, .failure(.io)))
        for thread in threads.dropLast() { thread.join() }
        try? run.database.close()
        threads.last?.join()
        device.setFault(nil)
        let reopened = try EngineFixture.openWithPast(base)
        try Self.check(run, reopened: reopened)
        try reopened.close()
    }
}
