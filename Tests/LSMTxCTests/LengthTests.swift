import CLSMTx
import LSMTxTestSupport
import Testing

/// Lengths that no memory has: what they are said of is not looked at.
@Suite struct LengthTests {
    /// The last two are negative as Swift has them.
    private static let lengths = [1 << 31, 1 << 40, Int.max, Int.min, -1]

    @Test(arguments: lengths) func keysThatAreTooLongHaveNoValue(_ length: Int) throws {
        try C.withStore { db in
            var snapshot: OpaquePointer?
            check(lsmtx_snapshot_open(db, nil, &snapshot, nil) == C.ok)
            var txn: OpaquePointer?
            check(lsmtx_txn_begin(db, Int32(LSMTX_SERIALIZABLE), nil, &txn, nil) == C.ok)
            let buffer = lsmtx_buffer_create()
            defer {
                lsmtx_buffer_free(buffer)
                lsmtx_snapshot_free(snapshot)
                lsmtx_txn_free(txn)
            }
            var memory: [UInt8] = [1, 2]
            var count = 7
            var value: UnsafeRawPointer?
            check(lsmtx_db_get(db, "a", length, &memory, 2, &count, nil) == C.absent)
            check(lsmtx_snapshot_get(snapshot, "a", length, &memory, 2, &count, nil) == C.absent)
            check(lsmtx_txn_get(txn, "a", length, 0, &memory, 2, &count, nil) == C.absent)
            check(lsmtx_db_get_borrowed(db, "a", length, buffer, &value, &count, nil) == C.absent)
            check(lsmtx_snapshot_get_borrowed(snapshot, "a", length, buffer, &value, &count, nil) == C.absent)
            check(lsmtx_txn_get_borrowed(txn, "a", length, 0, buffer, &value, &count, nil) == C.absent)
            check(lsmtx_txn_add_read_conflict(txn, "a", length, nil) == C.ok)
            C.expectFailure(LSMTX_MISUSE) { lsmtx_db_get(db, nil, length, &memory, 2, &count, $0) }

            "a".withCString { text in
                let keys = [lsmtx_slice(data: text, length: length), lsmtx_slice(data: text, length: 1)]
                var values = [lsmtx_slice](repeating: lsmtx_slice(data: text, length: 1), count: 2)
                check(lsmtx_snapshot_get_many(snapshot, keys, 2, buffer, &values, nil) == C.ok)
                check(values.allSatisfy { $0.data == nil && $0.length == 0 })
                check(lsmtx_txn_get_many(txn, keys, 2, 0, buffer, &values, nil) == C.ok)
                var history: OpaquePointer?
                check(lsmtx_db_history(db, text, length, 0, .max, &history, nil) == C.ok)
                check(lsmtx_history_count(history) == 0)
                lsmtx_history_free(history)
            }
        }
    }

