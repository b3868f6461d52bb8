import LSMTx
import LSMTxSimulation
import Testing

@Suite struct DatabaseTests {
    @Test func whatIsCommittedIsRead() throws {
        let database = try Database.inMemory()
        try database.write { t in
            try t.put("a", "1")
            try t.put("b", "2")
            try t.delete("a")
        }
        #expect(try database.read { try $0.get("a") } == nil)
        #expect(try database.read { try $0.get("b") } == Array("2".utf8))
        try database.close()
    }

    @Test func aSnapshotDoesNotMove() throws {
        let database = try Database.inMemory()
        try database.write { try $0.put("k", "old") }
        let snapshot = try database.snapshot()
        try database.write { try $0.put("k", "new") }
        try database.flush()
        #expect(try snapshot.get("k") == Array("old".utf8))
        #expect(snapshot.scan().map(\.value) == [Array("old".utf8)])
        #expect(try database.read { try $0.get("k") } == Array("new".utf8))
    }

    @Test func theFirstCommitterWins() throws {
        let database = try Database.inMemory()
        let first = try database.begin(.snapshot)
        let second = try database.begin(.snapshot)
        try first.put("k", "1")
        try second.put("k", "2")
        try first.commit()
        #expect { try second.commit() } throws: { ($0 as? StoreError)?.code == .conflict }
        #expect(try database.read { try $0.get("k") } == Array("1".utf8))
    }

    @Test func manyThreadsCountExactly() async throws {
        let database = try Database.inMemory()
        try await database.write { try $0.put("n", "0") }
        let perTask = 200
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<perTask {
                        try await database.write(retry: RetryPolicy(maximumAttempts: 10_000), durability: .buffered) {
                            t in
                            let old = try t.get("n").flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
                            try t.put("n", String(old + 1))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await database.read { try $0.get("n") } == Array(String(4 * perTask).utf8))
    }
}
