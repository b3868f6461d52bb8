import LSMTx
import Testing

/// Writing, and what isolation guards.
extension DocumentationExamplesTests {
    // MARK: Writing

    @Test func aTransactionIsBegunAndCommitted() throws {
        let database = try Database.inMemory()
        let transaction = try database.begin()
        try transaction.put("k", "v")
        let commit = try transaction.commit()
        #expect(commit == database.timestamp)
    }

    @Test func aWriteIsRetriedAsToldTo() throws {
        let database = try Database.inMemory()
        try database.write(retry: RetryPolicy(maximumAttempts: 10, timeout: .seconds(2))) { t in
            try t.put("k", "v")
        }
        #expect(try database.read { try $0.get("k") } != nil)
    }

    @Test func aRangeIsDeleted() throws {
        let database = try Database.inMemory()
        try database.write { try $0.put("session/0", "old") }
        try database.write { t in
            try t.deleteRange(KeyRange(prefix: "session/"))
            try t.put("session/1", "new")
        }
        #expect(try database.read { $0.scan().map(\.key) } == [Array("session/1".utf8)])
    }

    @Test func aWriteMovesTheTimestamp() throws {
        let database = try Database.inMemory()
        let before = database.timestamp
        try database.write { t in try t.put("k", "v") }
        precondition(before < database.timestamp)
    }

    @Test func aCounterCounts() throws {
        let database = try Database.inMemory()
        let count = try database.write { t in
            let old = try t.get("counter").flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
            try t.put("counter", String(old + 1))
            return old + 1
        }
        #expect(count == 1)
    }

    // MARK: Isolation

    @Test func whatIsNotThereIsGuardedToo() throws {
        let database = try Database.inMemory()
        try database.write { t in
            let booked = t.scan(KeyRange(prefix: "room 3/")).contains { _ in true }  // Guards what is not there, too.
            if !booked { try t.put("room 3/10:00", "Ada") }
        }
        #expect(try database.read { $0.scan().map(\.value) } == [Array("Ada".utf8)])
    }

    @Test func aLevelIsChosen() throws {
        let database = try Database.inMemory()
        let transaction = try database.begin(.snapshot)
        try transaction.put("k", "v")
        try transaction.commit()
        #expect(try database.read { try $0.get("k") } == Array("v".utf8))
    }

    @Test func theSecondToWriteAKeyLoses() throws {
        let database = try Database.inMemory()
        let first = try database.begin(.snapshot)
        let second = try database.begin(.snapshot)
        try first.put("seat/12A", "Ada")
        try second.put("seat/12A", "Grace")
        try first.commit()
        do {
            try second.commit()
        } catch {
            print(error.code)  // conflict
        }
        #expect(try database.read { try $0.get("seat/12A") } == Array("Ada".utf8))
    }

    @Test func writeSkewIsPossibleAndCanBeGuardedAgainst() throws {
        let database = try Database.inMemory()
        try database.write { t in
            try t.put("on call/Ada", "yes")
            try t.put("on call/Grace", "yes")
        }
        let ada = try database.begin(.snapshot)
        let grace = try database.begin(.snapshot)
        if try grace.get("on call/Ada") != nil { try grace.delete("on call/Grace") }
        if try ada.get("on call/Grace") != nil { try ada.delete("on call/Ada") }
        try ada.commit()
        try grace.commit()  // Nobody is on call.
        #expect(try database.read { $0.scan().map(\.key).isEmpty })

        try database.write { t in
            try t.put("on call/Ada", "yes")
            try t.put("on call/Grace", "yes")
        }
        try database.write(.snapshot) { t in
            try t.addReadConflict(key: "on call/Grace")
            if try t.get("on call/Grace") != nil { try t.delete("on call/Ada") }
        }
        #expect(try database.read { $0.scan().map(\.key) } == [Array("on call/Grace".utf8)])
    }

    @Test func aRangeIsGuarded() throws {
        let database = try Database.inMemory()
        try database.write(.snapshot) { t in
            let slot = KeyRange(prefix: "booking/room 3/")
            try t.addReadConflict(slot)
            guard t.scan(slot).first(where: { _ in true }) == nil else { return }
            try t.put("booking/room 3/10:00", "Ada")
        }
        #expect(try database.read { $0.scan().map(\.value) } == [Array("Ada".utf8)])
    }

    @Test func someReadsAreUnguarded() throws {
        let database = try Database.inMemory()
        try database.write { try $0.put("member/1", "Ada") }
        try database.write { t in
            let members = t.unguarded.scan(KeyRange(prefix: "member/")).count { _ in true }
            try t.put("about how many members", String(members))
        }
        #expect(try database.read { try $0.get("about how many members") } == Array("1".utf8))
    }

    @Test func aConflictIsExplained() throws {
        let database = try Database.inMemory()
        do {
            try database.write(.serializable, label: "transfer", retry: .never) { t in
                try t.put("balance", try t.get("balance") ?? [])
            }
        } catch let error as StoreError {
            if let conflict = error.conflict {
                print("\(conflict.keys) was changed by \(conflict.otherLabel ?? "another") at \(conflict.committedAt)")
            }
        }
        #expect(try database.read { try $0.get("balance") } == [])
    }
}
