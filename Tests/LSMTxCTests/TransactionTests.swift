import CLSMTx
import Testing

@Suite struct TransactionTests {
    private static func value(_ txn: OpaquePointer?, _ key: String, flags: Int = 0) -> String? {
        var memory = [UInt8](repeating: 0, count: 100)
        var length = 0
        let status = lsmtx_txn_get(txn, key, key.utf8.count, UInt32(flags), &memory, memory.count, &length, nil)
        return status == C.ok ? String(decoding: memory[..<length], as: UTF8.self) : nil
    }

    private static func begin(_ db: OpaquePointer, _ isolation: Int = LSMTX_SERIALIZABLE) -> OpaquePointer? {
        var txn: OpaquePointer?
        check(lsmtx_txn_begin(db, Int32(isolation), nil, &txn, nil) == C.ok)
        return txn
    }

    @Test func ownWritesAreSeenAndUndone() throws {
        try C.withStore { db in
            let txn = Self.begin(db)
            check(lsmtx_txn_attempt(txn) == 1 && lsmtx_txn_timestamp(txn) == 0)
            check(lsmtx_txn_put(txn, "a", 1, "1", 1, nil) == C.ok)
            var first: UInt64 = 0
            var second: UInt64 = 0
            check(lsmtx_txn_savepoint(txn, &first, nil) == C.ok)
            check(lsmtx_txn_put(txn, "a", 1, "2", 1, nil) == C.ok)
            check(lsmtx_txn_savepoint(txn, &second, nil) == C.ok)
            check(lsmtx_txn_delete(txn, "a", 1, nil) == C.ok)
            check(Self.value(txn, "a") == nil)
            check(lsmtx_txn_rollback_to_savepoint(txn, second, nil) == C.ok && Self.value(txn, "a") == "2")
            check(lsmtx_txn_rollback_to_savepoint(txn, first, nil) == C.ok && Self.value(txn, "a") == "1")
            check(lsmtx_txn_rollback_to_savepoint(txn, second, nil) == C.misuse)
            check(lsmtx_txn_release_savepoint(txn, 77, nil) == C.misuse)
            check(lsmtx_txn_release_savepoint(txn, first, nil) == C.ok)
            check(lsmtx_txn_rollback_to_savepoint(txn, first, nil) == C.misuse)
            check(lsmtx_txn_delete_range(txn, nil, nil) == C.ok && Self.value(txn, "a") == nil)
            check(lsmtx_txn_rollback(txn, nil) == C.ok)
            check(lsmtx_txn_rollback(txn, nil) == C.ok)
            check(lsmtx_txn_put(txn, "a", 1, "1", 1, nil) == C.closed)
            check(lsmtx_txn_rollback_to_savepoint(txn, first, nil) == C.closed)
            check(lsmtx_txn_savepoint(txn, &first, nil) == C.closed)
            lsmtx_txn_free(txn)
        }
    }

    @Test func mutationsAreWorkedOutAtCommit() throws {
        try C.withStore { db in
            let txn = Self.begin(db)
            for (mutation, number) in [(LSMTX_ADD, 5), (LSMTX_MAX, 3), (LSMTX_MIN, 4), (LSMTX_ADD, -1)] {
                check(lsmtx_txn_mutate_number(txn, Int32(mutation), "n", 1, Int64(number), nil) == C.ok)
            }
            check(lsmtx_txn_mutate_number(txn, Int32(LSMTX_AND), "n", 1, 1, nil) == C.misuse)
            check(lsmtx_txn_put(txn, "b", 1, "\u{6}", 1, nil) == C.ok)
            for (mutation, operand) in [(LSMTX_AND, "\u{5}"), (LSMTX_OR, "\u{1}"), (LSMTX_XOR, "\u{7}")] {
                check(lsmtx_txn_mutate_bytes(txn, Int32(mutation), "b", 1, operand, 1, nil) == C.ok)
            }
            check(lsmtx_txn_mutate_bytes(txn, Int32(LSMTX_SET_IF_ABSENT), "b", 1, "x", 1, nil) == C.ok)
            check(lsmtx_txn_mutate_bytes(txn, 0, "b", 1, "x", 1, nil) == C.misuse)
            let long = [UInt8](repeating: 0, count: Int(LSMTX_MAX_OPERAND_BYTES) + 1)
            check(lsmtx_txn_mutate_bytes(txn, Int32(LSMTX_OR), "b", 1, long, long.count, nil) == LSMTX_TOO_LARGE)
            check(lsmtx_txn_put_versionstamped_value(txn, "v", 1, long, 10, 0, nil) == C.ok)
            check(lsmtx_txn_put_versionstamped_value(txn, "v", 1, long, 9, 0, nil) == C.misuse)
            check(lsmtx_txn_put_versionstamped_key(txn, long, 10, 0, "", 0, nil) == C.ok)
            check(lsmtx_txn_put_versionstamped_key(txn, long, 10, 1, "", 0, nil) == C.misuse)
            var committed: UInt64 = 0
            check(lsmtx_txn_commit(txn, Int32(LSMTX_DURABILITY_BUFFERED), &committed, nil) == C.ok)
            lsmtx_txn_free(txn)
            check(committed == 1)
            check(C.get(db, "n") == "\u{3}\0\0\0\0\0\0\0" && C.get(db, "b") == "\u{2}")
            check(C.get(db, "v") == "\0\0\0\0\0\0\0\u{1}\0\0")
        }
    }

