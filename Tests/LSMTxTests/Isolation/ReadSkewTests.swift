import LSMTx
import Testing

/// Above read committed, all reads of a transaction show one moment: that of its beginning.
@Suite struct ReadSkewTests {
    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aReadIsRepeatable(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0 gone=0", upkeep: upkeep)
        let reader = try stage.begin()
        #expect(try reader.get("x") == "0")
        try stage.commit {
            try $0.put("x", "1")
            try $0.delete("gone")
        }
        #expect(try reader.get("x") == level.expect(rc: "1", above: "0"))
        #expect(try reader.get("gone") == level.expect(rc: nil, above: "0"))
        let lent = try reader.transaction.withValue("x") { value in value.withUnsafeBytes { [UInt8]($0) } }
        #expect(lent == Array(level.expect(rc: "1", above: "0").utf8))
        #expect(try reader.commit() == .ok)
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aPhantomDoesNotAppear(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "p1=0", upkeep: upkeep)
        let reader = try stage.begin()
        #expect(try reader.scan("p", "q") == "p1=0")
        #expect(try reader.scan("r", "s") == "")
        try stage.commit {
            try $0.put("p2", "1")
            try $0.put("r", "1")
        }
        #expect(try reader.scan("p", "q") == level.expect(rc: "p1=0 p2=1", above: "p1=0"))
        #expect(try reader.scan("p", "q", reverse: true) == level.expect(rc: "p2=1 p1=0", above: "p1=0"))
        #expect(try reader.scan("r", "s") == level.expect(rc: "r=1", above: ""))
        var found = 0
        try reader.transaction.forEach(Session.range("p", "q")) { _, _ in
            found += 1
            return true
        }
        #expect(found == level.expect(rc: 2, above: 1))
        #expect(try reader.commit() == .ok)
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func twoReadsAreNotSkewed(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=5 y=5", upkeep: upkeep)
        let readers = try stage.begin(3)
        #expect(try readers[0].get("x") == "5")
        #expect(try readers[1].scan("x", "y") == "x=5")
        #expect(try readers[2].get("x") == "5")
        try stage.commit {
            try $0.put("x", "1")
            try $0.put("y", "9")
        }
        let y = level.expect(rc: "9", above: "5")
        #expect(try readers[0].get("y") == y)
        #expect(try readers[1].get("y") == y)
        #expect(try readers[2].scan("y", nil) == "y=\(y)")
        for reader in readers { #expect(try reader.commit() == .ok) }
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aWriteThatRestsOnASkewedPredicateFails(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=10 y=20", upkeep: upkeep)
        let deleter = try stage.begin()
        #expect(try deleter.get("x") == "10")
        try stage.commit {
            try $0.put("x", "12")
            try $0.put("y", "18")
        }
        // Delete what is 20.
        for entry in Array(deleter.transaction.scan()) where entry.value == Array("20".utf8) {
            try deleter.transaction.delete(entry.key)
        }
        #expect(try deleter.commit() == level.expect(rc: .ok, above: .conflict))
        #expect(try stage.contents == "x=12 y=18")
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func whatIsReadIsWhatWasThereAtTheBeginning(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0", upkeep: upkeep)
        let reader = try stage.begin()
        let began = reader.transaction.timestamp
        try stage.commit {
            try $0.put("x", "1")
            try $0.put("y", "1")
        }
        #expect(try reader.get("x") == level.expect(rc: "1", above: "0"))
        #expect(try reader.scan() == level.expect(rc: "x=1 y=1", above: "x=0"))
        #expect((reader.transaction.timestamp == began) == level.expect(rc: false, above: true))
        #expect(try reader.commit() == .ok)
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func twoReadersAgreeOnTheOrderOfTwoWriters(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "", upkeep: upkeep)
        let fourth = try stage.begin()
        #expect(try fourth.get("x") == nil)
        try stage.commit { try $0.put("x", "1") }
        let third = try stage.begin()
        #expect(try third.get("x") == "1")
        #expect(try third.get("y") == nil)
        try stage.commit { try $0.put("y", "1") }
        #expect(try fourth.get("y") == level.expect(rc: "1", above: nil))
        #expect(try fourth.get("x") == level.expect(rc: "1", above: nil))
        #expect(try third.commit() == .ok)
        #expect(try fourth.commit() == .ok)
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aReaderIsNotDisturbedByFlushesAndCompactions(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "gone=0 x=0", upkeep: upkeep)
        let reader = try stage.begin()
        #expect(try reader.get("x") == "0")
        try stage.commit {
            try $0.put("x", "1")
            try $0.delete("gone")
        }
        try stage.database.flush()
        try stage.commit { try $0.deleteRange("", nil) }
        try stage.database.compact()
        #expect(try reader.get("x") == level.expect(rc: nil, above: "0"))
        #expect(try reader.get("gone") == level.expect(rc: nil, above: "0"))
        #expect(try reader.scan() == level.expect(rc: "", above: "gone=0 x=0"))
        #expect(try reader.commit() == .ok)
    }

    @Test(arguments: Isolation.allCases)
    func whatOnlyATransactionSeesGoesWhenItEnds(level: Isolation) throws {
        let stage = try Stage(level, "x=0 y=0")
        let reader = try stage.begin()
        try stage.commit {
            try $0.put("x", "1")
            try $0.delete("y")
        }
        try stage.database.compact()
        #expect(try reader.get("x") == level.expect(rc: "1", above: "0"))
        // Two versions of each key, where they can still be read.
        if level != .readCommitted { #expect(try stage.storedVersions == 4) }
        reader.rollback()
        try stage.database.compact()
        #expect(try stage.storedVersions == 1)
    }
}
