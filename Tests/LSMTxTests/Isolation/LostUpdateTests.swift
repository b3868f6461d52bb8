import LSMTx
import Testing

/// Two transactions that write the same key.
@Suite struct LostUpdateTests {
    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aLostUpdate(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=10", upkeep: upkeep)
        let t = try stage.begin(2)
        #expect(try t[0].get("x") == "10")
        #expect(try t[1].get("x") == "10")
        try t[0].put("x", "11")
        try t[1].put("x", "12")
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == level.expect(rc: .ok, above: .conflict))
        #expect(try stage.contents == level.expect(rc: "x=12", above: "x=11"))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func anUpdateOfWhatAScanShowed(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=10", upkeep: upkeep)
        let t = try stage.begin(2)
        for session in t {
            #expect(try session.scan("w", "y", reverse: true) == "x=10")
            try session.put("x", "11")
        }
        #expect(try t[1].commit() == .ok)
        #expect(try t[0].commit() == level.expect(rc: .ok, above: .conflict))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func blindWritesConflictOnlyWhereTheFirstCommitterWins(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0 y=0", upkeep: upkeep)
        let t = try stage.begin(2)
        try t[0].put("x", "1")
        try t[1].put("x", "2")
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == level.expect(rc: .ok, si: .conflict, ser: .ok))
        #expect(try stage.contents == level.expect(rc: "x=2 y=0", si: "x=1 y=0", ser: "x=2 y=0"))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func twoInsertsOfAKeyThatWasNotThere(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "", upkeep: upkeep)
        let t = try stage.begin(2)
        for (index, session) in t.enumerated() {
            #expect(try session.get("k") == nil)
            try session.put("k", "\(index)")
        }
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == level.expect(rc: .ok, above: .conflict))
        #expect(try stage.contents == level.expect(rc: "k=1", above: "k=0"))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aDeletionAgainstAPut(level: Isolation, upkeep: Upkeep) throws {
        for deletionIsFirst in [true, false] {
            let stage = try Stage(level, "x=0", upkeep: upkeep)
            let t = try stage.begin(2)
            for session in t { #expect(try session.get("x") == "0") }
            try t[0].delete("x")
            try t[1].put("x", "2")
            let (first, second) = deletionIsFirst ? (t[0], t[1]) : (t[1], t[0])
            #expect(try first.commit() == .ok)
            #expect(try second.commit() == level.expect(rc: .ok, above: .conflict))
            #expect(try stage.contents == ((level == .readCommitted) == deletionIsFirst ? "x=2" : ""))
        }
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aValueThatCameBackCountsAsChanged(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0", upkeep: upkeep)
        let t = try stage.begin(2)
        #expect(try t[0].get("x") == "0")
        try t[0].put("y", "1")
        try t[1].put("x", "2")
        try stage.commit { try $0.delete("x") }
        try stage.commit { try $0.put("x", "0") }
        #expect(try t[0].commit() == level.expect(below: .ok, ser: .conflict))
        #expect(try t[1].commit() == level.expect(rc: .ok, si: .conflict, ser: .ok))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func theSameValueOnceMoreCountsAsAChange(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0", upkeep: upkeep)
        let t = try stage.begin(2)
        #expect(try t[0].get("x") == "0")
        try t[0].put("y", "1")
        try t[1].put("x", "2")
        try stage.commit { try $0.put("x", "0") }
        #expect(try t[0].commit() == level.expect(below: .ok, ser: .conflict))
        #expect(try t[1].commit() == level.expect(rc: .ok, si: .conflict, ser: .ok))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func theDeletionOfAKeyThatIsNotThereCountsAsAChange(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "", upkeep: upkeep)
        let t = try stage.begin(3)
        #expect(try t[0].get("x") == nil)
        try t[0].put("y", "1")
        try t[1].put("x", "2")
        try t[2].delete("x")
        try stage.commit { try $0.delete("x") }
        #expect(try t[0].commit() == level.expect(below: .ok, ser: .conflict))
        #expect(try t[1].commit() == level.expect(rc: .ok, si: .conflict, ser: .ok))
        #expect(try t[2].commit() == level.expect(rc: .ok, si: .conflict, ser: .ok))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aKeyThatWasMadeAnewIsChanged(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0", upkeep: upkeep)
        try stage.commit { try $0.delete("x") }
        let t = try stage.begin(2)
        #expect(try t[0].get("x") == nil)
        #expect(try t[1].scan("w", "y") == "")
        try t[0].put("y", "1")
        try t[1].put("z", "1")
        try stage.commit { try $0.put("x", "0") }
        #expect(try t[0].commit() == level.expect(below: .ok, ser: .conflict))
        #expect(try t[1].commit() == level.expect(below: .ok, ser: .conflict))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func theDeletionOfARangeWritesEveryKeyOfIt(level: Isolation, upkeep: Upkeep) throws {
        // What is written, what the other writes, and whether both write the same.
        let cases: [(mine: (Session) throws -> Void, other: (Session) throws -> Void, meet: Bool)] = [
            ({ try $0.deleteRange("b", "d") }, { try $0.put("b", "1") }, true),
            ({ try $0.deleteRange("b", "d") }, { try $0.put("c\0", "1") }, true),
            ({ try $0.deleteRange("b", "d") }, { try $0.delete("cc") }, true),
            ({ try $0.deleteRange("b", "d") }, { try $0.put("d", "1") }, false),
            ({ try $0.deleteRange("b", "d") }, { try $0.put("a\u{ff}", "1") }, false),
            ({ try $0.deleteRange("b", "d") }, { try $0.deleteRange("c", "z") }, true),
            ({ try $0.deleteRange("b", "d") }, { try $0.deleteRange("d", "z") }, false),
            ({ try $0.deleteRange("b", "d") }, { try $0.deleteRange("a", "b") }, false),
            ({ try $0.deleteRange("b", "d") }, { try $0.deleteRange("", nil) }, true),
            ({ try $0.deleteRange("b", nil) }, { try $0.put("zzz", "1") }, true),
            ({ try $0.put("c", "1") }, { try $0.deleteRange("b", "d") }, true),
            ({ try $0.delete("nothing") }, { try $0.deleteRange("n", "o") }, true),
            ({ try $0.put("d", "1") }, { try $0.deleteRange("b", "d") }, false),
            ({ try $0.put("d", "1") }, { try $0.deleteRange("d", "d") }, false),
            ({ try $0.put("d", "1") }, { try $0.deleteRange("e", "a") }, false),
        ]
        for (index, (mine, other, meet)) in cases.enumerated() {
            let stage = try Stage(level, "a=0 c=0 e=0", upkeep: upkeep)
            let session = try stage.begin()
            try mine(session)
            try stage.commit(other)
            let expected: Outcome = meet ? .conflict : .ok
            #expect(try session.commit() == level.expect(rc: .ok, si: expected, ser: .ok), "case \(index)")
        }
    }

    @Test(arguments: Isolation.allCases)
    func whatADeletedRangeMadeForgottenStillCountsAsItsPart(level: Isolation) throws {
        let stage = try Stage(level, "c=0")
        let t = try stage.begin(2)
        for session in t {
            try session.put("c", "1")
            try session.deleteRange("b", "d")
            try session.put("c", "2")
        }
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == level.expect(rc: .ok, si: .conflict, ser: .ok))
        #expect(try stage.contents == "c=2")
    }
}
