import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Looking up many keys at once gives what looking up each of them gives.
@Suite struct ManyKeysTests {
    /// Keys in memory, in tables, deleted, and never there; with large values among them.
    private static func filled() throws -> Database {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let database = try EngineFixture.open(base)
        try database.write { t in
            for number in 0..<300 { try t.put("key \(number)", "old \(number)") }
            try t.put("large", [UInt8](repeating: 5, count: 100_000))
        }
        try database.flush()
        try database.write { t in
            for number in stride(from: 0, to: 300, by: 3) { try t.put("key \(number)", "new \(number)") }
            for number in stride(from: 1, to: 300, by: 7) { try t.delete("key \(number)") }
        }
        return database
    }

    private static func keys(_ count: Int, seed: UInt64) -> [String] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            Int.random(in: 0..<40, using: &random) == 0 ? "large" : "key \(Int.random(in: 0..<350, using: &random))"
        }
    }

    @Test func manyKeysAreReadAsEachIs() throws {
        let database = try Self.filled()
        for (seed, count) in [0, 1, 15, 16, 17, 32, 500].enumerated() {
            let keys = Self.keys(count, seed: UInt64(seed))
            let snapshot = try database.snapshot()
            #expect(try snapshot.get(keys: keys) == keys.map { try snapshot.get($0) }, "seed \(seed)")
            snapshot.close()
            for isolation in Isolation.allCases {
                let t = try database.begin(isolation)
                try t.put("key 5", "own")
                try t.deleteRange(KeyRange(prefix: "key 1"))
                try t.mutate("key 7", .setIfAbsent([1]))
                #expect(try t.get(keys: keys) == keys.map { try t.get($0) }, "\(isolation), seed \(seed)")
                #expect(try t.unguarded.get(keys: keys) == keys.map { try t.get($0) }, "\(isolation), seed \(seed)")
                t.rollback()
            }
        }
        try database.close()
    }

    @Test func keysOfEveryKindAreTaken() throws {
        let database = try Database.inMemory()
        try database.write { t in
            try t.put("a", "1")
            try t.put([] as [UInt8], "empty")
        }
        let snapshot = try database.snapshot()
        #expect(try snapshot.get(keys: [Array("a".utf8), [], [9]]) == [Array("1".utf8), Array("empty".utf8), nil])
        #expect(try snapshot.get(keys: Set(["a"])) == [Array("1".utf8)])
        #expect(try snapshot.get(keys: ["x a".dropFirst(2)]) == [Array("1".utf8)])
        #expect(try snapshot.get(keys: [String(repeating: "k", count: 70_000)]) == [nil])
    }

    @Test func aHundredThousandKeysAreTakenAgainAndAgain() throws {
        let database = try Self.filled()
        let keys = Self.keys(50_000, seed: 9).filter { $0 != "large" }
        let twice = keys + keys.reversed() + [String(repeating: "k", count: 70_000), ""]
        let expected = try database.read { snapshot in try twice.map { try snapshot.get($0) } }
        #expect(try database.read { try $0.get(keys: twice) } == expected)
        for isolation in Isolation.allCases {
            let t = try database.begin(isolation)
            #expect(try t.get(keys: twice) == expected, "\(isolation)")
            #expect(try t.get(keys: [String]()) == [])
            try t.put("out", "1")
            let other = try database.begin()
            try other.put("key 3", "changed")
            try other.commit()
            let error = EngineFixture.code { try t.commit() }
            #expect(error == (isolation == .serializable ? .conflict : nil), "\(isolation)")
            try database.write { try $0.put("key 3", "new 3") }
        }
        try database.close()
    }

    @Test func eachKeyIsGuarded() throws {
        let database = try Self.filled()
        for changed in ["key 3", "key 299", "never there"] {
            let reader = try database.begin(.serializable)
            _ = try reader.get(keys: ["key 3", "key 299", "never there"])
            try reader.put("out", "1")
            try database.write { try $0.put(changed, "changed") }
            #expect { try reader.commit() } throws: { ($0 as? StoreError)?.code == .conflict }
        }
        let reader = try database.begin(.serializable)
        _ = try reader.unguarded.get(keys: ["key 3"])
        _ = try reader.get(keys: ["key 4"])
        try reader.put("out", "1")
        try database.write { try $0.put("key 3", "changed") }
        try reader.commit()
    }

    @Test func atReadCommittedTheyAreOneStatement() throws {
        let database = try Database.inMemory()
        let stop = Guarded(false)
        // Both are always changed together.
        let writer = try WorkerThread(name: "writer") {
            var number = 0
            while !stop.withLock({ $0 }) {
                number += 1
                let text = String(number)
                try? database.write(durability: .buffered) { t in
                    for key in 0..<40 { try t.put("key \(key)", text) }
                }
            }
        }
        let keys = (0..<40).map { "key \($0)" }
        let t = try database.begin(.readCommitted)
        var states = Set<[UInt8]?>()
        for _ in 0..<300 {
            let values = try t.get(keys: keys)
            #expect(Set(values).count == 1)
            states.insert(values[0])
        }
        t.rollback()
        stop.withLock { $0 = true }
        writer.join()
        try database.close()
    }

    @Test func whatIsClosedIsNotRead() throws {
        let database = try Self.filled()
        let snapshot = try database.snapshot()
        let t = try database.begin()
        t.rollback()
        #expect { try t.get(keys: ["key 1"]) } throws: { ($0 as? StoreError)?.code == .closed }
        try database.close()
        #expect { try snapshot.get(keys: ["key 1"]) } throws: { ($0 as? StoreError)?.code == .closed }
        snapshot.close()
        #expect { try snapshot.get(keys: ["key 1"]) } throws: { ($0 as? StoreError)?.code == .closed }
    }
}
