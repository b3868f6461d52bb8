import LSMTxSimulation
import Testing

@testable import LSMTx

@Suite struct SavepointTests {
    private struct Failure: Error {}

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static func text(_ reader: some Readable) -> String {
        reader.scan(.all, reverse: false, limit: nil)
            .map { String(decoding: $0.key + [0x3d] + $0.value, as: UTF8.self) }.joined(separator: " ")
    }

    private static func filled() throws -> Database {
        let database = try Database.inMemory(EngineFixture.configuration)
        try database.write { t in for key in ["a", "b", "c"] { try t.put(key, "0") } }
        return database
    }

    // MARK: What is seen and committed

    @Test func rollingBackUndoesWhatWasWrittenSince() throws {
        let database = try Self.filled()
        let t = try database.begin()
        try t.put("a", "1")
        try t.put("d", "1")
        let savepoint = try t.savepoint()
        for round in 0..<3 {
            try t.put("a", "2")
            try t.delete("b")
            try t.put("d", "2")
            try t.deleteRange(KeyRange(from: Self.bytes("c")))
            try t.put("e", "2")
            #expect(Self.text(t) == "a=2 e=2", "round \(round)")
            try t.rollback(to: savepoint)
            #expect(Self.text(t) == "a=1 b=0 c=0 d=1", "round \(round)")
            #expect(try t.get("e") == nil && t.get("a") == Self.bytes("1"))
        }
        try t.commit()
        #expect(try database.read { Self.text($0) } == "a=1 b=0 c=0 d=1")
    }

    @Test func savepointsNest() throws {
        let database = try Self.filled()
        let t = try database.begin()
        let first = try t.savepoint()
        try t.put("a", "1")
        let second = try t.savepoint()
        try t.put("a", "2")
        let third = try t.savepoint()
        try t.put("a", "3")
        try t.rollback(to: third)
        #expect(try t.get("a") == Self.bytes("2"))
        try t.put("a", "4")
        try t.release(third)
        #expect(try t.get("a") == Self.bytes("4"))
        try t.rollback(to: second)
        #expect(try t.get("a") == Self.bytes("1"))
        try t.put("a", "5")
        try t.release(second)
        try t.rollback(to: first)
        #expect(Self.text(t) == "a=0 b=0 c=0")
        // Nothing is left to be committed.
        #expect(try t.commit() == t.timestamp)
    }

