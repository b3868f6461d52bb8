import LSMTx
import Testing

/// One client after the other: whoever begins sees every commit that has returned.
@Suite struct SessionGuaranteeTests {
    @Test(arguments: Isolation.allCases, Isolation.allCases)
    func aClientReadsWhatItWroteBefore(writing: Isolation, reading: Isolation) throws {
        for upkeep in Upkeep.allCases {
            let stage = try Stage(writing, "x=0", upkeep: upkeep)
            for number in 1...5 {
                let writer = try stage.begin()
                try writer.put("x", "\(number)")
                #expect(try writer.commit() == .ok)
                let reader = try stage.begin(reading)
                #expect(try reader.get("x") == "\(number)")
                #expect(try reader.scan() == "x=\(number)")
                #expect(try reader.commit() == .ok)
            }
        }
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func readsDoNotGoBackFromOneTransactionToTheNext(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "n=0", upkeep: upkeep)
        var last = 0
        for number in 1...10 {
            let old = try stage.begin()
            try stage.commit { try $0.put("n", "\(number)") }
            let new = try stage.begin()
            let seen = Int(try new.get("n") ?? "") ?? -1
            #expect(seen == number && seen > last)
            last = seen
            // The older transaction stays where it was.
            #expect(try old.get("n") == level.expect(rc: "\(number)", above: "\(number - 1)"))
            #expect(old.transaction.timestamp <= new.transaction.timestamp)
            old.rollback()
            new.rollback()
        }
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func whatIsWrittenAfterAReadIsOrderedAfterIt(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "", upkeep: upkeep)
        try stage.commit { try $0.put("question", "1") }
        let second = try stage.begin()
        #expect(try second.get("question") == "1")
        try second.put("answer", "1")
        #expect(try second.commit() == .ok)
        // Whoever sees the answer sees the question, at any point in the past too.
        let third = try stage.begin()
        #expect(try third.scan() == "answer=1 question=1")
    }

    @Test(arguments: Isolation.allCases)
    func writesOfOneClientKeepTheirOrder(level: Isolation) throws {
        let stage = try Stage(level)
        var last = stage.database.timestamp
        for number in 0..<20 {
            let session = try stage.begin()
            try session.put("n", "\(number)")
            let committed = try session.transaction.commit()
            #expect(committed > last)
            #expect(stage.database.timestamp == committed)
            last = committed
        }
        #expect(try stage.contents == "n=19")
    }
}
