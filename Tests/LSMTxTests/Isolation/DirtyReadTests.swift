import LSMTx
import Testing

/// What is not committed is nobody else's, at any level.
@Suite struct DirtyReadTests {
    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aDirtyWriteNeverMixesTwoTransactions(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0 y=0", upkeep: upkeep)
        let t = try stage.begin(2)
        try t[0].put("x", "1")
        try t[1].put("x", "2")
        try t[1].put("y", "2")
        try t[0].put("y", "1")
        #expect(try t[0].commit() == .ok)
        #expect(try stage.contents == "x=1 y=1")
        // Blind writes conflict where the first committer wins.
        #expect(try t[1].commit() == level.expect(rc: .ok, si: .conflict, ser: .ok))
        #expect(try stage.contents == level.expect(rc: "x=2 y=2", si: "x=1 y=1", ser: "x=2 y=2"))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func anAbortedWriteIsNeitherReadNorInTheWay(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0", upkeep: upkeep)
        let t = try stage.begin(2)
        try t[0].put("x", "1")
        try t[0].put("new", "1")
        try stage.keepUp()
        #expect(try t[1].get("x") == "0")
        #expect(try t[1].scan() == "x=0")
        t[0].rollback()
        #expect(try t[1].get("x") == "0")
        #expect(try t[1].get("new") == nil)
        try t[1].put("x", "2")
        #expect(try t[1].commit() == .ok)
        #expect(try stage.contents == "x=2")
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aTransactionThatFailedLeavesNothing(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0", upkeep: upkeep)
        let t = try stage.begin(2)
        for (index, session) in t.enumerated() {
            #expect(try session.get("x") == "0")
            try session.put("x", "\(index + 1)")
            try session.put("of \(index)", "1")
            try session.deleteRange("r", "s")
        }
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == level.expect(rc: .ok, above: .conflict))
        #expect(try stage.contents == level.expect(rc: "of 0=1 of 1=1 x=2", above: "of 0=1 x=1"))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func anIntermediateValueIsNeverRead(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0", upkeep: upkeep)
        let t = try stage.begin(2)
        try t[0].put("x", "1")
        #expect(try t[1].get("x") == "0")
        try t[0].put("x", "2")
        #expect(try t[1].scan("x", "y") == "x=0")
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].get("x") == level.expect(rc: "2", above: "0"))
        #expect(try t[1].commit() == .ok)
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func informationDoesNotFlowInACircle(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0 y=0", upkeep: upkeep)
        let t = try stage.begin(2)
        try t[0].put("x", "1")
        try t[1].put("y", "2")
        #expect(try t[0].get("y") == "0")
        #expect(try t[1].get("x") == "0")
        #expect(try t[0].commit() == .ok)
        // What is left is write skew.
        #expect(try t[1].commit() == level.expect(below: .ok, ser: .conflict))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func anObservedTransactionDoesNotVanish(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0 y=0", upkeep: upkeep)
        let t = try stage.begin(2)
        try t[0].put("x", "1")
        try t[0].put("y", "1")
        try t[1].put("x", "2")
        #expect(try t[0].commit() == .ok)
        let third = try stage.begin()
        #expect(try third.get("x") == "1")
        try t[1].put("y", "2")
        #expect(try t[1].commit() == level.expect(rc: .ok, si: .conflict, ser: .ok))
        let expected = level.expect(rc: "2", above: "1")
        #expect(try third.get("y") == expected)
        #expect(try third.get("x") == expected)
        #expect(try third.commit() == .ok)
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aScanShowsAllOfACommitOrNothing(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "a=0 b=0 c=0", upkeep: upkeep)
        let reader = try stage.begin()
        var scan = reader.open()
        #expect(scan.next() == "a=0")
        try stage.commit {
            try $0.put("a", "1")
            try $0.delete("b")
            try $0.put("c", "1")
            try $0.put("d", "1")
        }
        #expect(scan.next() == "b=0")
        // One that begins while the other is open, in the other direction.
        var second = reader.open(reverse: true)
        #expect(second.next() == level.expect(rc: "d=1", above: "c=0"))
        try stage.commit { try $0.deleteRange("", nil) }
        #expect(scan.rest() == "c=0")
        #expect(second.rest() == level.expect(rc: "c=1 a=1", above: "b=0 a=0"))
        #expect(try reader.scan() == level.expect(rc: "", above: "a=0 b=0 c=0"))
        #expect(try reader.commit() == .ok)
    }
}
