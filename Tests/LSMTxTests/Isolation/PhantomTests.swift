import LSMTx
import Testing

/// Which part of its range a scan depends on: what was asked for, or, where it was stopped, what was consumed.
@Suite struct PhantomTests {
    /// A scan of keys b, d, f, h, and what somebody else does then.
    struct Case: Sendable, CustomTestStringConvertible {
        var from = ""
        var upTo: String?
        var reverse = false
        var limit: Int?
        /// After so many entries the caller stops; `nil` to go on until there are no more.
        var taken: Int?
        /// `-k` deletes k, `[a,c)` deletes a range, everything else is put.
        let change: String
        let conflicts: Bool

        var testDescription: String {
            let end = upTo ?? "end"
            let limits = (limit.map { " limit \($0)" } ?? "") + (taken.map { " taken \($0)" } ?? "")
            return "[\(from), \(end))\(reverse ? " reverse" : "")\(limits), then \(change)"
        }

        func apply(_ session: Session) throws {
            if change.hasPrefix("-") {
                try session.delete(String(change.dropFirst()))
            } else if change.hasPrefix("[") {
                let bounds = change.dropFirst().dropLast().split(separator: ",")
                try session.deleteRange(String(bounds[0]), bounds.count > 1 ? String(bounds[1]) : nil)
            } else {
                try session.put(change, "1")
            }
        }
    }

    static let cases: [Case] = [
        // The whole range counts, not only the keys that were in it.
        Case(from: "b", upTo: "h", change: "c", conflicts: true),
        Case(from: "b", upTo: "h", change: "d", conflicts: true),
        Case(from: "b", upTo: "h", change: "-d", conflicts: true),
        Case(from: "b", upTo: "h", change: "-c", conflicts: true),
        Case(from: "b", upTo: "h", change: "g\u{ff}", conflicts: true),
        Case(from: "b", upTo: "h", change: "[c,d)", conflicts: true),
        Case(from: "b", upTo: "h", change: "[a,b)", conflicts: false),
        Case(from: "b", upTo: "h", change: "[a,b\0)", conflicts: true),
        Case(from: "b", upTo: "h", change: "[h,i)", conflicts: false),
        Case(from: "b", upTo: "h", change: "[g,i)", conflicts: true),
        // The low bound is in it, the high bound not.
        Case(from: "b", upTo: "h", change: "b", conflicts: true),
        Case(from: "b", upTo: "h", change: "a", conflicts: false),
        Case(from: "b", upTo: "h", change: "a\u{ff}", conflicts: false),
        Case(from: "b", upTo: "h", change: "h", conflicts: false),
        Case(from: "c", upTo: "e", change: "c", conflicts: true),
        Case(from: "c", upTo: "e", change: "e", conflicts: false),
        Case(from: "c", upTo: "d", change: "c\u{1}", conflicts: true),
        Case(from: "b", upTo: "b\0", change: "b", conflicts: true),
        Case(from: "b", upTo: "b\0", change: "b\0", conflicts: false),
        Case(from: "", upTo: "b", change: "", conflicts: true),
        Case(change: "", conflicts: true),
        Case(from: "x", change: "zzz", conflicts: true),
        Case(from: "x", change: "w", conflicts: false),
        // Reverse is no different.
        Case(from: "b", upTo: "h", reverse: true, change: "b", conflicts: true),
        Case(from: "b", upTo: "h", reverse: true, change: "c", conflicts: true),
        Case(from: "b", upTo: "h", reverse: true, change: "h", conflicts: false),
        Case(from: "b", upTo: "h", reverse: true, change: "a", conflicts: false),
        // No key is in these.
        Case(from: "d", upTo: "d", change: "d", conflicts: false),
        Case(from: "h", upTo: "b", change: "d", conflicts: false),
        Case(from: "h", upTo: "b", reverse: true, change: "d", conflicts: false),
        // A limit that was reached.
        Case(limit: 1, change: "a", conflicts: true),
        Case(limit: 1, change: "-b", conflicts: true),
        Case(limit: 1, change: "b\0", conflicts: false),
        Case(limit: 1, change: "d", conflicts: false),
        Case(limit: 2, change: "c", conflicts: true),
        Case(limit: 2, change: "-d", conflicts: true),
        Case(limit: 2, change: "d\0", conflicts: false),
        Case(limit: 2, change: "[d,e)", conflicts: true),
        Case(limit: 2, change: "[e,z)", conflicts: false),
        Case(limit: 4, change: "i", conflicts: false),
        Case(limit: 5, change: "i", conflicts: true),
        Case(reverse: true, limit: 1, change: "i", conflicts: true),
        Case(reverse: true, limit: 1, change: "h", conflicts: true),
        Case(reverse: true, limit: 1, change: "g\u{ff}", conflicts: false),
        Case(reverse: true, limit: 2, change: "f", conflicts: true),
        Case(reverse: true, limit: 2, change: "e", conflicts: false),
        Case(reverse: true, limit: 4, change: "a", conflicts: false),
        Case(reverse: true, limit: 5, change: "a", conflicts: true),
        Case(from: "c", upTo: "g", limit: 2, change: "f\0", conflicts: false),
        Case(from: "c", upTo: "g", limit: 3, change: "f\0", conflicts: true),
        Case(limit: 0, change: "b", conflicts: false),
        Case(limit: 0, change: "[a,z)", conflicts: false),
        // A caller that stopped.
        Case(taken: 0, change: "b", conflicts: false),
        Case(taken: 1, change: "b", conflicts: true),
        Case(taken: 1, change: "a", conflicts: true),
        Case(taken: 1, change: "b\0", conflicts: false),
        Case(taken: 3, change: "-f", conflicts: true),
        Case(taken: 3, change: "g", conflicts: false),
        Case(taken: 4, change: "i", conflicts: false),
        Case(reverse: true, taken: 1, change: "z", conflicts: true),
        Case(reverse: true, taken: 1, change: "f", conflicts: false),
        Case(reverse: true, taken: 4, change: "a", conflicts: false),
    ]

