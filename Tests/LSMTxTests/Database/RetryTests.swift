import LSMTxSimulation
import Testing

@testable import LSMTx

/// What `write` does with the errors that its closure throws.
@Suite struct RetryTests {
    /// Runs `body` on a thread of its own, and says whether it has ended, within more time than any machine needs.
    private static func ends(_ body: @escaping @Sendable () -> Void) throws -> Bool {
        let isDone = Guarded(false)
        let thread = try WorkerThread(name: "body") {
            body()
            isDone.withLock { $0 = true }
            isDone.notifyAll()
        }
        guard isDone.wait(timeoutMilliseconds: 300_000, for: { $0 ? true : nil }) == true else { return false }
        thread.join()
        return true
    }

    /// An error of the store `other` at a timestamp that this one has not come to.
    private static func conflict(in other: Database) throws -> StoreError {
        for _ in 0..<100 { try other.write(durability: .buffered) { try $0.put("k", "v") } }
        let transaction = try other.begin(.snapshot)
        try transaction.put("k", "mine")
        try other.write { try $0.put("k", "theirs") }
        do {
            try transaction.commit()
        } catch {
            return error
        }
        throw CancellationError()
    }

    /// The closure writes to another store too, and loses there.
    @Test func aConflictInAnotherStoreIsNotWaitedForInThisOne() throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        let (_, other) = try EngineFixture.newStore(background: true)
        let error = try Self.conflict(in: other)
        let attempts = Guarded(0)
        let hasEnded = try Self.ends {
            try? database.write { t in
                attempts.withLock { $0 = t.attempt }
                try t.put("k", "v")
                guard t.attempt > 5 else { throw error }
            }
        }
        #expect(hasEnded)
        #expect(attempts.withLock { $0 } == 6)
        // Nobody was held up for keys that are not this store's.
        #expect(database.core.precedence.count == 0)
        guard hasEnded else { return }
        #expect(try database.read { try $0.get("k") } == Array("v".utf8))
        try other.close()
        try database.close()
    }

    /// Its turn does not come before.
    @Test func noAttemptBeginsAfterTheTimeout() throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        let precedence = database.core.precedence
        var attempts = 0
        var older: Precedence.Ticket?
        let error = EngineFixture.code {
            try database.write(retry: RetryPolicy(timeout: .seconds(1))) { t in
                attempts += 1
                _ = try t.get("k")
                let other = try database.begin()
                try other.put("k", "theirs")
                try other.commit()
                try t.put("k", "mine")
                if attempts == 3 { older = precedence.name(.all, for: nil) }
            }
        }
        #expect(error == .conflict)
        #expect(attempts <= 3)
        if let older { precedence.end(older) }
        #expect(precedence.count == 0)
        try database.close()
    }

    /// The advice of a single commit, to run the transaction again as `write` does, would be no help.
    @Test(arguments: [1, 3])
    func aWriteThatGivesUpSaysAfterHowManyAttempts(attempts: Int) throws {
        let (_, database) = try EngineFixture.newStore(background: true)
        let error = #expect(throws: StoreError.self) {
            try database.write(retry: RetryPolicy(maximumAttempts: attempts)) { t in
                _ = try t.get("k")
                try t.put("k", "mine")
                let other = try database.begin()
                try other.put("k", "theirs")
                try other.commit()
            }
        }
        #expect(error?.code == .conflict && error?.isRetryable == true)
        #expect(error?.conflict?.key == Array("k".utf8))
        #expect(error?.remedy.contains("gave up after attempt \(attempts)") == true, "\(error?.remedy ?? "none")")
        #expect(error?.description.contains("(key k) ") == true, "\(error?.description ?? "none")")
        #expect(try Self.conflict(in: database).remedy.contains("`write` does that by itself"))
        try database.close()
    }
}
