import LSMTx
import Testing

/// Transactions and the end of the process.
@Suite struct ReopenIsolationTests {
    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func whatWasAcknowledgedIsThereAfterACrash(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0 y=0 z=0", upkeep: upkeep)
        let session = try stage.begin()
        #expect(try session.get("x") == "0")
        try session.put("x", "1")
        try session.deleteRange("y", "z")
        #expect(try session.commit() == .ok)
        let open = try stage.begin()
        try open.put("z", "not committed")
        let failed = try stage.begin()
        #expect(try failed.scan() == "x=1 z=0")
        try failed.put("x", "lost")
        try stage.commit { try $0.put("x", "2") }
        #expect(try failed.commit() == level.expect(rc: .ok, above: .conflict))
        for durability in [Durability.buffered, .sync] {
            let next = try stage.begin()
            try next.put("\(durability)", "1")
            try next.transaction.commit(durability: durability)
        }
        let expected = "buffered=1 sync=1 " + level.expect(rc: "x=lost", above: "x=2") + " z=0"
        let reopened = try EngineFixture.open(try EngineFixture.copy(stage.device))
        #expect(try Session.text(EngineFixture.contents(reopened)) == expected)
        try reopened.close()
    }

    @Test(arguments: Isolation.allCases)
    func aTransactionDoesNotOutliveItsDatabase(level: Isolation) throws {
        let stage = try Stage(level, "x=0")
        let t = try stage.begin(2)
        try t[0].put("x", "1")
        try stage.database.close()
        #expect(EngineFixture.code { _ = try t[0].get("y") } == .closed)
        #expect(EngineFixture.code { _ = try t[0].commit() } == .closed)
        #expect(EngineFixture.code { _ = try t[1].commit() } == .closed)
        #expect(EngineFixture.code { _ = try stage.begin() } == .closed)
        let reopened = try EngineFixture.open(stage.device)
        #expect(try Session.text(EngineFixture.contents(reopened)) == "x=0")
        try reopened.close()
    }

    @Test(arguments: Isolation.allCases)
    func timestampsGoOnAfterReopening(level: Isolation) throws {
        let stage = try Stage(level)
        let first = try stage.begin()
        try first.put("x", "1")
        let before = try first.transaction.commit()
        for device in [try EngineFixture.copy(stage.device), stage.device] {
            if device === stage.device { try stage.database.close() }
            let reopened = try EngineFixture.open(device)
            #expect(reopened.timestamp >= before)
            let (second, other) = (try reopened.begin(level), try reopened.begin(level))
            #expect(try other.get("x") == Array("1".utf8))
            try other.put("x", "3")
            try second.put("x", "2")
            #expect(try second.commit() > before)
            #expect(EngineFixture.code { try other.commit() } == level.expect(rc: nil, above: .conflict))
            let now = level.expect(rc: "3", above: "2")
            #expect(try reopened.read { try $0.get("x") } == Array(now.utf8))
            try reopened.close()
        }
    }
}
