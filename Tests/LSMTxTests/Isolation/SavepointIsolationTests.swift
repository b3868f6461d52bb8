import LSMTx
import Testing

/// What goes back to a savepoint takes its writes with it, and nothing of what was read.
@Suite struct SavepointIsolationTests {
    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aWriteThatWasUndoneIsInNobodysWay(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0", upkeep: upkeep)
        let session = try stage.begin()
        let point = try session.transaction.savepoint()
        try session.put("x", "1")
        try session.deleteRange("r", "s")
        try session.transaction.rollback(to: point)
        try stage.commit {
            try $0.put("x", "2")
            try $0.put("rr", "2")
        }
        try session.put("y", "1")
        #expect(try session.commit() == .ok)
        #expect(try stage.contents == "rr=2 x=2 y=1")
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func anOuterWriteCountsAgain(level: Isolation, upkeep: Upkeep) throws {
        let undone: [(Session) throws -> Void] = [
            { try $0.delete("x") }, { try $0.put("x", "5") }, { try $0.deleteRange("w", "y") },
            { try $0.deleteRange("", nil) }, { _ in },
        ]
        for (index, body) in undone.enumerated() {
            let stage = try Stage(level, "x=0", upkeep: upkeep)
            let session = try stage.begin()
            try session.put("x", "1")
            let point = try session.transaction.savepoint()
            try body(session)
            try session.transaction.rollback(to: point)
            #expect(try session.get("x") == "1", "case \(index)")
            try stage.commit { try $0.put("x", "2") }
            #expect(try session.commit() == level.expect(rc: .ok, si: .conflict, ser: .ok), "case \(index)")
            #expect(try stage.contents == level.expect(rc: "x=1", si: "x=2", ser: "x=1"), "case \(index)")
        }
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func readsOutliveTheirSavepoint(level: Isolation, upkeep: Upkeep) throws {
        let reads: [(Session) throws -> Void] = [
            { _ = try $0.get("x") }, { _ = try $0.scan() }, { _ = try $0.scan("x", nil, reverse: true, limit: 1) },
            { _ = try $0.transaction.withValue("x") { $0.byteCount } },
        ]
        for (index, read) in reads.enumerated() {
            let stage = try Stage(level, "x=0", upkeep: upkeep)
            let session = try stage.begin()
            let point = try session.transaction.savepoint()
            try read(session)
            try session.transaction.rollback(to: point)
            try stage.commit { try $0.put("x", "2") }
            try session.put("y", "1")
            #expect(try session.commit() == level.expect(below: .ok, ser: .conflict), "case \(index)")
        }
    }

    @Test(arguments: Isolation.allCases)
    func aReadThatAnUndoneWriteAnsweredIsNoDependence(level: Isolation) throws {
        let stage = try Stage(level, "x=0")
        let session = try stage.begin()
        let point = try session.transaction.savepoint()
        try session.put("x", "1")
        #expect(try session.get("x") == "1")
        try session.transaction.rollback(to: point)
        try session.put("y", "1")
        try stage.commit { try $0.put("x", "2") }
        #expect(try session.commit() == .ok)
        // Once it is undone, the store answers.
        let other = try stage.begin()
        let second = try other.transaction.savepoint()
        try other.put("x", "3")
        try other.transaction.rollback(to: second)
        #expect(try other.get("x") == "2")
        try other.put("y", "3")
        try stage.commit { try $0.put("x", "4") }
        #expect(try other.commit() == level.expect(below: .ok, ser: .conflict))
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func theTransactionSeesWhatIsLeft(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "a=0 b=0 c=0", upkeep: upkeep)
        let session = try stage.begin()
        try session.put("a", "1")
        let first = try session.transaction.savepoint()
        try session.deleteRange("", nil)
        try session.put("d", "1")
        #expect(try session.scan() == "d=1")
        let second = try session.transaction.savepoint()
        try session.put("b", "2")
        try session.delete("d")
        #expect(try session.scan() == "b=2")
        try session.transaction.rollback(to: second)
        #expect(try session.scan() == "d=1")
        try session.put("e", "3")
        try session.transaction.rollback(to: second)
        #expect(try session.scan(reverse: true) == "d=1")
        try session.transaction.rollback(to: first)
        #expect(try session.scan() == "a=1 b=0 c=0")
        #expect(try session.get("d") == nil)
        try session.put("c", "4")
        try session.transaction.release(first)
        #expect(try session.commit() == .ok)
        #expect(try stage.contents == "a=1 b=0 c=4")
    }

    @Test(arguments: Isolation.allCases)
    func anOpenScanGoesOnAsItBegan(level: Isolation) throws {
        let stage = try Stage(level, "a=0 c=0 e=0")
        let session = try stage.begin()
        try session.put("b", "1")
        let point = try session.transaction.savepoint()
        try session.put("d", "1")
        try session.delete("e")
        var scan = session.open()
        #expect(scan.next(2) == "a=0 b=1")
        try session.transaction.rollback(to: point)
        var second = session.open(reverse: true)
        #expect(second.next() == "e=0")
        try session.put("d", "2")
        try session.put("e", "2")
        #expect(scan.rest() == "c=0 d=1")
        #expect(second.rest() == "c=0 b=1 a=0")
        #expect(try session.scan() == "a=0 b=1 c=0 d=2 e=2")
        #expect(try session.commit() == .ok)
        #expect(try stage.contents == "a=0 b=1 c=0 d=2 e=2")
    }

    @Test(arguments: Isolation.allCases)
    func aClosureThatThrowsIsUndone(level: Isolation) throws {
        struct Undone: Error {}
        let stage = try Stage(level, "x=0")
        let session = try stage.begin()
        let result = try session.transaction.savepoint {
            try session.put("a", "1")
            return 7
        }
        #expect(result == 7)
        #expect(throws: Undone.self) {
            try session.transaction.savepoint {
                try session.put("b", "1")
                try session.deleteRange("", nil)
                throw Undone()
            }
        }
        #expect(try session.scan() == "a=1 x=0")
        #expect(try session.commit() == .ok)
        #expect(try stage.contents == "a=1 x=0")
    }

    @Test(arguments: Isolation.allCases)
    func aSavepointThatIsGoneIsRefused(level: Isolation) throws {
        let stage = try Stage(level)
        let session = try stage.begin()
        let first = try session.transaction.savepoint()
        let second = try session.transaction.savepoint()
        try session.transaction.rollback(to: first)
        #expect(EngineFixture.code { try session.transaction.rollback(to: second) } == .misuse)
        #expect(EngineFixture.code { try session.transaction.release(second) } == .misuse)
        let third = try session.transaction.savepoint()
        try session.transaction.release(first)
        #expect(EngineFixture.code { try session.transaction.rollback(to: first) } == .misuse)
        #expect(EngineFixture.code { try session.transaction.rollback(to: third) } == .misuse)
        try session.put("a", "1")
        #expect(try session.commit() == .ok)
        #expect(EngineFixture.code { try session.transaction.rollback(to: third) } != nil)
    }

    @Test(arguments: Isolation.allCases)
    func largeValuesComeBackAndGo(level: Isolation) throws {
        let stage = try Stage(level, "k=0")
        let (long, longer) = (String(repeating: "l", count: 70_000), String(repeating: "m", count: 90_000))
        let session = try stage.begin()
        try session.put("k", long)
        let point = try session.transaction.savepoint()
        try session.put("k", longer)
        try session.put("other", longer)
        #expect(try session.get("k") == longer)
        try session.transaction.rollback(to: point)
        #expect(try session.get("k") == long)
        try session.deleteRange("", nil)
        try session.transaction.rollback(to: point)
        #expect(try session.scan() == "k=\(long)")
        #expect(try session.commit() == .ok)
        #expect(try stage.contents == "k=\(long)")
        #expect(try stage.database.check().findings.isEmpty)
    }
}