    @Test(arguments: cases, Upkeep.forManyCases)
    func whatAScanDependsOn(scan: Case, upkeep: Upkeep) throws {
        for level in Isolation.allCases {
            let stage = try Stage(level, "b=0 d=0 f=0 h=0", upkeep: upkeep)
            let session = try stage.begin()
            let range = Session.range(scan.from, scan.upTo)
            var iterator = session.transaction.scan(range, reverse: scan.reverse, limit: scan.limit).makeIterator()
            var shown = 0
            while shown != scan.taken, iterator.next() != nil { shown += 1 }
            try session.put("~written", "1")
            try stage.commit(scan.apply)
            let expected: Outcome = scan.conflicts ? .conflict : .ok
            #expect(try session.commit() == level.expect(below: .ok, ser: expected), "\(level)")
        }
    }

    /// The same through closures, which cannot have a limit but can stop.
    @Test(arguments: cases.filter { $0.limit == nil && $0.taken != 0 })
    func whatAClosureOverAScanDependsOn(scan: Case) throws {
        for level in Isolation.allCases {
            let stage = try Stage(level, "b=0 d=0 f=0 h=0")
            let session = try stage.begin()
            var shown = 0
            try session.transaction.forEach(Session.range(scan.from, scan.upTo), reverse: scan.reverse) { _, _ in
                shown += 1
                return shown != scan.taken
            }
            try session.put("~written", "1")
            try stage.commit(scan.apply)
            let expected: Outcome = scan.conflicts ? .conflict : .ok
            #expect(try session.commit() == level.expect(below: .ok, ser: expected), "\(level)")
        }
    }

