import LSMTx
import Testing

/// What has no reason to fail does not, at any level.
@Suite struct MustCommitTests {
    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func transactionsOfDifferentKeys(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "a=0 b=0 c=0 d=0", upkeep: upkeep)
        let t = try stage.begin(4)
        for (session, key) in zip(t, ["a", "b", "c", "d"]) {
            #expect(try session.get(key) == "0")
            #expect(try session.scan(key, key + "\0") == "\(key)=0")
            try session.put(key, "1")
            try session.deleteRange(key + "\0", key + "z")
        }
        for session in t.reversed() { #expect(try session.commit() == .ok) }
        #expect(try stage.contents == "a=1 b=1 c=1 d=1")
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func oneAfterTheOther(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "n=0", upkeep: upkeep)
        for number in 0..<20 {
            let session = try stage.begin()
            #expect(try session.get("n") == "\(number)")
            #expect(try session.scan() == "n=\(number)")
            try session.put("n", "\(number + 1)")
            #expect(try session.commit() == .ok)
        }
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func adjacentRanges(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "b=0 m=0 y=0", upkeep: upkeep)
        let t = try stage.begin(2)
        #expect(try t[0].scan("a", "m") == "b=0")
        #expect(try t[1].scan("m", "z", reverse: true) == "y=0 m=0")
        try t[0].deleteRange("a", "m")
        try t[1].deleteRange("m", "z")
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == .ok)
        #expect(try stage.contents == "")
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func readersOfEverything(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "a=0 b=0", upkeep: upkeep)
        let t = try stage.begin(4)
        for session in t {
            #expect(try session.scan() == "a=0 b=0")
            #expect(try session.get("c") == nil)
        }
        // These have written nothing either, in the end.
        try t[1].deleteRange("b", "b")
        try t[1].deleteRange("b", "a")
        let point = try t[2].transaction.savepoint()
        try t[2].put("a", "2")
        try t[2].deleteRange("", nil)
        try t[2].transaction.rollback(to: point)
        #expect(throws: Undone.self) {
            try t[3].transaction.savepoint {
                try t[3].put("a", "3")
                throw Undone()
            }
        }
        let before = stage.database.timestamp
        try stage.commit { try $0.deleteRange("", nil) }
        for session in t { #expect(try session.commit() == .ok) }
        #expect(stage.database.timestamp.rawValue == before.rawValue + 1)
        #expect(try stage.contents == "")
    }

    private struct Undone: Error {}

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aWriterOfWhatOthersRead(level: Isolation, upkeep: Upkeep) throws {
        // Only who reads what was changed has to fail, not who changes what was read.
        let stage = try Stage(level, "x=0", upkeep: upkeep)
        let (reader, writer) = (try stage.begin(), try stage.begin())
        #expect(try reader.get("x") == "0")
        #expect(try reader.scan() == "x=0")
        try reader.put("y", "1")
        try writer.put("x", "1")
        #expect(try reader.commit() == .ok)
        #expect(try writer.commit() == .ok)
        #expect(try stage.contents == "x=1 y=1")
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func whatChangedBeforeTheBeginning(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0", upkeep: upkeep)
        let older = try stage.begin()
        try stage.commit {
            try $0.put("x", "1")
            try $0.deleteRange("y", "z")
        }
        let session = try stage.begin()
        #expect(try session.get("x") == "1")
        #expect(try session.scan("y", "z") == "")
        try session.put("x", "2")
        try session.put("y", "2")
        #expect(try session.commit() == .ok)
        older.rollback()
    }

    @Test(arguments: Isolation.allCases)
    func aThousandTransactionsThatAreOpenAtOnce(level: Isolation) throws {
        let stage = try Stage(level)
        let t = try stage.begin(1_000)
        for (number, session) in t.enumerated() {
            #expect(try session.get("\(number)") == nil)
            try session.put("\(number)", "1")
        }
        for session in t { #expect(try session.commit() == .ok) }
    }
}
