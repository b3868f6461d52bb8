import CLSMTx
import LSMTx
import LSMTxSimulation
import LSMTxTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Each failure that the header names, reached through the header's functions.
@Suite struct ErrorCodeTests {
    private static func open(
        _ path: String, readOnly: Bool = false, create: Bool = true,
        _ error: UnsafeMutablePointer<OpaquePointer?>
    ) -> lsmtx_status {
        var options = lsmtx_options()
        #expect(lsmtx_options_init(&options, MemoryLayout<lsmtx_options>.size) == C.ok)
        options.read_only = readOnly ? 1 : 0
        options.create_if_missing = create ? 1 : 0
        var db: OpaquePointer? = OpaquePointer(bitPattern: 8)
        let status = lsmtx_db_open(path, &options, &db, error)
        if status < 0 { #expect(db == nil) }
        lsmtx_db_free(db)
        return status
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let file = try #require(fopen(path, "w"))
        defer { fclose(file) }
        #expect(bytes.isEmpty || fwrite(bytes, 1, bytes.count, file) == bytes.count)
    }

    private static func read(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }

    @Test func filesThatAreNoStores() throws {
        try withTemporaryFolder { folder in
            C.expectFailure(LSMTX_NO_SUCH_FILE) { Self.open("\(folder)/none", create: false, $0) }
            try Self.write([], to: "\(folder)/empty")
            C.expectFailure(LSMTX_NOT_A_DATABASE) { Self.open("\(folder)/empty", $0) }
            C.expectFailure(LSMTX_NOT_A_DATABASE) { Self.open(folder, $0) }
            var none: OpaquePointer?
            #expect(Self.open("\(folder)/store", &none) == C.ok)
            let good = try Self.read("\(folder)/store")
            var bytes = good
            for offset in Superblock.slotOffsets { bytes[Int(offset) + Superblock.magic.count] = 9 }
            try Self.write(bytes, to: "\(folder)/newer")
            C.expectFailure(LSMTX_UNSUPPORTED_FORMAT) { Self.open("\(folder)/newer", $0) }
            bytes = good
            for offset in Superblock.slotOffsets { bytes[Int(offset) + 100] ^= 1 }
            try Self.write(bytes, to: "\(folder)/damaged")
            C.expectFailure(LSMTX_CORRUPT) { error in
                let status = Self.open("\(folder)/damaged", error)
                #expect(C.text(lsmtx_error_path(error.pointee)) == "\(folder)/damaged")
                #expect(C.text(lsmtx_error_structure(error.pointee)) != "NULL")
                #expect(C.text(lsmtx_error_description(error.pointee)).contains("damaged"))
                return status
            }
            C.expectFailure(LSMTX_MISUSE) { error in
                let status = Self.open("\(folder)/\(String(repeating: "n", count: 300))", error)
                #expect(lsmtx_error_errno(error.pointee) == ENAMETOOLONG)
                return status
            }
        }
    }

    @Test func aSecondHandleAndAReader() throws {
        try withTemporaryFolder { folder in
            var db: OpaquePointer?
            #expect(lsmtx_db_open("\(folder)/store", nil, &db, nil) == C.ok)
            C.expectFailure(LSMTX_LOCKED) { Self.open("\(folder)/store", $0) }
            #expect(lsmtx_db_close(db, nil) == C.ok)
            #expect(lsmtx_db_close(db, nil) == C.ok)
            C.expectFailure(LSMTX_CLOSED) { lsmtx_db_flush(db, $0) }
            lsmtx_db_free(db)
            var options = lsmtx_options()
            #expect(lsmtx_options_init(&options, MemoryLayout<lsmtx_options>.size) == C.ok)
            options.read_only = 1
            #expect(lsmtx_db_open("\(folder)/store", &options, &db, nil) == C.ok)
            C.expectFailure(LSMTX_READ_ONLY) { lsmtx_db_put(db, "k", 1, "v", 1, 0, nil, $0) }
            var txn: OpaquePointer? = OpaquePointer(bitPattern: 8)
            C.expectFailure(LSMTX_READ_ONLY) { lsmtx_txn_begin(db, 0, nil, &txn, $0) }
            #expect(txn == nil)
            lsmtx_db_free(db)
        }
    }

    @Test func thePast() throws {
        let db = try C.store(on: MemoryDevice()) { $0.hasBackgroundThreads = false }
        defer { lsmtx_db_free(db) }
        C.put(db, "k", "1")
        C.put(db, "k", "2")
        var snapshot: OpaquePointer?
        var point = lsmtx_point()
        point.kind = Int32(LSMTX_POINT_TIMESTAMP)
        point.timestamp = 1
        C.expectFailure(LSMTX_SNAPSHOT_TOO_OLD) { lsmtx_snapshot_open(db, &point, &snapshot, $0) }
        "nobody".withCString { name in
            point.kind = Int32(LSMTX_POINT_NAMED)
            point.name = name
            C.expectFailure(LSMTX_NO_SUCH_SNAPSHOT) { lsmtx_snapshot_open(db, &point, &snapshot, $0) }
        }
        C.expectFailure(LSMTX_NO_SUCH_SNAPSHOT) { lsmtx_db_drop_snapshot(db, "nobody", $0) }
        #expect(snapshot == nil)
    }

    @Test func conflictsAndSizes() throws {
        try C.withStore { db in
            var txn: OpaquePointer?
            #expect(lsmtx_txn_begin(db, Int32(LSMTX_SERIALIZABLE), "mine", &txn, nil) == C.ok)
            var length = 7
            #expect(lsmtx_txn_get(txn, "k", 1, 0, nil, 0, &length, nil) == C.absent)
            #expect(length == 0)
            #expect(lsmtx_txn_put(txn, "other", 5, "", 0, nil) == C.ok)
            C.put(db, "k", "v")
            C.expectFailure(LSMTX_CONFLICT) { error in
                let status = lsmtx_txn_commit(txn, 0, nil, error)
                Self.checkConflict(error.pointee)
                return status
            }
            C.expectFailure(LSMTX_CLOSED) { lsmtx_txn_commit(txn, 0, nil, $0) }
            lsmtx_txn_free(txn)
            let long = [UInt8](repeating: 1, count: Int(LSMTX_MAX_KEY_BYTES) + 1)
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_db_put(db, long, long.count, "v", 1, 0, nil, $0) }
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_db_put(db, "k", 1, long, Int.max, 0, nil, $0) }
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_db_put(db, "k", 1, long, -1, 0, nil, $0) }
            C.expectFailure(LSMTX_MISUSE) { lsmtx_db_put(db, "k", 1, nil, 1, 0, nil, $0) }
        }
    }

    private static func checkConflict(_ error: OpaquePointer?) {
        var conflict = lsmtx_conflict()
        #expect(lsmtx_error_conflict(error, &conflict) == 0, "without a size")
        conflict.size = MemoryLayout<lsmtx_conflict>.size
        #expect(lsmtx_error_conflict(error, &conflict) == 1)
        #expect(lsmtx_error_conflict(error, nil) == 0)
        #expect(lsmtx_error_conflict(nil, &conflict) == 0)
        #expect(C.bytes(conflict.key.data, conflict.key.length) == "k")
        #expect(C.bytes(conflict.lower.data, conflict.lower.length) == "k")
        #expect(C.bytes(conflict.upper.data, conflict.upper.length) == "k\0")
        #expect(Int(conflict.access) == LSMTX_ACCESS_READ)
        #expect(conflict.began < conflict.committed_at)
        #expect(C.text(conflict.label) == "mine")
        #expect(conflict.other_label == nil)
        var lower = lsmtx_slice()
        var upper = lsmtx_slice()
        #expect(lsmtx_error_keys(error, &lower, &upper) == 1)
        #expect(C.bytes(lower.data, lower.length) == "k")
        #expect(lsmtx_error_keys(error, nil, &upper) == 0)
        #expect(lsmtx_error_is_retryable(error) == 1)
        #expect(lsmtx_error_offset(error) == .max)
        #expect(lsmtx_error_errno(error) == 0)
        #expect(lsmtx_error_path(error) == nil && lsmtx_error_structure(error) == nil)
    }

    @Test func noErrorHasNothingToSay() {
        #expect(lsmtx_error_status(nil) == C.ok && C.text(lsmtx_error_message(nil)) == "")
        #expect(C.text(lsmtx_error_description(nil)) == "" && C.text(lsmtx_error_remedy(nil)) == "")
        #expect(lsmtx_error_path(nil) == nil && lsmtx_error_structure(nil) == nil)
        #expect(lsmtx_error_offset(nil) == .max && lsmtx_error_errno(nil) == 0)
        #expect(lsmtx_error_is_retryable(nil) == 0)
        var lower = lsmtx_slice()
        var upper = lsmtx_slice()
        #expect(lsmtx_error_keys(nil, &lower, &upper) == 0)
        lsmtx_error_free(nil)
    }

    @Test func devicesThatFail() throws {
        let disk = CrashDevice()
        let device = FaultDevice(disk)
        let db = try C.store(on: device)
        let large = [UInt8](repeating: 1, count: 100_000)
        device.setFault(.init(.reserve, call: 0, .failure(.diskFull)))
        C.expectFailure(LSMTX_DISK_FULL) { lsmtx_db_put(db, "k", 1, large, large.count, 0, nil, $0) }
        device.setFault(nil)
        C.put(db, "k", "v")
        device.setFault(.init(.writeDurably, call: 0, isSticky: true, .failureHalfway(.io)))
        C.expectFailure(LSMTX_OUTCOME_UNKNOWN) { lsmtx_db_put(db, "k", 1, "v", 1, 0, nil, $0) }
        C.expectFailure(LSMTX_POISONED) { lsmtx_db_put(db, "k", 1, "v", 1, 0, nil, $0) }
        var error: OpaquePointer?
        #expect(lsmtx_db_close(db, &error) < 0)
        lsmtx_error_free(error)
        lsmtx_db_free(db)
    }

    @Test func aDeviceThatCannotWriteALargeValue() throws {
        let device = FaultDevice(CrashDevice())
        let db = try C.store(on: device)
        let large = [UInt8](repeating: 1, count: 100_000)
        device.setFault(.init(.reserve, call: 0, .failure(.io)))
        C.expectFailure(LSMTX_IO) { lsmtx_db_put(db, "k", 1, large, large.count, 0, nil, $0) }
        lsmtx_db_free(db)
    }

    @Test func whatTheCallerAsksFor() throws {
        try C.withStore { db in
            C.put(db, "k", "v")
            C.expectFailure(LSMTX_INTERRUPTED) { error in
                lsmtx_db_compact(db, nil, { _, _, _ in 1 }, nil, error)
            }
            C.expectFailure(LSMTX_MISUSE) { lsmtx_txn_begin(db, 99, nil, nil, $0) }
        }
    }

    @Test func aHandleIsRefusedInAChild() async throws {
        await #expect(processExitsWith: .success) {
            var db: OpaquePointer?
            #expect(lsmtx_db_open_in_memory(nil, &db, nil) == C.ok)
            let child = fork()
            if child == 0 {
                _exit(lsmtx_db_put(db, "k", 1, "v", 1, 0, nil, nil) == LSMTX_FORKED_HANDLE ? 0 : 1)
            }
            var status: Int32 = -1
            #expect(waitpid(child, &status, 0) == child && status == 0)
            lsmtx_db_free(db)
        }
        // What the child's parent cannot look at is looked at here.
        try C.withStore { db in
            C.expectFailure(LSMTX_FORKED_HANDLE) { error in
                lsmtx_db_run(db, nil, { _, _, _ in lsmtx_status(LSMTX_FORKED_HANDLE) }, nil, nil, error)
            }
        }
    }
}
