import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Level 0 of a store that nobody writes to.
@Suite struct SettlingTests {
    private static func tables(_ database: Database) -> [Int] { database.engine.versions.current.levels.map(\.count) }

    /// Tables of level 0 that are all within the limits.
    private static func fill(_ database: Database, rounds: Range<Int>, keys: Int = 300) throws {
        for round in rounds {
            try database.write { t in
                for key in 0..<keys where (key + round) % 3 > 0 { try t.put("key \(1000 + key)", "round \(round)") }
                try t.delete("key \(1000 + round)")
            }
            try database.flush()
        }
    }

    @Test func itShowsTheSameAsBeforeAtEveryReadPoint() throws {
        let (device, database) = try EngineFixture.newStore()
        try Self.fill(database, rounds: 0..<1)
        let early = try database.snapshot()
        let before = Array(early.scan())
        try Self.fill(database, rounds: 1..<3)
        let contents = try EngineFixture.contents(database)
        #expect(Self.tables(database)[0] == 3)

        #expect(try database.engine.settle())
        #expect(Self.tables(database)[0] == 0 && Self.tables(database)[1] > 0)
        #expect(try EngineFixture.contents(database) == contents)
        #expect(Array(early.scan()) == before)
        #expect(try !database.engine.settle() && !database.engine.isUnsettled)
        #expect(try database.check().findings.isEmpty)
        #expect(ExtentAudit.findings(in: database.engine) == [])
        early.close()
        try database.close()
        #expect(try EngineFixture.contents(try EngineFixture.open(device)) == contents)
    }

    @Test func theBackgroundWorkerDoesItWhenNobodyCommits() throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        try Self.fill(database, rounds: 0..<2)
        let contents = try EngineFixture.contents(database)
        // As long as it takes: the limit only ends a hang.
        for _ in 0..<60_000 where Self.tables(database)[0] > 0 { SystemClock.sleep(microseconds: 5_000) }
        #expect(Self.tables(database)[0] == 0)
        #expect(try EngineFixture.contents(database) == contents)
        #expect(try database.check().findings.isEmpty)
        try database.close()
    }

    @Test func aLackOfSpaceLeavesTheStoreAsItWas() throws {
        let device = MemoryDevice()
        try EngineFixture.format(device)
        let faults = FaultDevice(device)
        let database = try EngineFixture.open(faults)
        try Self.fill(database, rounds: 0..<3)
        let contents = try EngineFixture.contents(database)
        let before = Self.tables(database)
        faults.setFault(.init(.write, call: 0, isSticky: true, .failure(.diskFull)))
        #expect(EngineFixture.code { _ = try database.engine.settle() } == .diskFull)
        #expect(Self.tables(database) == before && database.engine.isUnsettled)
        faults.setFault(nil)
        #expect(try database.engine.settle())
        #expect(try EngineFixture.contents(database) == contents)
        #expect(ExtentAudit.findings(in: database.engine) == [])
    }
}