    @Test func theClosureFormUndoesWhatFailsAndNothingElse() throws {
        let database = try Self.filled()
        try database.write { t in
            try t.put("a", "1")
            let result = try t.savepoint {
                try t.put("b", "1")
                #expect(throws: Failure.self) {
                    try t.savepoint {
                        try t.put("b", "2")
                        try t.put("c", "2")
                        throw Failure()
                    }
                }
                return try t.get("b")
            }
            #expect(result == Self.bytes("1"))
            #expect(throws: Failure.self) {
                try t.savepoint {
                    try t.savepoint { try t.put("c", "3") }
                    #expect(Self.text(t) == "a=1 b=1 c=3")
                    throw Failure()
                }
            }
        }
        #expect(try database.read { Self.text($0) } == "a=1 b=1 c=0")
    }

    @Test func aClosureMayEndTheTransaction() throws {
        let database = try Self.filled()
        let first = try database.begin()
        try first.savepoint {
            try first.put("a", "1")
            try first.commit()
        }
        let second = try database.begin()
        #expect(throws: Failure.self) {
            try second.savepoint {
                try second.put("b", "1")
                second.rollback()
                throw Failure()
            }
        }
        #expect(try database.read { Self.text($0) } == "a=1 b=0 c=0")
    }

    @Test func scansThatAreOpenGoOnWithWhatTheySaw() throws {
        let database = try Self.filled()
        let t = try database.begin()
        try t.put("b", "1")
        var before = t.scan().makeIterator()
        let savepoint = try t.savepoint()
        try t.put("b", "2")
        try t.deleteRange(KeyRange(from: Self.bytes("c")))
        try t.put("d", "2")
        var since = t.scan(.all, reverse: true).makeIterator()
        try t.rollback(to: savepoint)
        try t.put("a", "3")
        try t.put("e", "3")
        var texts: [String] = []
        while let entry = before.next() { texts.append(String(decoding: entry.key + entry.value, as: UTF8.self)) }
        #expect(texts == ["a0", "b1", "c0"])
        texts = []
        while let entry = since.next() { texts.append(String(decoding: entry.key + entry.value, as: UTF8.self)) }
        #expect(texts == ["d2", "b2", "a0"])
        #expect(Self.text(t) == "a=3 b=1 c=0 e=3")
        try t.commit()
        #expect(try database.read { Self.text($0) } == "a=3 b=1 c=0 e=3")
    }

    // MARK: Errors

    @Test func aSavepointThatIsGoneIsMisused() throws {
        let database = try Self.filled()
        let t = try database.begin()
        let outer = try t.savepoint()
        try t.put("a", "1")
        for way in 0..<3 {
            let kept = try t.savepoint()
            let gone = try t.savepoint()
            try t.put("a", "2")
            switch way {
            case 0: try t.release(gone)
            case 1: try t.release(kept)
            default: try t.rollback(to: kept)
            }
            #expect(EngineFixture.code { try t.rollback(to: gone) } == .misuse, "way \(way)")
            #expect(EngineFixture.code { try t.release(gone) } == .misuse, "way \(way)")
            #expect(EngineFixture.code { try t.release(kept) } == (way == 1 ? .misuse : nil), "way \(way)")
            #expect(try t.get("a") == Self.bytes(way == 2 ? "1" : "2"))
            try t.put("a", "1")
        }
        try t.rollback(to: outer)
        #expect(Self.text(t) == "a=0 b=0 c=0")
    }

    @Test func aSavepointOfAnotherTransactionIsMisused() throws {
        let database = try Self.filled()
        var other: Transaction? = try database.begin()
        let foreign = try #require(try other?.savepoint())
        other?.rollback()
        other = nil
        for _ in 0..<5 {
            let t = try database.begin()
            try t.put("a", "1")
            #expect(EngineFixture.code { try t.rollback(to: foreign) } == .misuse)
            let own = try t.savepoint()
            #expect(EngineFixture.code { try t.release(foreign) } == .misuse)
            try t.rollback(to: own)
            #expect(try t.get("a") == Self.bytes("1"))
        }
    }

    @Test func insideOfAClosureOuterSavepointsAreOutOfReach() throws {
        let database = try Self.filled()
        let t = try database.begin()
        let outer = try t.savepoint()
        try t.put("a", "1")
        try t.savepoint {
            try t.put("a", "2")
            let inner = try t.savepoint()
            try t.put("a", "3")
            #expect(EngineFixture.code { try t.rollback(to: outer) } == .misuse)
            #expect(EngineFixture.code { try t.release(outer) } == .misuse)
            #expect(try t.get("a") == Self.bytes("3"))
            try t.rollback(to: inner)
        }
        #expect(try t.get("a") == Self.bytes("2"))
        try t.rollback(to: outer)
        #expect(try t.get("a") == Self.bytes("0"))
    }

    @Test func afterTheEndEverythingIsClosed() throws {
        let database = try Self.filled()
        for commits in [false, true] {
            let t = try database.begin()
            let savepoint = try t.savepoint()
            try t.put("a", "1")
            if commits { try t.commit() } else { t.rollback() }
            #expect(EngineFixture.code { _ = try t.savepoint() } == .closed)
            #expect(EngineFixture.code { try t.rollback(to: savepoint) } == .closed)
            #expect(EngineFixture.code { try t.release(savepoint) } == .closed)
            #expect(EngineFixture.code { try t.savepoint { _ = Issue.record("the body ran") } } == .closed)
        }
    }

    @Test func undoneWritesDoNotCountAgainstTheLimitAndSavepointsDo() throws {
        var configuration = EngineFixture.configuration
        configuration.maximumTransactionBytes = 10_000
        let database = try Database.inMemory(configuration)
        let t = try database.begin()
        try t.put("a", [UInt8](repeating: 1, count: 3_000))
        let savepoint = try t.savepoint()
        for _ in 0..<10 {
            try t.put("b", [UInt8](repeating: 2, count: 6_000))
            #expect(EngineFixture.code { try t.put("c", [UInt8](repeating: 3, count: 6_000)) } == .tooLarge)
            try t.rollback(to: savepoint)
        }
        var taken = 0
        let code = EngineFixture.code {
            while taken < 1_000 {
                _ = try t.savepoint()
                taken += 1
            }
        }
        #expect(code == .tooLarge && taken == (10_000 - t.writes.byteCount) / WriteSet.savepointBytes - 1)
        try t.rollback(to: savepoint)
        _ = try t.savepoint()
        try t.commit()
        #expect(try database.read { try $0.get("b") } == nil)
    }

    // MARK: Conflicts

    @Test func undoneWritesConflictWithNobody() throws {
        for way in 0..<3 {
            let database = try Self.filled()
            let first = try database.begin()
            let second = try database.begin(.snapshot)
            try second.put("own", "1")
            let savepoint = try second.savepoint()
            switch way {
            case 0: try second.put("a", "2")
            case 1: try second.delete("a")
            default: try second.deleteRange(.all)
            }
            try second.rollback(to: savepoint)
            try first.put("a", "1")
            try first.commit()
            try second.commit()
            #expect(try database.read { Self.text($0) } == "a=1 b=0 c=0 own=1", "way \(way)")
        }
    }

    @Test func anOuterWriteStillConflictsWhenWhatHidItIsUndone() throws {
        for way in 0..<4 {
            let database = try Self.filled()
            let first = try database.begin()
            let second = try database.begin(.snapshot)
            try second.put("a", "2")
            let savepoint = try second.savepoint()
            switch way {
            case 0: try second.put("a", "3")
            case 1: try second.delete("a")
            case 2: try second.deleteRange(KeyRange(from: Self.bytes("a")))
            default:
                try second.deleteRange(KeyRange(from: Self.bytes("a")))
                try second.put("a", "4")
            }
            try second.rollback(to: savepoint)
            #expect(try second.get("a") == Self.bytes("2"))
            try first.put("a", "1")
            try first.commit()
            #expect(EngineFixture.code { try second.commit() } == .conflict, "way \(way)")
            #expect(try database.read { try $0.get("a") } == Self.bytes("1"))
        }
    }

    /// What was undone may have been decided by what was read with it.
    @Test func readsOfAnUndonePartStillCount() throws {
        for way in 0..<4 {
            let database = try Self.filled()
            let t = try database.begin()
            try t.put("own", "1")
            let savepoint = try t.savepoint()
            switch way {
            case 0: _ = try t.get("a")
            case 1: _ = Array(t.scan(KeyRange(upTo: Self.bytes("b"))))
            case 2: try t.addReadConflict(key: "a")
            default:
                // Only the own write was read.
                try t.put("a", "2")
                _ = try t.get("a")
            }
            try t.put("a", "3")
            try t.rollback(to: savepoint)
            try database.write { try $0.put("a", "1") }
            #expect(EngineFixture.code { try t.commit() } == (way < 3 ? .conflict : nil), "way \(way)")
        }
    }

    /// Without its writes, a transaction has nothing to commit, whatever it read.
    @Test func aTransactionWhoseWritesAreAllUndoneNeverFails() throws {
        let database = try Self.filled()
        let t = try database.begin()
        let savepoint = try t.savepoint()
        try t.put("a", try t.get("b") ?? [])
        try t.rollback(to: savepoint)
        try database.write { try $0.put("b", "1") }
        #expect(try t.commit() == t.timestamp)
    }

    @Test func writesOfABodyThatIsRetriedAreUndoneInEachAttempt() throws {
        let database = try Self.filled()
        try database.write(.snapshot) { t in
            try t.put("a", "\(t.attempt)")
            try? t.savepoint {
                try t.put("b", "undone")
                throw Failure()
            }
            if t.attempt < 3 {
                let other = try database.begin()
                try other.put("a", "other")
                try other.commit()
            }
        }
        #expect(try database.read { Self.text($0) } == "a=3 b=0 c=0")
    }
}