    /// Whether a transaction that did `read` still commits when another has changed "k" and "m".
    private static func survives(
        _ isolation: Int = LSMTX_SERIALIZABLE, _ read: (OpaquePointer?) -> Void
    ) throws -> Bool {
        try C.withStore { db in
            for key in ["a", "k", "m", "z"] { C.put(db, key, "1") }
            let txn = begin(db, isolation)
            defer { lsmtx_txn_free(txn) }
            read(txn)
            check(lsmtx_txn_put(txn, "own", 3, "", 0, nil) == C.ok)
            C.put(db, "k", "2")
            C.put(db, "m", "2")
            let status = lsmtx_txn_commit(txn, 0, nil, nil)
            check([C.ok, C.conflict].contains(status))
            return status == C.ok
        }
    }

    @Test func aCommitRestsOnWhatWasRead() throws {
        let unguarded = UInt32(LSMTX_READ_UNGUARDED)
        check(try Self.survives { check(Self.value($0, "a") == "1") })
        check(try !Self.survives { check(Self.value($0, "k") == "1") })
        check(try Self.survives { check(Self.value($0, "k", flags: LSMTX_READ_UNGUARDED) == "1") })
        check(try Self.survives(LSMTX_SNAPSHOT_ISOLATION) { check(Self.value($0, "k") == "1") })
        check(
            try !Self.survives(LSMTX_SNAPSHOT_ISOLATION) {
                check(lsmtx_txn_add_read_conflict($0, "k", 1, nil) == C.ok)
            })
        check(try !Self.survives { check(lsmtx_txn_add_read_conflict_range($0, nil, nil) == C.ok) })
        check(
            try Self.survives(LSMTX_READ_COMMITTED) {
                check(lsmtx_txn_add_read_conflict($0, "k", 1, nil) == C.misuse)
                check(lsmtx_txn_add_read_conflict_range($0, nil, nil) == C.misuse)
            })
        let buffer = lsmtx_buffer_create()
        defer { lsmtx_buffer_free(buffer) }
        for (flags, isLost) in [(UInt32(0), true), (unguarded, false)] {
            let survives = try Self.survives { txn in
                var value: UnsafeRawPointer?
                var length = 0
                check(lsmtx_txn_get_borrowed(txn, "m", 1, flags, buffer, &value, &length, nil) == C.ok)
                check(C.bytes(value, length) == "1")
            }
            check(survives != isLost)
        }
    }

    @Test func aCommitRestsOnWhatWasWalkedOver() throws {
        func walk(flags: Int = 0, _ body: @escaping (OpaquePointer?) -> Void) throws -> Bool {
            try Self.survives { txn in
                var iter: OpaquePointer?
                check(lsmtx_txn_iter(txn, nil, UInt32(flags), &iter, nil) == C.ok)
                body(iter)
                lsmtx_iter_free(iter)
            }
        }
        func next(_ iter: OpaquePointer?) { check(lsmtx_iter_next(iter, nil, nil, nil, nil, nil) == C.ok) }
        func previous(_ iter: OpaquePointer?) { check(lsmtx_iter_prev(iter, nil, nil, nil, nil, nil) == C.ok) }
        check(try walk { _ in })
        check(try walk { next($0) })
        check(
            try !walk {
                next($0)
                next($0)
            })
        check(
            try walk { iter in
                check(lsmtx_iter_seek_last(iter, nil) == C.ok)
                previous(iter)
            })
        check(
            try !walk { iter in
                check(lsmtx_iter_seek(iter, "l", 1, nil) == C.ok)
                previous(iter)
            })
        // A seek alone, and what lies on either side of what was walked over, count for nothing.
        check(
            try walk { iter in
                check(lsmtx_iter_seek(iter, "l", 1, nil) == C.ok)
                check(lsmtx_iter_seek(iter, "n", 1, nil) == C.ok)
                next(iter)
                check(lsmtx_iter_seek_first(iter, nil) == C.ok)
                next(iter)
            })
        check(try walk(flags: LSMTX_READ_UNGUARDED) { check(C.entries($0, lsmtx_iter_next).count == 4) })
    }

    // MARK: Running again

    private struct Race {
        var db: OpaquePointer
        var runs = 0
        var attempts: [UInt32] = []
    }

