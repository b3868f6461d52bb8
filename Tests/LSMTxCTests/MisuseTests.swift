import CLSMTx
import LSMTxTestSupport
import Testing

/// What a C compiler lets through gives an error, and nothing worse.
@Suite struct MisuseTests {
    private typealias ErrorOut = UnsafeMutablePointer<OpaquePointer?>?

    private typealias Call = (String, (OpaquePointer?, ErrorOut) -> lsmtx_status)

    private static var dbCalls: [Call] {
        [
            ("db close", { lsmtx_db_close($0, $1) }),
            ("db put", { lsmtx_db_put($0, "k", 1, "", 0, 0, nil, $1) }),
            ("db delete", { lsmtx_db_delete($0, "k", 1, 0, nil, $1) }),
            ("db delete range", { lsmtx_db_delete_range($0, nil, 0, nil, $1) }),
            ("db get", { lsmtx_db_get($0, "k", 1, nil, 0, &length, $1) }),
            ("db get borrowed", { lsmtx_db_get_borrowed($0, "k", 1, buffer, &pointer, &length, $1) }),
            ("db write", { lsmtx_db_write($0, nil, 0, nil, $1) }),
            ("db iter", { lsmtx_db_iter($0, nil, 0, &made, $1) }),
            ("db run", { lsmtx_db_run($0, nil, { _, _, _ in 0 }, nil, nil, $1) }),
            ("db timestamp", { lsmtx_db_timestamp($0, &number, $1) }),
            ("db oldest", { lsmtx_db_oldest_readable($0, &number, $1) }),
            ("db timestamp at", { lsmtx_db_timestamp_at($0, 0, &number, $1) }),
            ("db unix time", { lsmtx_db_unix_time($0, 0, &time, $1) }),
            ("db retention", { lsmtx_db_retention($0, &retention, $1) }),
            ("db set retention", { lsmtx_db_set_retention($0, &retention, $1) }),
            ("db create snapshot", { lsmtx_db_create_snapshot($0, "n", nil, nil, $1) }),
            ("db drop snapshot", { lsmtx_db_drop_snapshot($0, "n", $1) }),
            ("db names", { lsmtx_db_named_snapshots($0, &made, $1) }),
            ("db history", { lsmtx_db_history($0, "k", 1, 0, .max, &made, $1) }),
            ("db flush", { lsmtx_db_flush($0, $1) }),
            ("db compact", { lsmtx_db_compact($0, nil, nil, nil, $1) }),
            ("db check", { lsmtx_db_check($0, nil, nil, &made, $1) }),
            ("db stats", { lsmtx_db_stats($0, &made, $1) }),
        ]
    }

    private static var snapshotCalls: [Call] {
        [
            ("snapshot open", { lsmtx_snapshot_open($0, nil, &made, $1) }),
            ("snapshot get", { lsmtx_snapshot_get($0, "k", 1, nil, 0, &length, $1) }),
            ("snapshot borrowed", { lsmtx_snapshot_get_borrowed($0, "k", 1, buffer, &pointer, &length, $1) }),
            ("snapshot many", { lsmtx_snapshot_get_many($0, nil, 0, buffer, nil, $1) }),
            ("snapshot close", { lsmtx_snapshot_close($0, $1) }),
            ("snapshot iter", { lsmtx_snapshot_iter($0, nil, 0, &made, $1) }),
        ]
    }

