import LSMTx
import Testing

/// Reads that are left out of what a commit depends on, and what is put in without being read.
@Suite struct GuardTests {
    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func unguardedReadsAreNoDependence(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0 y=0", upkeep: upkeep)
        let session = try stage.begin()
        let unguarded = session.transaction.unguarded
        try session.put("y", "1")
        #expect(try unguarded.get("x") == Array("0".utf8))
        #expect(try unguarded.get("nothing") == nil)
        #expect(try unguarded.withValue("x") { $0.byteCount } == 1)
        #expect(Session.text(Array(unguarded.scan())) == "x=0 y=1")
        try unguarded.forEach(.all) { _, _ in true }
        try stage.commit {
            try $0.put("x", "2")
            try $0.put("nothing", "2")
        }
        // They show the moment that all its reads show.
        #expect(try unguarded.get("x") == Array(level.expect(rc: "2", above: "0").utf8))
        #expect(try session.commit() == .ok)
        #expect(try stage.contents == "nothing=2 x=2 y=1")
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func aGuardedReadCountsBesideAnUnguardedOne(level: Isolation, upkeep: Upkeep) throws {
        let stage = try Stage(level, "x=0", upkeep: upkeep)
        let session = try stage.begin()
        _ = try session.transaction.unguarded.get("x")
        _ = try session.get("x")
        _ = try session.transaction.unguarded.get("x")
        try session.put("y", "1")
        try stage.commit { try $0.put("x", "2") }
        #expect(try session.commit() == level.expect(below: .ok, ser: .conflict))
    }

    @Test(arguments: [Isolation.snapshot, .serializable], Upkeep.allCases)
    func whatIsGuardedMustNotChange(level: Isolation, upkeep: Upkeep) throws {
        let cases: [(guarded: (Transaction) throws -> Void, change: (Session) throws -> Void, conflicts: Bool)] = [
            ({ try $0.addReadConflict(key: "x") }, { try $0.put("x", "1") }, true),
            ({ try $0.addReadConflict(key: "x") }, { try $0.delete("x") }, true),
            ({ try $0.addReadConflict(key: "x") }, { try $0.deleteRange("", nil) }, true),
            ({ try $0.addReadConflict(key: "x") }, { try $0.put("x\0", "1") }, false),
            ({ try $0.addReadConflict(key: "nothing") }, { try $0.put("nothing", "1") }, true),
            ({ try $0.addReadConflict(Session.range("b", "d")) }, { try $0.put("b", "1") }, true),
            ({ try $0.addReadConflict(Session.range("b", "d")) }, { try $0.put("d", "1") }, false),
            ({ try $0.addReadConflict(Session.range("b", "b")) }, { try $0.put("b", "1") }, false),
            ({ try $0.addReadConflict(Session.range("d", "b")) }, { try $0.put("c", "1") }, false),
            ({ try $0.addReadConflict(KeyRange(prefix: "")) }, { try $0.put("", "1") }, true),
        ]
        for (index, (guarded, change, conflicts)) in cases.enumerated() {
            let stage = try Stage(level, "x=0", upkeep: upkeep)
            let (writer, reader) = (try stage.begin(), try stage.begin())
            try guarded(writer.transaction)
            try guarded(reader.transaction)
            try writer.put("~written", "1")
            try stage.commit(change)
            let isDeleted = index == 2 && level == .snapshot
            #expect(try writer.commit() == (conflicts || isDeleted ? .conflict : .ok), "case \(index)")
            // Who writes nothing does not fail.
            #expect(try reader.commit() == .ok, "case \(index)")
        }
    }

    @Test func writeSkewIsPreventedAtSnapshotByGuards() throws {
        let stage = try Stage(.snapshot, "x=1 y=1")
        let t = try stage.begin(2)
        try t[0].transaction.addReadConflict(key: "y")
        try t[1].transaction.addReadConflict(Session.range("x", "y"))
        try t[0].put("x", "0")
        try t[1].put("y", "0")
        #expect(try t[0].commit() == .ok)
        #expect(try t[1].commit() == .conflict)
    }

    @Test func readCommittedHasNoGuards() throws {
        let stage = try Stage(.readCommitted, "x=0")
        let session = try stage.begin()
        #expect(EngineFixture.code { try session.transaction.addReadConflict(key: "x") } == .misuse)
        #expect(EngineFixture.code { try session.transaction.addReadConflict(.all) } == .misuse)
        try session.put("x", "1")
        #expect(try session.commit() == .ok)
    }

    @Test(arguments: [Isolation.snapshot, .serializable])
    func aConflictSaysWhatWasChangedAndByWhom(level: Isolation) throws {
        let stage = try Stage(level, "x=0")
        let transaction = try stage.database.begin(level, label: "mine")
        _ = try transaction.get("x")
        try transaction.put("x", "1")
        let other = try stage.database.begin(level, label: "theirs")
        try other.put("x", "2")
        let committed = try other.commit()
        do throws(StoreError) {
            try transaction.commit()
            Issue.record("it has been committed")
        } catch {
            let conflict = try #require(error.conflict)
            #expect(conflict.key == Array("x".utf8))
            #expect(conflict.access == level.expect(rc: .read, si: .write, ser: .read))
            #expect(conflict.began == transaction.timestamp)
            #expect(conflict.committedAt == committed)
            #expect(conflict.label == "mine")
            #expect(conflict.otherLabel == "theirs")
        }
    }
}