    @Test func aTransactionThatLostIsRunAgain() throws {
        try C.withStore { db in
            C.put(db, "k", "0")
            var race = Race(db: db)
            var committed: UInt64 = 0
            let status = withUnsafeMutablePointer(to: &race) { race in
                lsmtx_db_run(
                    db, nil,
                    { user, txn, error in
                        let race = user!.assumingMemoryBound(to: Race.self)
                        race.pointee.runs += 1
                        race.pointee.attempts.append(lsmtx_txn_attempt(txn))
                        var memory = [UInt8](repeating: 0, count: 10)
                        var length = 0
                        var status = lsmtx_txn_get(txn, "k", 1, 0, &memory, 10, &length, error)
                        if status < 0 { return status }
                        if race.pointee.runs < 3 { C.put(race.pointee.db, "k", "\(race.pointee.runs)") }
                        memory[length] = UInt8(ascii: "!")
                        status = lsmtx_txn_put(txn, "k", 1, memory, length + 1, error)
                        lsmtx_txn_free(txn)
                        return status
                    }, race, &committed, nil)
            }
            check(status == C.ok && race.runs == 3 && race.attempts == [1, 2, 3])
            check(C.get(db, "k") == "2!" && committed == 4)
        }
    }

    @Test func whatTheFunctionReturnsIsHandedOn() throws {
        try C.withStore { db in
            var committed: UInt64 = 99
            // A status of its own, with what it left freed.
            check(
                lsmtx_db_run(
                    db, nil,
                    { _, txn, error in
                        check(lsmtx_txn_put(txn, "k", 1, "v", 1, error) == C.ok)
                        check(lsmtx_txn_put(txn, nil, 1, nil, 0, error) == C.misuse)
                        return 1234
                    }, nil, &committed, nil) == 1234)
            check(C.get(db, "k") == nil && committed == 99)
            // The error of a call within it.
            var error: OpaquePointer?
            check(
                lsmtx_db_run(db, nil, { _, txn, error in lsmtx_txn_put(txn, nil, 1, nil, 0, error) }, nil, nil, &error)
                    == C.misuse)
            check(C.text(lsmtx_error_message(error)).contains("NULL"))
            lsmtx_error_free(error)
            // A status without an error, and one that nobody knows.
            C.expectFailure(LSMTX_CORRUPT) { error in
                lsmtx_db_run(db, nil, { _, _, _ in lsmtx_status(LSMTX_CORRUPT) }, nil, nil, error)
            }
            C.expectFailure(LSMTX_MISUSE) { lsmtx_db_run(db, nil, { _, _, _ in -999 }, nil, nil, $0) }
            // It ends the transaction itself.
            check(lsmtx_db_run(db, nil, { _, txn, e in lsmtx_txn_rollback(txn, e) }, nil, &committed, nil) == C.ok)
            check(committed == 99)
            check(
                lsmtx_db_run(
                    db, nil,
                    { _, txn, error in
                        check(lsmtx_txn_put(txn, "k", 1, "v", 1, error) == C.ok)
                        return lsmtx_txn_commit(txn, 0, nil, error)
                    }, nil, &committed, nil) == C.ok)
            check(committed == 1 && C.get(db, "k") == "v")
        }
    }

    @Test func attemptsAreBounded() throws {
        try C.withStore { db in
            var options = lsmtx_run_options()
            check(lsmtx_run_options_init(&options, 1) == C.misuse)
            check(lsmtx_run_options_init(nil, MemoryLayout<lsmtx_run_options>.size) == C.misuse)
            check(lsmtx_run_options_init(&options, MemoryLayout<lsmtx_run_options>.size) == C.ok)
            var runs = 0
            let body: lsmtx_run_fn = { user, _, _ in
                user!.assumingMemoryBound(to: Int.self).pointee += 1
                return lsmtx_status(LSMTX_CONFLICT)
            }
            options.max_attempts = 4
            "label".withCString { label in
                options.label = label
                C.expectFailure(LSMTX_CONFLICT) { lsmtx_db_run(db, &options, body, &runs, nil, $0) }
            }
            check(runs == 4)
            options.label = nil
            options.max_attempts = .max
            options.timeout = 0
            check(lsmtx_db_run(db, &options, body, &runs, nil, nil) == C.conflict && runs == 5)
            options.isolation = 12
            check(lsmtx_db_run(db, &options, body, &runs, nil, nil) == C.misuse)
            options.size = 3
            check(lsmtx_db_run(db, &options, body, &runs, nil, nil) == C.misuse)
            check(lsmtx_db_run(db, nil, nil, nil, nil, nil) == C.misuse && runs == 5)
        }
    }

    @Test func aRunWithinARunIsRefused() throws {
        try C.withStore { db in
            let status = lsmtx_db_run(
                db, nil,
                { db, _, error in
                    lsmtx_db_run(OpaquePointer(db), nil, { _, _, _ in 0 }, nil, nil, error)
                }, UnsafeMutableRawPointer(db), nil, nil)
            check(status == C.misuse)
            // Closing is not refused, and is the end of it.
            let closing = lsmtx_db_run(
                db, nil,
                { db, txn, error in
                    check(lsmtx_txn_put(txn, "k", 1, "v", 1, error) == C.ok)
                    return lsmtx_db_close(OpaquePointer(db), error)
                }, UnsafeMutableRawPointer(db), nil, nil)
            check(closing == C.closed)
        }
    }
}
