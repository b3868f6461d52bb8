import LSMTx
import Testing

/// The stored versions are the evidence of a conflict: they stay as long as somebody may have to be told.
@Suite struct EvidenceTests {
    /// What is done between the change and the commit that has to notice it: `f`lush, `c`ompact, `w`rite much else.
    #if DEBUG
    static let journeys = ["", "f", "fcfc", "wfwfwc"]
    #else
    static let journeys = ["", "f", "c", "fc", "fff", "cc", "fcfc", "wf", "wfwfwfwfwc", "wc", "cwc"]
    #endif

    private static func travel(_ stage: Stage, _ journey: String) throws {
        for (number, step) in journey.enumerated() {
            switch step {
            case "f": try stage.database.flush()
            case "c": try stage.database.compact()
            default:
                // So much that memtables fill and tables move down.
                for part in 0..<4 {
                    try stage.commit { session in
                        for key in 0..<60 {
                            try session.put("~fill \(part) \(key)", String(repeating: "\(number)", count: 150))
                        }
                    }
                }
            }
        }
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let name: String
        let commits: [@Sendable (Session) throws -> Void]
        var touchesAll = false
        var testDescription: String { name }
    }

    /// Changes of key x, one commit each.
    static let changes: [Change] = [
        Change(name: "put", commits: [{ try $0.put("x", "1") }]),
        Change(name: "delete", commits: [{ try $0.delete("x") }]),
        Change(name: "put and delete", commits: [{ try $0.put("x", "1") }, { try $0.delete("x") }]),
        Change(name: "delete and put", commits: [{ try $0.delete("x") }, { try $0.put("x", "0") }]),
        Change(name: "delete a range", commits: [{ try $0.deleteRange("w", "y") }]),
        Change(name: "delete all", commits: [{ try $0.deleteRange("", nil) }], touchesAll: true),
        Change(
            name: "put, and delete a range", commits: [{ try $0.put("x", "1") }, { try $0.deleteRange("w", "y") }]),
        Change(
            name: "delete a range twice",
            commits: [{ try $0.deleteRange("x", nil) }, { try $0.deleteRange("", "xx") }], touchesAll: true),
    ]

    @Test(arguments: changes, journeys)
    func aConflictOutlivesItsVersions(change: Change, journey: String) throws {
        for initial in ["a=0", "a=0 x=0"] {
            for level in Isolation.allCases {
                let stage = try Stage(level, initial)
                let old = initial.contains("x") ? "x=0" : ""
                let t = try stage.begin(6)
                #expect(try t[0].get("x") == (old.isEmpty ? nil : "0"))
                #expect(try t[1].scan("w", "y") == old)
                #expect(try t[2].scan("b", nil, reverse: true) == old)
                // These two write the key, and this one reads another.
                try t[3].put("x", "2")
                try t[4].deleteRange("w", "y")
                #expect(try t[5].scan("b", "w") == "")
                for session in [t[0], t[1], t[2], t[5]] { try session.put("z", "\(level)") }
                for commit in change.commits { try stage.commit(commit) }
                try Self.travel(stage, journey)
                let text: Comment = "\(level), from \(initial)"
                // A deletion of all touches what the last one read and wrote too.
                let last: Outcome = change.touchesAll ? .conflict : .ok
                #expect(try t[5].commit() == level.expect(rc: .ok, above: last), text)
                // By now the key that they write themselves has changed.
                for session in t[..<3] {
                    #expect(try session.commit() == level.expect(rc: .ok, above: .conflict), text)
                }
                for session in t[3...4] {
                    #expect(try session.commit() == level.expect(rc: .ok, si: .conflict, ser: .ok), text)
                }
            }
        }
    }

    @Test(arguments: Isolation.allCases, journeys)
    func nothingElseIsAConflict(level: Isolation, journey: String) throws {
        let stage = try Stage(level, "a=0 x=0")
        let t = try stage.begin(2)
        #expect(try t[0].get("x") == "0")
        #expect(try t[0].get("nothing") == nil)
        #expect(try t[0].scan("w", "y") == "x=0")
        try t[0].put("x", "1")
        try t[1].deleteRange("w", "y")
        try stage.commit {
            try $0.put("a", "1")
            try $0.put("y", "1")
            try $0.deleteRange("b", "f")
            try $0.deleteRange("z", nil)
        }
        try Self.travel(stage, journey)
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == level.expect(rc: .ok, si: .conflict, ser: .ok))
    }

    @Test(arguments: Isolation.allCases)
    func evidenceGoesWithTheLastWhoNeedsIt(level: Isolation) throws {
        let stage = try Stage(level, "x=0")
        let (first, second) = (try stage.begin(), try stage.begin())
        try stage.commit { try $0.deleteRange("", nil) }
        try stage.database.compact()
        first.rollback()
        try stage.database.compact()
        #expect(try second.get("x") == level.expect(rc: nil, above: "0"))
        try second.put("x", "1")
        #expect(try second.commit() == level.expect(rc: .ok, above: .conflict))
        if level == .readCommitted { try stage.commit { try $0.delete("x") } }
        try stage.database.compact()
        #expect(try stage.storedVersions == 0)
    }
}