    private static var txnCalls: [Call] {
        [
            ("txn begin", { lsmtx_txn_begin($0, 0, nil, &made, $1) }),
            ("txn get", { lsmtx_txn_get($0, "k", 1, 0, nil, 0, &length, $1) }),
            ("txn borrowed", { lsmtx_txn_get_borrowed($0, "k", 1, 0, buffer, &pointer, &length, $1) }),
            ("txn many", { lsmtx_txn_get_many($0, nil, 0, 0, buffer, nil, $1) }),
            ("txn put", { lsmtx_txn_put($0, "k", 1, "", 0, $1) }),
            ("txn delete", { lsmtx_txn_delete($0, "k", 1, $1) }),
            ("txn delete range", { lsmtx_txn_delete_range($0, nil, $1) }),
            ("txn number", { lsmtx_txn_mutate_number($0, 1, "k", 1, 1, $1) }),
            ("txn bytes", { lsmtx_txn_mutate_bytes($0, 4, "k", 1, "", 0, $1) }),
            ("txn stamped value", { lsmtx_txn_put_versionstamped_value($0, "k", 1, "0123456789", 10, 0, $1) }),
            ("txn stamped key", { lsmtx_txn_put_versionstamped_key($0, "0123456789", 10, 0, "", 0, $1) }),
            ("txn conflict", { lsmtx_txn_add_read_conflict($0, "k", 1, $1) }),
            ("txn conflict range", { lsmtx_txn_add_read_conflict_range($0, nil, $1) }),
            ("txn savepoint", { lsmtx_txn_savepoint($0, &number, $1) }),
            ("txn rollback to", { lsmtx_txn_rollback_to_savepoint($0, 1, $1) }),
            ("txn release", { lsmtx_txn_release_savepoint($0, 1, $1) }),
            ("txn commit", { lsmtx_txn_commit($0, 0, nil, $1) }),
            ("txn rollback", { lsmtx_txn_rollback($0, $1) }),
            ("txn iter", { lsmtx_txn_iter($0, nil, 0, &made, $1) }),
        ]
    }

    private static var batchCalls: [Call] {
        [
            ("batch put", { lsmtx_batch_put($0, "k", 1, "", 0, $1) }),
            ("batch delete", { lsmtx_batch_delete($0, "k", 1, $1) }),
            ("batch range", { lsmtx_batch_delete_range($0, nil, $1) }),
            ("batch number", { lsmtx_batch_mutate_number($0, 1, "k", 1, 1, $1) }),
            ("batch bytes", { lsmtx_batch_mutate_bytes($0, 4, "k", 1, "", 0, $1) }),
            ("batch stamped value", { lsmtx_batch_put_versionstamped_value($0, "k", 1, "0123456789", 10, 0, $1) }),
            ("batch stamped key", { lsmtx_batch_put_versionstamped_key($0, "0123456789", 10, 0, "", 0, $1) }),
            ("batch clear", { lsmtx_batch_clear($0, $1) }),
        ]
    }

    private static var iterCalls: [Call] {
        [
            ("iter next", { lsmtx_iter_next($0, nil, nil, nil, nil, $1) }),
            ("iter prev", { lsmtx_iter_prev($0, nil, nil, nil, nil, $1) }),
            ("iter first", { lsmtx_iter_seek_first($0, $1) }),
            ("iter last", { lsmtx_iter_seek_last($0, $1) }),
            ("iter seek", { lsmtx_iter_seek($0, "k", 1, $1) }),
            ("iter next many", { lsmtx_iter_next_many($0, &entry, 1, 0, &length, $1) }),
            ("iter prev many", { lsmtx_iter_prev_many($0, &entry, 1, 0, &length, $1) }),
        ]
    }

    private static var namesCalls: [Call] {
        [
            ("names get", { lsmtx_names_get($0, 0, &name, $1) })
        ]
    }

    private static var historyCalls: [Call] {
        [
            ("history get", { lsmtx_history_get($0, 0, &version, $1) })
        ]
    }

    private static var reportCalls: [Call] {
        [
            ("report get", { lsmtx_report_get($0, &summary, $1) }),
            ("report finding", { lsmtx_report_finding($0, 0, &finding, $1) }),
        ]
    }

    private static var statsCalls: [Call] {
        [
            ("stats get", { lsmtx_stats_get($0, &stats, $1) }),
            ("stats level", { lsmtx_stats_level($0, 0, &level, $1) }),
            ("stats work", { lsmtx_stats_level_work($0, 0, &work, $1) }),
            ("stats stall", { lsmtx_stats_stall($0, 0, &stall, $1) }),
            ("stats damaged", { lsmtx_stats_damaged_table($0, 0, &table, $1) }),
        ]
    }

    /// Every call that takes a handle, with that handle and otherwise nothing that is of any use.
    private static var calls: [Call] {
        dbCalls + snapshotCalls + txnCalls + batchCalls + iterCalls + namesCalls + historyCalls + reportCalls
            + statsCalls
    }

