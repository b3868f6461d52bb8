import LSMTx
import LSMTxSimulation
import Testing

@Suite struct CursorTests {
    /// What a cursor is to do, over an array of keys.
    private struct Model {
        let keys: [String]
        /// The place between two keys where it stands, or the key at which it stands.
        var gap = 0
        var isAtEntry = false

        mutating func next() -> String? {
            let index = isAtEntry ? gap + 1 : gap
            guard index < keys.count else {
                gap = keys.count
                isAtEntry = false
                return nil
            }
            gap = index
            isAtEntry = true
            return keys[index]
        }

        mutating func previous() -> String? {
            guard gap > 0 else {
                isAtEntry = false
                return nil
            }
            gap -= 1
            isAtEntry = true
            return keys[gap]
        }

        mutating func seek(to key: String) {
            gap = keys.firstIndex { $0 >= key } ?? keys.count
            isAtEntry = false
        }
    }

    private static func key(_ entry: Entry?) -> String? { entry.map { String(decoding: $0.key, as: UTF8.self) } }

    /// Walks at random, and compares each step.
    private static func compare(
        _ cursor: Cursor, _ keys: [String], _ random: inout SeededGenerator, _ what: String
    ) throws {
        var model = Model(keys: keys)
        for step in 0..<300 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3: #expect(try cursor.next() == (model.next() != nil), "\(what), step \(step)")
            case 4...7: #expect(try cursor.previous() == (model.previous() != nil), "\(what), step \(step)")
            case 8:
                let key = "k\(Int.random(in: 100...199, using: &random))"
                cursor.seek(to: key)
                model.seek(to: key)
            default:
                if Bool.random(using: &random) {
                    cursor.seekToBeginning()
                    model.seek(to: "")
                } else {
                    cursor.seekToEnd()
                    model.seek(to: "~")
                }
            }
            #expect(cursor.isAtEntry == model.isAtEntry, "\(what), step \(step)")
            let expected = model.isAtEntry ? keys[model.gap] : nil
            #expect(try key(cursor.entry()) == expected, "\(what), step \(step)")
            let lent = try cursor.withEntry { key, _ in
                String(decoding: key.withUnsafeBytes { [UInt8]($0) }, as: UTF8.self)
            }
            #expect(lent == expected, "\(what), step \(step)")
        }
    }

    @Test(arguments: [UInt64(1), 2, 3]) func itWalksAsAnArrayDoes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let (_, database) = try EngineFixture.newStore()
        func numbers(_ count: Int) -> Set<Int> {
            Set((0..<count).map { _ in Int.random(in: 100...199, using: &random) })
        }
        var committed: Set<Int> = []
        // Some of it in tables, some in memory, some of it deleted.
        for round in 0..<4 {
            let (put, deleted) = (numbers(20), numbers(8))
            try database.write { t in
                for number in put { try t.put("k\(number)", "committed") }
                for number in deleted { try t.delete("k\(number)") }
            }
            committed = committed.union(put).subtracting(deleted)
            if round < 3 { try EngineControl(database).flush() }
        }
        let snapshot = try database.snapshot()
        let transaction = try database.begin()
        let (put, deleted) = (numbers(25), numbers(25))
        for number in put { try transaction.put("k\(number)", "own") }
        for number in deleted { try transaction.delete("k\(number)") }
        try transaction.mutate("k150", .add(1))
        let own = committed.union(put).subtracting(deleted).union([150])
        let ranges = [
            KeyRange.all, KeyRange(from: Array("k120".utf8), upTo: Array("k180".utf8)), KeyRange(prefix: "k15"),
            KeyRange(from: Array("k2".utf8)), KeyRange(from: Array("k180".utf8), upTo: Array("k120".utf8)),
        ]
        for range in ranges {
            func keys(_ numbers: Set<Int>) -> [String] {
                numbers.sorted().map { "k\($0)" }.filter { range.contains($0) }
            }
            try Self.compare(snapshot.cursor(range), keys(committed), &random, "seed \(seed), snapshot, \(range)")
            try Self.compare(transaction.cursor(range), keys(own), &random, "seed \(seed), transaction, \(range)")
            try Self.compare(
                transaction.unguarded.cursor(range), keys(own), &random, "seed \(seed), unguarded, \(range)")
        }
        transaction.rollback()
        try database.close()
    }

    /// Whether a transaction that walked like `walk` commits when another changes `changed`.
    private static func survives(_ changed: String, _ walk: (Cursor) throws -> Void) throws -> Bool {
        let (_, database) = try EngineFixture.newStore()
        try database.write { t in for key in ["b", "d", "f", "h"] { try t.put(key, "1") } }
        let transaction = try database.begin()
        let cursor = try transaction.cursor()
        try walk(cursor)
        try transaction.put("own", "")
        try database.write { try $0.put(changed, "2") }
        defer { withExtendedLifetime(cursor) {} }
        do {
            try transaction.commit()
            return true
        } catch {
            #expect(error.code == .conflict)
            return false
        }
    }

    @Test func aCommitRestsOnTheKeysThatWereWalkedOverAndNoOthers() throws {
        let changes = ["a", "b", "c", "d", "e", "f", "g", "h", "i"]
        func rest(_ walk: (Cursor) throws -> Void) throws -> String {
            try changes.filter { try !Self.survives($0, walk) }.joined()
        }
        #expect(try rest { _ in } == "")
        #expect(try rest { $0.seek(to: "d") } == "")
        #expect(try rest { _ = try $0.next() } == "ab")
        #expect(
            try rest {
                $0.seek(to: "c")
                _ = try $0.next()
            } == "cd")
        #expect(
            try rest {
                $0.seek(to: "g")
                _ = try $0.previous()
                _ = try $0.previous()
            } == "def")
        #expect(
            try rest {
                $0.seek(to: "e")
                _ = try $0.next()
                _ = try $0.previous()
                $0.seek(to: "b")
            } == "def")
        #expect(
            try rest {
                $0.seek(to: "h")
                _ = try $0.next()
                _ = try $0.next()
                $0.seekToBeginning()
                _ = try $0.next()
            } == "abhi")
    }

    @Test func itEndsWithTheDatabaseAndNotWithItsOwner() throws {
        let (_, database) = try EngineFixture.newStore()
        try database.write { try $0.put("k", "v") }
        let snapshot = try database.snapshot()
        let cursor = try snapshot.cursor()
        snapshot.close()
        #expect(try cursor.next())
        #expect(EngineFixture.code { _ = try snapshot.cursor() } == .closed)
        try database.close()
        #expect(EngineFixture.code { _ = try cursor.previous() } == .closed)
    }

    @Test func seeksAreBoundedByTheBudgetOfTheTransaction() throws {
        var configuration = Configuration()
        configuration.maximumTransactionBytes = 10_000
        let database = try Database.inMemory(configuration)
        try database.write { t in for number in 0..<300 { try t.put("k\(1000 + number)", "") } }
        let transaction = try database.begin()
        let cursor = try transaction.cursor()
        let code = EngineFixture.code {
            for number in 0..<300 where number % 2 == 0 {
                cursor.seek(to: "k\(1000 + number)")
                _ = try cursor.next()
            }
        }
        #expect(code == .tooLarge)
        transaction.rollback()
        try database.close()
    }
}
