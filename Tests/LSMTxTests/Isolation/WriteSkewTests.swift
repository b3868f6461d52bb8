import LSMTx
import Testing

/// Transactions that read what others write: only serializable is in the way.
@Suite struct WriteSkewTests {
    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func writeSkew(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=1 y=1", upkeep: upkeep)
        let t = try stage.begin(2)
        for session in t {
            #expect(try session.get("x") == "1")
            #expect(try session.get("y") == "1")
        }
        try t[0].put("x", "0")
        try t[1].put("y", "0")
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == level.expect(below: .ok, ser: .conflict))
        #expect(try stage.contents == level.expect(below: "x=0 y=0", ser: "x=0 y=1"))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func writeSkewOnKeysThatAreNotThere(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "", upkeep: upkeep)
        let t = try stage.begin(2)
        #expect(try t[0].get("k") == nil)
        #expect(try t[1].get("j") == nil)
        try t[0].put("j", "1")
        try t[1].put("k", "1")
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == level.expect(below: .ok, ser: .conflict))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func writeSkewThroughLentValues(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=1", upkeep: upkeep)
        let t = try stage.begin(2)
        for session in t {
            _ = try session.transaction.withValue("x") { $0.byteCount }
            _ = try session.transaction.withValue("y") { $0.byteCount }
        }
        try t[0].delete("x")
        try t[1].put("y", "1")
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == level.expect(below: .ok, ser: .conflict))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aRingOfThree(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0 y=0 z=0", upkeep: upkeep)
        let t = try stage.begin(3)
        let keys = ["x", "y", "z"]
        for (index, session) in t.enumerated() {
            #expect(try session.get(keys[index]) == "0")
            try session.put(keys[(index + 1) % 3], "1")
        }
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == level.expect(below: .ok, ser: .conflict))
        // What the third one read is as it was, since the second has failed.
        #expect(try t[2].commit() == .ok)
        #expect(try stage.contents == level.expect(below: "x=1 y=1 z=1", ser: "x=1 y=1 z=0"))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aReaderThatShowsWhatNoOrderGives(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0 y=0", upkeep: upkeep)
        let withdrawal = try stage.begin()
        #expect(try withdrawal.get("x") == "0")
        #expect(try withdrawal.get("y") == "0")
        let deposit = try stage.begin()
        #expect(try deposit.get("y") == "0")
        try deposit.put("y", "20")
        #expect(try deposit.commit() == .ok)
        let reader = try stage.begin()
        #expect(try reader.get("x") == "0")
        #expect(try reader.get("y") == "20")
        #expect(try reader.commit() == .ok)
        try withdrawal.put("x", "-11")
        #expect(try withdrawal.commit() == level.expect(below: .ok, ser: .conflict))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func skewOnTwoRangesThatWereEmpty(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "~seed=1", upkeep: upkeep)
        let t = try stage.begin(2)
        #expect(try t[0].scan("a", "m") == "")
        #expect(try t[1].scan("n", "z") == "")
        try t[0].put("x1", "v")
        try t[1].put("b2", "v")
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == level.expect(below: .ok, ser: .conflict))
        #expect(try stage.contents == level.expect(below: "b2=v x1=v ~seed=1", ser: "x1=v ~seed=1"))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func skewOnAPrefix(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "user/1=a", upkeep: upkeep)
        let t = try stage.begin(2)
        for session in t {
            #expect(session.transaction.scan(KeyRange(prefix: "user/")).map(\.key) == [Array("user/1".utf8)])
        }
        try t[0].put("user/2", "b")
        try t[1].put("user/3", "c")
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == level.expect(below: .ok, ser: .conflict))
        // A key beside the prefix is none of it.
        let third = try stage.begin()
        _ = Array(third.transaction.scan(KeyRange(prefix: "user/")))
        try third.put("log", "1")
        try stage.commit {
            try $0.put("user", "1")
            try $0.put("user0", "1")
        }
        #expect(try third.commit() == .ok)
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func skewOnKeysThatWereDeletedBefore(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "a=1 n=1", upkeep: upkeep)
        try stage.commit {
            try $0.delete("a")
            try $0.delete("n")
        }
        let t = try stage.begin(2)
        #expect(try t[0].scan("a", "m") == "")
        #expect(try t[1].scan("n", "z") == "")
        try t[0].put("n", "2")
        try t[1].put("a", "2")
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == level.expect(below: .ok, ser: .conflict))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func skewThroughTheDeletionOfARange(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "a=1 n=1", upkeep: upkeep)
        let t = try stage.begin(2)
        #expect(try t[0].get("a") == "1")
        #expect(try t[1].scan("n", "z") == "n=1")
        try t[0].deleteRange("n", "z")
        try t[1].deleteRange("a", "m")
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == level.expect(below: .ok, ser: .conflict))
        #expect(try stage.contents == level.expect(below: "", ser: "a=1"))
    }

    @Test(arguments: Isolation.allCases)
    func oneKeyAmongTenThousandThatWereRead(level: Isolation) throws {
        let stage = try Stage(level)
        let keys = (0..<10_000).map { "k\($0)" }
        try stage.commit { session in for key in keys where key.hasSuffix("7") { try session.put(key, "0") } }
        let t = try stage.begin(3)
        for session in t {
            let found = try keys.filter { try session.get($0) != nil }
            #expect(found.count == 1_000)
            try session.put("a", "1")
        }
        try stage.commit { try $0.put("not read", "1") }
        #expect(try t[0].commit() == Outcome.ok)
        try stage.commit { try $0.put("k5000", "1") }
        #expect(try t[1].commit() == level.expect(rc: .ok, above: .conflict))
        try stage.database.compact()
        #expect(try t[2].commit() == level.expect(rc: .ok, above: .conflict))
    }

    /// Each transaction keeps what its own level promises, whatever the others' levels are.
    @Test(arguments: Isolation.allCases, Isolation.allCases)
    func levelsMix(first: Isolation, second: Isolation) throws {
        let stage = try Stage(first, "x=1 y=1")
        let t = [try stage.begin(first), try stage.begin(second)]
        for session in t { #expect(try session.scan() == "x=1 y=1") }
        try t[0].put("x", "2")
        try t[1].put("y", "2")
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].scan("x", "y") == second.expect(rc: "x=2", above: "x=1"))
        #expect(try t[1].commit() == second.expect(below: .ok, ser: .conflict))
    }
}