    // What the calls write to, or would. Tests that use them run one at a time.
    nonisolated(unsafe) private static var length = 0
    nonisolated(unsafe) private static var number: UInt64 = 0
    nonisolated(unsafe) private static var time: Int64 = 0
    nonisolated(unsafe) private static var pointer: UnsafeRawPointer?
    nonisolated(unsafe) private static var made: OpaquePointer?
    nonisolated(unsafe) private static var buffer = lsmtx_buffer_create()
    nonisolated(unsafe) private static var entry = lsmtx_entry()
    nonisolated(unsafe) private static var retention = lsmtx_retention()
    nonisolated(unsafe) private static var name = lsmtx_named_snapshot()
    nonisolated(unsafe) private static var version = lsmtx_key_version()
    nonisolated(unsafe) private static var summary = lsmtx_report_summary()
    nonisolated(unsafe) private static var finding = lsmtx_finding()
    nonisolated(unsafe) private static var stats = lsmtx_stats_summary()
    nonisolated(unsafe) private static var level = lsmtx_level()
    nonisolated(unsafe) private static var work = lsmtx_level_work()
    nonisolated(unsafe) private static var stall = lsmtx_stall()
    nonisolated(unsafe) private static var table = lsmtx_damaged_table()

    /// Every handle that there is, with those of other types passed to every call, and nothing: each is refused.
    @Test func noHandleAndThoseOfOtherTypesAreRefused() throws {
        var error: OpaquePointer?
        #expect(lsmtx_db_flush(nil, &error) == C.misuse)
        let handles = [nil, lsmtx_buffer_create(), error]
        for handle in handles {
            for (name, call) in Self.calls {
                C.expectFailure(LSMTX_MISUSE, name) { call(handle, $0) }
                #expect(call(handle, nil) == C.misuse, "\(name)")
            }
        }
        #expect(Self.made == nil)
        for handle in handles {
            #expect(lsmtx_snapshot_timestamp(handle) == .max && lsmtx_txn_timestamp(handle) == .max)
            #expect(lsmtx_txn_attempt(handle) == 0)
            #expect(lsmtx_batch_count(handle) == 0 && lsmtx_batch_bytes(handle) == 0)
            #expect(lsmtx_names_count(handle) == 0 && lsmtx_history_count(handle) == 0)
            for free in [
                lsmtx_db_free, lsmtx_snapshot_free, lsmtx_txn_free, lsmtx_batch_free, lsmtx_iter_free, lsmtx_names_free,
                lsmtx_history_free, lsmtx_report_free, lsmtx_stats_free,
            ] {
                free(handle)
            }
        }
        #expect(C.text(lsmtx_error_message(handles[1])) == "")
        lsmtx_error_free(handles[1])
        lsmtx_buffer_free(handles[2])
        lsmtx_buffer_free(handles[1])
        lsmtx_error_free(error)
    }

