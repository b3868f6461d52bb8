import CLSMTx
import LSMTxTestSupport
import Testing

/// What is left of handles and functions after the end of what they belong to.
@Suite struct EndTests {
    @Test func nothingIsNotedForADatabaseThatIsClosed() throws {
        try C.withStore { db in
            var txn: OpaquePointer?
            check(lsmtx_txn_begin(db, Int32(LSMTX_SERIALIZABLE), nil, &txn, nil) == C.ok)
            let stamped = [UInt8](repeating: 0, count: 20)
            var savepoint: UInt64 = 0
            check(lsmtx_txn_put(txn, "a", 1, "a", 1, nil) == C.ok)
            check(lsmtx_txn_savepoint(txn, &savepoint, nil) == C.ok)
            var snapshot: OpaquePointer?
            check(lsmtx_snapshot_open(db, nil, &snapshot, nil) == C.ok)
            let buffer = lsmtx_buffer_create()
            check(lsmtx_db_close(db, nil) == C.ok)

            C.expectFailure(LSMTX_CLOSED) { lsmtx_txn_put(txn, "a", 1, "a", 1, $0) }
            C.expectFailure(LSMTX_CLOSED) { lsmtx_txn_delete(txn, "a", 1, $0) }
            C.expectFailure(LSMTX_CLOSED) { lsmtx_txn_delete_range(txn, nil, $0) }
            C.expectFailure(LSMTX_CLOSED) { lsmtx_txn_mutate_number(txn, Int32(LSMTX_ADD), "a", 1, 1, $0) }
            C.expectFailure(LSMTX_CLOSED) { lsmtx_txn_mutate_bytes(txn, Int32(LSMTX_OR), "a", 1, "a", 1, $0) }
            C.expectFailure(LSMTX_CLOSED) { lsmtx_txn_put_versionstamped_value(txn, "a", 1, stamped, 20, 0, $0) }
            C.expectFailure(LSMTX_CLOSED) { lsmtx_txn_put_versionstamped_key(txn, stamped, 20, 0, "a", 1, $0) }
            C.expectFailure(LSMTX_CLOSED) { lsmtx_txn_add_read_conflict(txn, "a", 1, $0) }
            C.expectFailure(LSMTX_CLOSED) { lsmtx_txn_add_read_conflict_range(txn, nil, $0) }
            C.expectFailure(LSMTX_CLOSED) { lsmtx_txn_savepoint(txn, &savepoint, $0) }
            C.expectFailure(LSMTX_CLOSED) { lsmtx_txn_rollback_to_savepoint(txn, 1, $0) }
            C.expectFailure(LSMTX_CLOSED) { lsmtx_txn_release_savepoint(txn, 1, $0) }
            C.expectFailure(LSMTX_CLOSED) { lsmtx_snapshot_get_many(snapshot, nil, 0, buffer, nil, $0) }
            C.expectFailure(LSMTX_CLOSED) { lsmtx_txn_commit(txn, 0, nil, $0) }
            check(lsmtx_txn_rollback(txn, nil) == C.ok)
            check(lsmtx_snapshot_close(snapshot, nil) == C.ok)
            lsmtx_buffer_free(buffer)
            lsmtx_snapshot_free(snapshot)
            lsmtx_txn_free(txn)
        }
    }

    /// The function of `lsmtx_db_run` may commit itself, and may forget to look at what came of it.
    @Test func aLostCommitOfTheFunctionItselfIsNoSuccess() throws {
        try C.withStore { db in
            C.put(db, "read", "1")
            var run = lsmtx_run_options()
            check(lsmtx_run_options_init(&run, MemoryLayout<lsmtx_run_options>.size) == C.ok)
            run.max_attempts = 3
            C.expectFailure(LSMTX_CONFLICT) { error in
                lsmtx_db_run(
                    db, &run,
                    { db, txn, _ in
                        var length = 0
                        check(lsmtx_txn_get(txn, "read", 4, 0, nil, 0, &length, nil) == C.tooSmall)
                        check(lsmtx_txn_put(txn, "written", 7, "1", 1, nil) == C.ok)
                        C.put(OpaquePointer(db!), "read", "2")
                        check(lsmtx_txn_commit(txn, 0, nil, nil) == C.conflict)
                        return C.ok
                    }, UnsafeMutableRawPointer(db), nil, error)
            }
            check(C.get(db, "written") == nil)
        }
    }

    @Test func errorsSpeakOfTheHeader() throws {
        func words(_ call: (UnsafeMutablePointer<OpaquePointer?>) -> lsmtx_status) -> String {
            var error: OpaquePointer?
            _ = call(&error)
            defer { lsmtx_error_free(error) }
            return C.text(lsmtx_error_description(error))
        }
        try C.withStore { db in
            let nested = words { error in
                lsmtx_db_run(
                    db, nil,
                    { db, _, error in lsmtx_db_run(OpaquePointer(db), nil, { _, _, _ in 0 }, nil, nil, error) },
                    UnsafeMutableRawPointer(db), nil, error)
            }
            check(nested.contains("lsmtx_db_run was called") && nested.contains("that the function was given"))

            var txn: OpaquePointer?
            check(lsmtx_txn_begin(db, Int32(LSMTX_SERIALIZABLE), "`write`", &txn, nil) == C.ok)
            var length = 0
            check(lsmtx_txn_get(txn, "k", 1, 0, nil, 0, &length, nil) == C.absent)
            check(lsmtx_txn_put(txn, "l", 1, "1", 1, nil) == C.ok)
            C.put(db, "k", "1")
            let lost = words { lsmtx_txn_commit(txn, 0, nil, $0) }
            check(lost.contains("lsmtx_db_run does that by itself") && lost.contains("\"`write`\""))
            lsmtx_txn_free(txn)
        }
        // What the header has no name for is in no advice.
        let literals = SourceTree.files(in: "Sources/LSMTx").flatMap { path in
            SourceTree.read(path).split(separator: "\n").filter {
                !$0.contains("///") && !$0.contains("@available") && $0.contains("\"")
                    && ($0.contains("`") || $0.contains("Configuration."))
                    && ($0.contains("remedy") || $0.contains("+ \""))
            }
        }
        check(literals.count > 5)
        let known = [
            "`write`", "`retry`", "`unguarded`", "`readOnly`", "`lsmtx ", "Configuration.maximumTransactionBytes",
        ]
        for literal in literals { check(known.contains { literal.contains($0) }) }
    }
}
