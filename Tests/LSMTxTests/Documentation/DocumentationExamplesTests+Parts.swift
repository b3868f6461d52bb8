import LSMTx
import Testing

/// Parts of a transaction: savepoints and mutations.
extension DocumentationExamplesTests {
    // MARK: Savepoints

    @Test func aSavepointIsComeBackTo() throws {
        let database = try Database.inMemory()
        let transaction = try database.begin()
        try transaction.put("order/7", "2 seats")
        let savepoint = try transaction.savepoint()
        try transaction.put("order/7", "3 seats")
        try transaction.rollback(to: savepoint)
        try transaction.commit()  // 2 seats.
        #expect(try database.read { try $0.get("order/7") } == Array("2 seats".utf8))
    }

    @Test func whatCannotBeReservedAsAWholeIsNotReserved() throws {
        let database = try Database.inMemory()
        try database.write { t in
            try t.put("stock/apples", "3")
            let savepoint = try t.savepoint()
            for item in ["apples", "pears"] {
                guard try t.get("stock/\(item)") != nil else {
                    try t.rollback(to: savepoint)
                    break
                }
                try t.put("reserved/\(item)", "1")
            }
        }
        #expect(try database.read { $0.scan().map(\.key) } == [Array("stock/apples".utf8)])
    }

    @Test func aSavepointIsReleased() throws {
        let database = try Database.inMemory()
        try database.write { t in
            let savepoint = try t.savepoint()
            try t.put("draft", "1")
            try t.release(savepoint)  // "draft" stays, and cannot be undone any more.
        }
        #expect(try database.read { try $0.get("draft") } == Array("1".utf8))
    }

    @Test func aPartThatFailsIsUndone() throws {
        let database = try Database.inMemory()
        try database.write { t in
            for (name, text) in [("1", "Ada"), ("2", "")] {
                do {
                    try t.savepoint {
                        try t.put("imported/\(name)", "yes")
                        guard !text.isEmpty else { throw CancellationError() }
                        try t.put("user/\(name)", text)
                    }
                } catch is CancellationError {
                    print("\(name) was left out.")
                }
            }
        }
        #expect(try database.read { $0.scan().map(\.key) } == ["imported/1", "user/1"].map { Array($0.utf8) })
    }

    @Test func aDeletedCacheComesBack() throws {
        let database = try Database.inMemory()
        try database.write { try $0.put("cache/1", "1") }
        try database.write { t in
            try t.put("log", "two steps")
            do {
                try t.savepoint {
                    try t.deleteRange(KeyRange(prefix: "cache/"))
                    try t.put("cache/built", "no")
                    throw CancellationError()
                }
            } catch is CancellationError {
                try t.put("log", "one step")  // What was in the cache is there.
            }
        }
        #expect(try database.read { $0.scan().map(\.key) } == ["cache/1", "log"].map { Array($0.utf8) })
    }

    // MARK: Mutations

    @Test func valuesAreMutated() throws {
        let database = try Self.filled()
        try database.write { t in
            try t.mutate("visits", .add(1))
            try t.mutate("longest visit", .max(340))
            try t.mutate("opened by", .setIfAbsent(Array("Ada".utf8)))
        }
        try database.write { t in
            try t.put("order/7", "2 seats")
            try t.mutate("seats left", .add(-2))
        }
        #expect(try database.read { try $0.get("visits") } == [1, 0, 0, 0, 0, 0, 0, 0])
        #expect(try database.read { try $0.get("opened by") } == Array("Ada".utf8))
        #expect(try database.read { try $0.get("seats left") } == [254] + [UInt8](repeating: 255, count: 7))
    }

    @Test func versionstampsAreThoseOfTheCommit() throws {
        let database = try Self.filled()
        let transaction = try database.begin()
        try transaction.mutate("latest", .versionstamped([UInt8](repeating: 0, count: 10), at: 0))
        let committed = try transaction.commit()
        let latest = try database.read { try $0.get("latest") }
        precondition(latest == committed.versionstamp)
        let stamp = [UInt8](repeating: 0, count: 10)
        try database.write { t in
            try t.put(versionstampedKey: Array("event/".utf8) + stamp, at: 6, "Ada has come")
        }
        let key = Array("event/".utf8) + database.timestamp.versionstamp
        #expect(try database.read { try $0.get(key) } == Array("Ada has come".utf8))
    }
}
