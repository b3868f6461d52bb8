import LSMTx
import LSMTxTestSupport
import Testing

/// The background worker's compactions, run in the writing thread so that their moment is known.
@Suite struct EngineCompactionTests {
    private func overwrite(_ database: Database, keys: Int, rounds: Int, from first: Int = 0) throws {
        for round in first..<first + rounds {
            try database.write { t in
                for key in 0..<keys { try t.put("key \(key)", "round \(round) of key \(key)") }
            }
            try database.flush()
        }
    }

    private func entryCount(_ database: Database) throws -> UInt64 {
        try database.statistics.levels.reduce(0) { $0 + $1.entries }
    }

    @Test func whatNobodySeesIsDropped() throws {
        let (device, database) = try EngineFixture.newStore()
        try overwrite(database, keys: 100, rounds: 40)
        let statistics = try database.statistics
        #expect(statistics.compaction.count > 0)
        #expect(statistics.compaction.droppedVersions > 3_000)
        // Level 0 holds at most three tables that were not compacted yet.
        #expect(try entryCount(database) <= 400)
        #expect(try database.check().findings.isEmpty)
        #expect(ExtentAudit.findings(in: database.engine) == [])
        try database.close()
        let again = try EngineFixture.open(device)
        #expect(try again.read { try $0.get("key 99") } == Array("round 39 of key 99".utf8))
        #expect(try EngineFixture.contents(again).count == 100)
    }

    @Test func aHeldSnapshotKeepsWhatItSeesAndNothingElse() throws {
        let (_, database) = try EngineFixture.newStore()
        try overwrite(database, keys: 100, rounds: 5)
        let snapshot = try database.snapshot()
        try overwrite(database, keys: 100, rounds: 40, from: 5)
        #expect(
            snapshot.scan().map { String(decoding: $0.value, as: UTF8.self) }.sorted()
                == (0..<100).map { "round 4 of key \($0)" }.sorted())
        // One version for the snapshot and one for the present of each key, beside what is not compacted yet.
        #expect(try entryCount(database) <= 500)
        snapshot.close()
        try overwrite(database, keys: 100, rounds: 4, from: 45)
        #expect(try entryCount(database) <= 400)
    }

    @Test func aDeletionThatATransactionConflictsWithIsKept() throws {
        let (_, database) = try EngineFixture.newStore()
        let early = try database.begin(.snapshot)
        try database.write { try $0.put("k", "1") }
        try database.write { try $0.delete("k") }
        try overwrite(database, keys: 10, rounds: 12)
        try early.put("k", "2")
        #expect { try early.commit() } throws: { ($0 as? StoreError)?.code == .conflict }

        try overwrite(database, keys: 10, rounds: 12, from: 12)
        #expect(try database.statistics.compaction.droppedTombstones > 0)
        #expect(try database.read { try $0.get("k") } == nil)
    }

    @Test func anOpenScanReadsOnWhileItsTablesAreReplaced() throws {
        let (_, database) = try EngineFixture.newStore()
        try overwrite(database, keys: 200, rounds: 3)
        let snapshot = try database.snapshot()
        var seen = 0
        try snapshot.forEach(.all, reverse: false) { _, value in
            if seen % 50 == 0 { try overwrite(database, keys: 200, rounds: 5, from: 3 + seen / 10) }
            let isOld = value.withUnsafeBytes { $0.starts(with: "round 2 ".utf8) }
            #expect(isOld)
            seen += 1
            return true
        }
        #expect(seen == 200)
        snapshot.close()
        #expect(ExtentAudit.findings(in: database.engine) == [])
    }
}
