import LSMTxTestSupport
import Testing

@testable import LSMTx

/// A `write` inside of a `write` of the same database commits nothing by itself.
@Suite struct NestedWriteTests {
    private static let value = Array("v".utf8)

    @Test func aWriteInsideOfAWriteIsRefused() throws {
        let database = try Database.inMemory()
        let error = EngineFixture.code {
            try database.write { t in
                try t.put("outer", "v")
                try database.write { try $0.put("inner", "v") }
            }
        }
        #expect(error == .misuse)
        #expect(try database.read { $0.scan().count { _ in true } } == 0)
        // What one closure did has no effect on the next.
        try database.write { try $0.put("k", "v") }
        #expect(try database.read { try $0.get("k") } == Self.value)
    }

    @Test func theOuterWriteGoesOnWhenItCatchesTheError() throws {
        let database = try Database.inMemory()
        try database.write { t in
            for _ in 0..<2 {
                #expect(EngineFixture.code { try database.write { try $0.put("inner", "v") } } == .misuse)
            }
            try t.put("outer", "v")
        }
        #expect(try database.read { try $0.get(keys: ["outer", "inner"]) } == [Self.value, nil])
    }

    @Test func whatIsNoWriteOfTheSameDatabaseIsAllowed() throws {
        let database = try Database.inMemory()
        let other = try Database.inMemory()
        try database.write { t in
            try t.put("k", "v")
            #expect(try database.read { try $0.get("k") } == nil)
            let snapshot = try database.snapshot()
            #expect(try snapshot.get("k") == nil)
            snapshot.close()
            try other.write { o in
                try o.put("k", "v")
                // Not the innermost, but one of those that the thread is in.
                #expect(EngineFixture.code { try database.write { try $0.put("k", "w") } } == .misuse)
                #expect(EngineFixture.code { try other.write { try $0.put("k", "w") } } == .misuse)
            }
            #expect(try other.read { try $0.get("k") } == Self.value)
            try other.write { try $0.put("l", "v") }
            let explicit = try database.begin()
            try explicit.put("explicit", "v")
            try explicit.commit()
        }
        try database.read { _ in try database.write { try $0.put("in a read", "v") } }
        #expect(
            try database.read { try $0.get(keys: ["k", "explicit", "in a read"]) } == [
                Self.value, Self.value, Self.value,
            ])
    }

    @Test func anErrorOrARetryLeavesTheThreadOutsideOfTheWrite() throws {
        struct Refusal: Error {}
        let database = try Database.inMemory()
        for _ in 0..<3 {
            #expect(throws: Refusal.self) { try database.write { _ in throw Refusal() } }
            #expect(EngineFixture.code { try database.write { _ in try database.write { _ in } } } == .misuse)
        }
        try database.write(.snapshot) { t in
            try t.put("k", "mine")
            guard t.attempt < 4 else { return }
            let other = try database.begin()
            try other.put("k", "theirs")
            try other.commit()
        }
        #expect(try database.read { try $0.get("k") } == Array("mine".utf8))
    }

    @Test func anotherThreadIsNotInsideOfIt() throws {
        let database = try Database.inMemory()
        try database.write { t in
            try t.put("a", "v")
            let thread = try WorkerThread(name: "other") { try? database.write { try $0.put("b", "v") } }
            thread.join()
        }
        #expect(try database.read { try $0.get(keys: ["a", "b"]) } == [Self.value, Self.value])
    }

    @Test func theRuleHoldsInAsynchronousWrites() async throws {
        let database = try Database.inMemory()
        await #expect {
            try await database.write { t in
                try t.put("outer", "v")
                try database.write { try $0.put("inner", "v") }
            }
        } throws: {
            ($0 as? StoreError)?.code == .misuse
        }
        // The store's threads are used again.
        for _ in 0..<50 { try await database.write { try $0.put("k", "v") } }
        #expect(try await database.read { try $0.get(keys: ["outer", "inner", "k"]) } == [nil, nil, Self.value])
        try await database.close()
    }
}
