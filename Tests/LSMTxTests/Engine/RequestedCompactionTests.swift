import LSMTx
import LSMTxSimulation
import LSMTxTestSupport
import Testing

/// `compact`, in the caller's thread and in the background.
@Suite struct RequestedCompactionTests {
    private struct Enough: Error {}

    /// Four levels, with the newest versions on top.
    private static func fill(_ database: Database, keys: Int, rounds: Int) throws {
        for round in 0..<rounds {
            for start in stride(from: 0, to: keys, by: 500) {
                try database.write { t in
                    for key in start..<min(start + 500, keys) where (key + round) % 3 > 0 {
                        try t.put("key \(100_000 + key)", String(repeating: "\(round) ", count: 20))
                    }
                }
            }
            try database.flush()
        }
    }

    private static func entryCount(_ database: Database) throws -> UInt64 {
        try database.statistics.levels.reduce(0) { $0 + $1.entries }
    }

    @Test(arguments: [false, true]) func afterwardsEachKeyIsThereOnce(background: Bool) throws {
        let (device, database) = try EngineFixture.newStore(background: background)
        try Self.fill(database, keys: 6000, rounds: 4)
        try database.write { t in for key in 0..<1000 { try t.delete("key \(100_000 + key)") } }
        let expected = try EngineFixture.contents(database)
        var last = CompactionProgress?.none
        var calls = 0
        try database.compact { progress in
            calls += 1
            #expect(progress.doneBytes >= last?.doneBytes ?? 0 && progress.doneBytes <= progress.totalBytes)
            last = progress
        }
        #expect(calls >= 2 && last.map { $0.doneBytes == $0.totalBytes } == true)
        let levels = try database.statistics.levels
        #expect(levels.dropLast().allSatisfy { $0.tables == 0 })
        #expect(try Self.entryCount(database) == UInt64(expected.count))
        #expect(try EngineFixture.contents(database) == expected)
        #expect(try database.check().findings.isEmpty)
        try database.close()
        #expect(try EngineFixture.contents(try EngineFixture.open(device)) == expected)
    }

    @Test func onlyWhatOverlapsTheRangeIsRewritten() throws {
        let (_, database) = try EngineFixture.newStore()
        try Self.fill(database, keys: 6000, rounds: 2)
        try database.compact()
        let before = database.engine.versions.current.tables.map(\.descriptor)
        try database.write { t in for key in 110..<120 { try t.delete("key \(100_000 + key)") } }
        try database.compact(KeyRange(prefix: "key 10011"))
        let after = database.engine.versions.current.tables.map(\.descriptor)
        let kept = after.filter { before.contains($0) }
        #expect(kept.count >= before.count - 1 && kept.count < after.count)
        #expect(try Self.entryCount(database) == 6000 - 10)
    }

    @Test func whatASnapshotSeesIsKeptAndTheRestGoes() throws {
        let (_, database) = try EngineFixture.newStore()
        try Self.fill(database, keys: 600, rounds: 2)
        let snapshot = try database.snapshot()
        let seen = Array(snapshot.scan())
        try Self.fill(database, keys: 600, rounds: 7)
        try database.compact()
        #expect(Array(snapshot.scan()) == seen)
        #expect(try Self.entryCount(database) <= 1200)
        snapshot.close()
        try database.compact()
        #expect(try Self.entryCount(database) == 600)
    }

    @Test(arguments: [false, true]) func anErrorOfTheProgressEndsIt(background: Bool) throws {
        let (_, database) = try EngineFixture.newStore(background: background)
        try Self.fill(database, keys: 3000, rounds: 2)
        let expected = try EngineFixture.contents(database)
        for after in 0..<4 {
            var calls = 0
            do {
                try database.compact { _ in
                    if calls == after { throw Enough() }
                    calls += 1
                }
            } catch is Enough {}
        }
        try database.compact()
        #expect(try EngineFixture.contents(database) == expected)
        #expect(try database.check().findings.isEmpty)
        try database.close()
    }

    @Test func aCloseEndsItToo() throws {
        let (device, database) = try EngineFixture.newStore(background: true)
        try Self.fill(database, keys: 6000, rounds: 3)
        let code = Guarded<StoreError.Code??>(nil)
        let began = Guarded(false)
        let thread = try WorkerThread(name: "compact") {
            let found = EngineFixture.code {
                try database.compact { _ in
                    began.withLock { $0 = true }
                    began.notifyAll()
                }
            }
            code.withLock { $0 = .some(found) }
            code.notifyAll()
        }
        _ = began.wait { $0 ? true : nil }
        try database.close()
        let found: StoreError.Code?? = code.wait(timeoutMilliseconds: 300_000) { $0 }
        #expect(found == .some(nil) || found == .some(.some(.closed)))
        thread.join()
        let again = try EngineFixture.open(device)
        #expect(try again.check().findings.isEmpty)
        try again.close()
    }

    /// The compactions that are due fail again and again, and go before those that are asked for.
    @Test(.timeLimit(.minutes(5))) func withoutSpaceItFailsThoughAnotherCompactionIsDue() throws {
        let device = FaultDevice(MemoryDevice())
        try EngineFixture.format(device)
        let database = try EngineFixture.open(device, background: true)
        try Self.fill(database, keys: 500, rounds: 1)
        let snapshot = try database.snapshot()
        try Self.fill(database, keys: 500, rounds: 3)
        try database.compact()
        let expected = try EngineFixture.contents(database)
        device.setFault(.init(.reserve, call: 0, isSticky: true, .failure(.diskFull)))
        // Much of it is garbage now.
        snapshot.close()
        #expect(EngineFixture.code { try database.compact() } == .diskFull)
        device.setFault(nil)
        try database.compact()
        #expect(try EngineFixture.contents(database) == expected)
        #expect(try Self.entryCount(database) == UInt64(expected.count))
        try database.close()
    }
}