    @Test(arguments: lengths) func boundsThatAreTooLongAreNotWritten(_ length: Int) throws {
        try C.withStore { db in
            var txn: OpaquePointer?
            check(lsmtx_txn_begin(db, Int32(LSMTX_SERIALIZABLE), nil, &txn, nil) == C.ok)
            let batch = lsmtx_batch_create()
            defer {
                lsmtx_batch_free(batch)
                lsmtx_txn_free(txn)
            }
            "a".withCString { text in
                for place in 0..<3 {
                    var range = lsmtx_range()
                    switch place {
                    case 0: (range.lower, range.lower_length) = (UnsafeRawPointer(text), length)
                    case 1: (range.upper, range.upper_length) = (UnsafeRawPointer(text), length)
                    default: (range.prefix, range.prefix_length) = (UnsafeRawPointer(text), length)
                    }
                    C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_db_delete_range(db, &range, 0, nil, $0) }
                    C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_txn_delete_range(txn, &range, $0) }
                    C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_batch_delete_range(batch, &range, $0) }
                }
            }
            check(lsmtx_batch_count(batch) == 0)
        }
    }

    @Test(arguments: lengths) func whatIsTooLongIsNotWritten(_ length: Int) throws {
        try C.withStore { db in
            var txn: OpaquePointer?
            check(lsmtx_txn_begin(db, Int32(LSMTX_SERIALIZABLE), nil, &txn, nil) == C.ok)
            let batch = lsmtx_batch_create()
            defer {
                lsmtx_batch_free(batch)
                lsmtx_txn_free(txn)
            }
            let or = Int32(LSMTX_OR)
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_db_put(db, "a", length, "v", 1, 0, nil, $0) }
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_db_put(db, "a", 1, "v", length, 0, nil, $0) }
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_db_delete(db, "a", length, 0, nil, $0) }
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_txn_put(txn, "a", length, "v", 1, $0) }
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_txn_put(txn, "a", 1, "v", length, $0) }
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_txn_delete(txn, "a", length, $0) }
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_txn_mutate_bytes(txn, or, "a", 1, "v", length, $0) }
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_txn_mutate_bytes(txn, or, "a", length, "v", 1, $0) }
            C.expectFailure(LSMTX_TOO_LARGE) {
                lsmtx_txn_put_versionstamped_value(txn, "a", 1, "v", length, 0, $0)
            }
            C.expectFailure(LSMTX_TOO_LARGE) {
                lsmtx_txn_put_versionstamped_key(txn, "a", length, 0, "v", 1, $0)
            }
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_batch_put(batch, "a", length, "v", 1, $0) }
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_batch_put(batch, "a", 1, "v", length, $0) }
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_batch_delete(batch, "a", length, $0) }
            C.expectFailure(LSMTX_TOO_LARGE) { lsmtx_batch_mutate_bytes(batch, or, "a", 1, "v", length, $0) }
            C.expectFailure(LSMTX_TOO_LARGE) {
                lsmtx_batch_put_versionstamped_value(batch, "a", 1, "v", length, 0, $0)
            }
            C.expectFailure(LSMTX_TOO_LARGE) {
                lsmtx_batch_put_versionstamped_key(batch, "a", length, 0, "v", 1, $0)
            }
            check(lsmtx_batch_count(batch) == 0)
        }
    }

    /// No key can have more than its first bytes in common with what is longer than any.
    @Test func boundsAndPlacesAreComparedAsFarAsKeysGo() throws {
        try C.withStore { db in
            let longest = [UInt8](repeating: 7, count: Int(LSMTX_MAX_KEY_BYTES))
            check(lsmtx_db_put(db, longest, longest.count, "v", 1, 0, nil, nil) == C.ok)
            C.put(db, "z", "v")
            let longer = [UInt8](repeating: 7, count: longest.count + 100_000)
            var iter: OpaquePointer?
            check(lsmtx_db_iter(db, nil, 0, &iter, nil) == C.ok)
            var length = 0
            check(lsmtx_iter_seek(iter, longer, longer.count, nil) == C.ok)
            check(lsmtx_iter_next(iter, nil, &length, nil, nil, nil) == C.ok)
            check(length == 1)
            check(lsmtx_iter_seek(iter, longer, longer.count, nil) == C.ok)
            check(lsmtx_iter_prev(iter, nil, &length, nil, nil, nil) == C.ok)
            check(length == longest.count)
            lsmtx_iter_free(iter)
            longer.withUnsafeBytes { bytes in
                for (range, expected) in [
                    (
                        lsmtx_range(
                            lower: bytes.baseAddress, lower_length: bytes.count, upper: nil, upper_length: 0,
                            prefix: nil,
                            prefix_length: 0), 1
                    ),
                    (
                        lsmtx_range(
                            lower: nil, lower_length: 0, upper: bytes.baseAddress, upper_length: bytes.count,
                            prefix: nil,
                            prefix_length: 0), 1
                    ),
                    (
                        lsmtx_range(
                            lower: nil, lower_length: 0, upper: nil, upper_length: 0, prefix: bytes.baseAddress,
                            prefix_length: bytes.count), 0
                    ),
                ] {
                    var range = range
                    var found: OpaquePointer?
                    check(lsmtx_db_iter(db, &range, 0, &found, nil) == C.ok)
                    check(C.entries(found, lsmtx_iter_next).count == expected)
                    lsmtx_iter_free(found)
                }
            }
        }
    }

    @Test func nothingIsLentForAKeyWithoutAValue() throws {
        try C.withStore { db in
            C.put(db, "a", "1")
            let buffer = lsmtx_buffer_create()
            defer { lsmtx_buffer_free(buffer) }
            var value: UnsafeRawPointer?
            var count = 0
            check(lsmtx_db_get_borrowed(db, "a", 1, buffer, &value, &count, nil) == C.ok)
            check(value != nil && count == 1)
            check(lsmtx_db_get_borrowed(db, "b", 1, buffer, &value, &count, nil) == C.absent)
            check(value == nil && count == 0)
        }
    }
}
