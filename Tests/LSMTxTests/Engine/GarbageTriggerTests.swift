import LSMTx
import LSMTxTestSupport
import Testing

/// What only a reader needed goes when the reader does, without waiting for another write.
@Suite struct GarbageTriggerTests {
    private static func overwrite(_ database: Database, rounds: Int) throws {
        for round in 0..<rounds {
            try database.write { t in for key in 0..<300 { try t.put("key \(key)", "round \(round) of key \(key)") } }
            try database.flush()
        }
    }

    private static func entryCount(_ database: Database) throws -> UInt64 {
        try database.statistics.levels.reduce(0) { $0 + $1.entries }
    }

    private static func waitForEntries(_ database: Database, atMost limit: UInt64) throws -> UInt64 {
        for _ in 0..<600 {
            if try entryCount(database) <= limit { break }
            SystemClock.sleep(microseconds: 50_000)
        }
        return try entryCount(database)
    }

    @Test func aClosedSnapshotsVersionsGoWithoutAnotherWrite() throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        try Self.overwrite(database, rounds: 3)
        let snapshot = try database.snapshot()
        try Self.overwrite(database, rounds: 9)
        #expect(try Self.entryCount(database) >= 600)
        // One version of each key for the snapshot, one for the present, and at most three tables beside them.
        #expect(try Self.waitForEntries(database, atMost: 1500) <= 1500)
        snapshot.close()
        #expect(try Self.waitForEntries(database, atMost: 1200) <= 1200)
        #expect(try database.check().findings.isEmpty)
        #expect(try EngineFixture.contents(database).count == 300)
        try database.close()
    }

    @Test func deletedKeysGoWhenTheTransactionThatMightConflictHasEnded() throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        try Self.overwrite(database, rounds: 1)
        let early = try database.begin(.snapshot)
        try database.write { t in for key in 0..<300 { try t.delete("key \(key)") } }
        for round in 0..<6 {
            try database.write { try $0.put("other", "\(round)") }
            try database.flush()
        }
        #expect(try Self.entryCount(database) >= 300)
        early.rollback()
        #expect(try Self.waitForEntries(database, atMost: 20) <= 20)
        try database.close()
    }
}