    @Test(arguments: Isolation.allCases)
    func aClosureThatThrowsHasConsumedWhatItWasShown(level: Isolation) throws {
        struct Stopped: Error {}
        for (change, conflicts) in [("a", true), ("b", true), ("b\0", false)] {
            let stage = try Stage(level, "b=0 d=0")
            let session = try stage.begin()
            #expect(throws: Stopped.self) {
                try session.transaction.forEach(.all) { _, _ in throw Stopped() }
            }
            try session.put("~written", "1")
            try stage.commit { try $0.put(change, "1") }
            #expect(try session.commit() == level.expect(below: .ok, ser: conflicts ? .conflict : .ok), "\(change)")
        }
    }

    @Test(arguments: Isolation.allCases)
    func aScanThatIsNeverIteratedDependsOnNothing(level: Isolation) throws {
        let stage = try Stage(level, "b=0")
        let session = try stage.begin()
        _ = session.transaction.scan()
        _ = session.transaction.scan(KeyRange(prefix: "b"), reverse: true, limit: 3)
        try session.put("~written", "1")
        try stage.commit { try $0.put("b", "1") }
        #expect(try session.commit() == .ok)
    }

    @Test(arguments: Isolation.allCases)
    func oneScanIteratedTwiceConsumesBothParts(level: Isolation) throws {
        for (change, conflicts) in [("b", true), ("d", true), ("d\0", false)] {
            let stage = try Stage(level, "b=0 d=0 f=0")
            let session = try stage.begin()
            let scan = session.transaction.scan()
            var first = scan.makeIterator()
            #expect(first.next()?.key == Array("b".utf8))
            var second = scan.makeIterator()
            #expect(second.next()?.key == Array("b".utf8))
            #expect(second.next()?.key == Array("d".utf8))
            try session.put("~written", "1")
            try stage.commit { try $0.put(change, "1") }
            #expect(try session.commit() == level.expect(below: .ok, ser: conflicts ? .conflict : .ok), "\(change)")
        }
    }

    @Test(arguments: Isolation.allCases)
    func aScanGoesOnConsumingWhileOthersCommit(level: Isolation) throws {
        // The change comes before the scan gets there, which sees the old state and must not commit on it.
        let stage = try Stage(level, "b=0 d=0 f=0")
        let session = try stage.begin()
        var scan = session.open()
        #expect(scan.next() == "b=0")
        try stage.commit { try $0.put("e", "1") }
        #expect(scan.next() == "d=0")
        try session.put("~written", "1")
        #expect(scan.next() == "f=0")
        #expect(try session.commit() == level.expect(below: .ok, ser: .conflict))
    }

    @Test(arguments: Isolation.allCases)
    func aCommitWithAScanStillOpenCountsWhatWasConsumed(level: Isolation) throws {
        for (change, conflicts) in [("b", true), ("c", false)] {
            let stage = try Stage(level, "b=0 d=0 f=0")
            let session = try stage.begin()
            var scan = session.open()
            #expect(scan.next() == "b=0")
            try session.put("~written", "1")
            try stage.commit { try $0.put(change, "1") }
            #expect(try session.commit() == level.expect(below: .ok, ser: conflicts ? .conflict : .ok))
            // It may be let go of after the transaction.
            _ = scan.rest()
        }
    }

    @Test(arguments: Isolation.allCases)
    func aThousandRangesAreEachChecked(level: Isolation) throws {
        for changed in [nil, "k0500 x", "k0500 yz", "k0999 x", "k0000 x"] {
            let stage = try Stage(level)
            let session = try stage.begin()
            for number in 0..<1_000 {
                let key = "k" + "000\(number)".suffix(4)
                #expect(try session.scan(key + " x", key + " y") == "")
            }
            try session.put("~written", "1")
            if let changed { try stage.commit { try $0.put(changed, "1") } }
            let conflicts = changed?.hasSuffix(" x") == true
            #expect(try session.commit() == level.expect(below: .ok, ser: conflicts ? .conflict : .ok))
        }
    }
}