    @Test func noPlaceForAResultIsRefused() throws {
        try C.withStore { db in
            C.put(db, "k", "v")
            var length = 0
            var value: UnsafeRawPointer?
            var bytes: [UInt8] = [0]
            let buffer = lsmtx_buffer_create()
            defer { lsmtx_buffer_free(buffer) }
            let calls: [(String, lsmtx_status)] = [
                ("get", lsmtx_db_get(db, "k", 1, &bytes, 1, nil, nil)),
                ("get to nothing", lsmtx_db_get(db, "k", 1, nil, 1, &length, nil)),
                ("get of nothing", lsmtx_db_get(db, nil, 1, &bytes, 1, &length, nil)),
                ("borrowed", lsmtx_db_get_borrowed(db, "k", 1, buffer, nil, &length, nil)),
                ("borrowed length", lsmtx_db_get_borrowed(db, "k", 1, buffer, &value, nil, nil)),
                ("borrowed buffer", lsmtx_db_get_borrowed(db, "k", 1, nil, &value, &length, nil)),
                ("snapshot", lsmtx_snapshot_open(db, nil, nil, nil)), ("txn", lsmtx_txn_begin(db, 0, nil, nil, nil)),
                ("iter", lsmtx_db_iter(db, nil, 0, nil, nil)), ("names", lsmtx_db_named_snapshots(db, nil, nil)),
                ("history", lsmtx_db_history(db, "k", 1, 0, 1, nil, nil)), ("stats", lsmtx_db_stats(db, nil, nil)),
                ("check", lsmtx_db_check(db, nil, nil, nil, nil)), ("timestamp", lsmtx_db_timestamp(db, nil, nil)),
                ("unix time", lsmtx_db_unix_time(db, 1, nil, nil)), ("retention", lsmtx_db_retention(db, nil, nil)),
                ("set retention", lsmtx_db_set_retention(db, nil, nil)),
                ("open", lsmtx_db_open(nil, nil, &Self.made, nil)), ("open to", lsmtx_db_open("p", nil, nil, nil)),
                ("in memory", lsmtx_db_open_in_memory(nil, nil, nil)),
                ("name", lsmtx_db_create_snapshot(db, nil, nil, nil, nil)),
                ("flags", lsmtx_db_iter(db, nil, UInt32(LSMTX_READ_UNGUARDED), &Self.made, nil)),
                ("durability", lsmtx_db_put(db, "k", 1, "", 0, 3, nil, nil)),
                ("not UTF-8", lsmtx_db_drop_snapshot(db, [CChar(bitPattern: 0xff), 0], nil)),
                ("label", lsmtx_txn_begin(db, 0, [CChar(bitPattern: 0xff), 0], &Self.made, nil)),
            ]
            for (name, status) in calls { #expect(status == C.misuse, "\(name)") }
            var range = lsmtx_range()
            range.upper_length = 3
            #expect(lsmtx_db_delete_range(db, &range, 0, nil, nil) == C.misuse)
            var point = lsmtx_point()
            point.kind = 9
            #expect(lsmtx_snapshot_open(db, &point, &Self.made, nil) == C.misuse)
            point.kind = Int32(LSMTX_POINT_NAMED)
            #expect(lsmtx_snapshot_open(db, &point, &Self.made, nil) == C.misuse)
            #expect(C.get(db, "k") == "v" && Self.made == nil)
        }
    }

    @Test func structuresOfUnknownSizesAreRefused() throws {
        var options = lsmtx_options()
        let size = MemoryLayout<lsmtx_options>.size
        #expect(lsmtx_options_init(nil, size) == C.misuse)
        for wrong in [0, size - 1, size + 8, .max] { #expect(lsmtx_options_init(&options, wrong) == C.misuse) }
        var db: OpaquePointer?
        C.expectFailure(LSMTX_MISUSE) { lsmtx_db_open_in_memory(&options, &db, $0) }
        #expect(lsmtx_options_init(&options, size) == C.ok)
        #expect(options.cache_bytes == 64 << 20 && options.create_if_missing == 1 && options.read_only == 0)
        for change in [
            { $0.memtable_bytes = 1 }, { $0.extent_bytes = 5000 }, { $0.max_transaction_bytes = 0 },
            { $0.cache_bytes = .max }, { $0.durability = 7 },
        ] as [(inout lsmtx_options) -> Void] {
            var changed = options
            change(&changed)
            if changed.cache_bytes == .max { changed.memtable_bytes = .max }
            C.expectFailure(LSMTX_MISUSE) { lsmtx_db_open_in_memory(&changed, &db, $0) }
        }
        #expect(db == nil)
        try C.withStore { db in
            var retention = lsmtx_retention()
            C.expectFailure(LSMTX_MISUSE) { lsmtx_db_retention(db, &retention, $0) }
            C.expectFailure(LSMTX_MISUSE) { lsmtx_db_set_retention(db, &retention, $0) }
            var stats: OpaquePointer?
            #expect(lsmtx_db_stats(db, &stats, nil) == C.ok)
            var level = lsmtx_level()
            C.expectFailure(LSMTX_MISUSE) { lsmtx_stats_level(stats, 0, &level, $0) }
            level.size = MemoryLayout<lsmtx_level>.size
            C.expectFailure(LSMTX_MISUSE) { lsmtx_stats_level(stats, 99, &level, $0) }
            C.expectFailure(LSMTX_MISUSE) { lsmtx_stats_level(stats, -1, &level, $0) }
            lsmtx_stats_free(stats)
        }
    }
}
