import LSMTx
import Testing

/// A transaction sees what it has written itself, and depends on nothing by seeing it.
@Suite struct OwnWriteTests {
    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func ownWritesAreSeenByGetsAndScans(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "a=0 b=0 c=0", upkeep: upkeep)
        let session = try stage.begin()
        try session.put("b", "1")
        try session.put("bb", "1")
        try session.delete("c")
        #expect(try session.get("b") == "1")
        #expect(try session.get("c") == nil)
        #expect(try session.scan() == "a=0 b=1 bb=1")
        #expect(try session.scan(reverse: true) == "bb=1 b=1 a=0")
        #expect(try session.scan("b", "c", limit: 1) == "b=1")
        try session.deleteRange("a", "bb")
        try session.put("aa", "2")
        #expect(try session.get("a") == nil)
        #expect(try session.scan() == "aa=2 bb=1")
        // Somebody else's commits change nothing of that.
        try stage.commit { try $0.deleteRange("", nil) }
        #expect(try session.get("bb") == "1")
        #expect(try session.scan() == "aa=2 bb=1")
        session.rollback()
        #expect(try stage.contents == "")
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func whatAnOwnWriteAnswersIsNoDependence(level: Isolation, upkeep: Upkeep) throws {
        let reads: [(prepare: (Session) throws -> Void, read: (Session) throws -> String?)] = [
            ({ try $0.put("x", "1") }, { try $0.get("x") }),
            ({ try $0.delete("x") }, { try $0.get("x") }),
            ({ try $0.deleteRange("w", "y") }, { try $0.get("x") }),
            ({ try $0.put("x", "1") }, { try $0.transaction.withValue("x") { "\($0.byteCount)" } }),
        ]
        for (index, (prepare, read)) in reads.enumerated() {
            let stage = try Stage(level, "x=0", upkeep: upkeep)
            let session = try stage.begin()
            try prepare(session)
            _ = try read(session)
            try stage.commit { try $0.put("x", "2") }
            #expect(try session.commit() == level.expect(rc: .ok, si: .conflict, ser: .ok), "case \(index)")
        }
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aReadBeforeTheOwnWriteCounts(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0 y=0", upkeep: upkeep)
        let session = try stage.begin()
        #expect(try session.get("y") == "0")
        try session.deleteRange("", nil)
        #expect(try session.get("y") == nil)
        try stage.commit { try $0.put("y", "2") }
        #expect(try session.commit() == level.expect(rc: .ok, above: .conflict))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aScanDependsOnItsRangeOwnKeysIncluded(level: Isolation, upkeep: Upkeep) throws {
        for (change, conflicts) in [("m", true), ("c", true), ("z", false)] {
            let stage = try Stage(level, "a=0", upkeep: upkeep)
            let session = try stage.begin()
            try session.put("c", "1")
            #expect(try session.scan("a", "z") == "a=0 c=1")
            try stage.commit { try $0.put(change, "2") }
            let si: Outcome = change == "c" ? .conflict : .ok
            #expect(
                try session.commit() == level.expect(rc: .ok, si: si, ser: conflicts ? .conflict : .ok), "\(change)")
        }
    }

    @Test(arguments: Isolation.allCases)
    func aLimitCountsOwnEntriesToo(level: Isolation) throws {
        for (change, conflicts) in [("a", true), ("b\0", false), ("d", false)] {
            let stage = try Stage(level, "d=0 f=0")
            let session = try stage.begin()
            try session.put("b", "1")
            #expect(try session.scan(limit: 1) == "b=1")
            try stage.commit { try $0.put(change, "2") }
            #expect(try session.commit() == level.expect(below: .ok, ser: conflicts ? .conflict : .ok), "\(change)")
        }
    }

    @Test(arguments: Isolation.allCases)
    func aScanShowsTheWritesMadeBeforeIt(level: Isolation) throws {
        let stage = try Stage(level, "a=0 c=0")
        let session = try stage.begin()
        try session.put("b", "1")
        var scan = session.open()
        #expect(scan.next() == "a=0")
        try session.put("b", "2")
        try session.delete("c")
        try session.put("d", "2")
        #expect(scan.rest() == "b=1 c=0")
        #expect(try session.scan() == "a=0 b=2 d=2")
        #expect(try session.commit() == .ok)
        #expect(try stage.contents == "a=0 b=2 d=2")
    }
}
