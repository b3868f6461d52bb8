import CLSMTx
import Testing

@Suite struct ReadWriteTests {
    @Test func valuesArePutReadAndDeleted() throws {
        try C.withStore { db in
            var committed: UInt64 = 0
            #expect(lsmtx_db_put(db, "a", 1, "one", 3, Int32(LSMTX_DURABILITY_BUFFERED), &committed, nil) == C.ok)
            #expect(committed == 1)
            #expect(C.get(db, "a") == "one")
            #expect(lsmtx_db_put(db, nil, 0, nil, 0, Int32(LSMTX_DURABILITY_SYNC), &committed, nil) == C.ok)
            #expect(C.get(db, "") == "")
            #expect(lsmtx_db_delete(db, "a", 1, 0, &committed, nil) == C.ok)
            #expect(committed == 3 && C.get(db, "a") == nil)
            var range = lsmtx_range()
            #expect(lsmtx_db_delete_range(db, &range, 0, nil, nil) == C.ok)
            #expect(C.get(db, "") == nil)
            #expect(lsmtx_db_delete_range(db, nil, 0, nil, nil) == C.ok)
        }
    }

    @Test func aBufferThatIsTooSmallIsLeftAlone() throws {
        try C.withStore { db in
            C.put(db, "k", "value")
            for size in 0...6 {
                var memory = [UInt8](repeating: 1, count: 6)
                var length = 0
                let status =
                    size == 0
                    ? lsmtx_db_get(db, "k", 1, nil, size, &length, nil)
                    : lsmtx_db_get(db, "k", 1, &memory, size, &length, nil)
                #expect(status == (size < 5 ? C.tooSmall : C.ok) && length == 5)
                #expect(memory == (size < 5 ? [1, 1, 1, 1, 1, 1] : Array("value\u{1}".utf8)))
            }
        }
    }

    /// The sizes around the place on the stack, the first capacity of a buffer, and what lives outside of the tables.
    @Test func aBorrowedValueStaysUntilItsBufferIsUsedAgain() throws {
        let first = lsmtx_buffer_create()
        let second = lsmtx_buffer_create()
        defer {
            lsmtx_buffer_free(first)
            lsmtx_buffer_free(second)
        }
        var value: UnsafeRawPointer?
        var other: UnsafeRawPointer?
        var length = 0
        var otherLength = 0
        let sizes = [0, 1, 255, 256, 257, 4_000, 65_536, 65_537, 300_000]
        try C.withStore { db in
            for size in sizes {
                let bytes = [UInt8](repeating: UInt8(size % 251), count: size)
                #expect(lsmtx_db_put(db, "\(size)", "\(size)".utf8.count, bytes, size, 0, nil, nil) == C.ok)
            }
            for size in sizes {
                let key = "\(size)"
                #expect(lsmtx_db_get_borrowed(db, key, key.utf8.count, first, &value, &length, nil) == C.ok)
                #expect(lsmtx_db_delete(db, key, key.utf8.count, 0, nil, nil) == C.ok)
                #expect(lsmtx_db_get_borrowed(db, key, key.utf8.count, second, &other, &otherLength, nil) == C.absent)
                #expect(value != nil && length == size)
                let lent = UnsafeRawBufferPointer(start: value, count: length)
                #expect(lent.allSatisfy { $0 == UInt8(size % 251) })
            }
            C.put(db, "last", "word")
            #expect(lsmtx_db_get_borrowed(db, "last", 4, first, &value, &length, nil) == C.ok)
        }
        // Also after the database was freed.
        #expect(C.bytes(value, length) == "word")
    }

    @Test func aSnapshotShowsOneState() throws {
        try C.withStore { db in
            C.put(db, "k", "before")
            var snapshot: OpaquePointer?
            #expect(lsmtx_snapshot_open(db, nil, &snapshot, nil) == C.ok)
            C.put(db, "k", "after")
            #expect(lsmtx_snapshot_timestamp(snapshot) == 1)
            var memory = [UInt8](repeating: 0, count: 10)
            var length = 0
            #expect(lsmtx_snapshot_get(snapshot, "k", 1, &memory, 10, &length, nil) == C.ok)
            #expect(String(decoding: memory[..<length], as: UTF8.self) == "before")
            let buffer = lsmtx_buffer_create()
            var value: UnsafeRawPointer?
            #expect(lsmtx_snapshot_get_borrowed(snapshot, "k", 1, buffer, &value, &length, nil) == C.ok)
            var iter: OpaquePointer?
            #expect(lsmtx_snapshot_iter(snapshot, nil, 0, &iter, nil) == C.ok)
            #expect(lsmtx_snapshot_close(snapshot, nil) == C.ok)
            #expect(lsmtx_snapshot_get(snapshot, "k", 1, &memory, 10, &length, nil) == C.closed)
            #expect(lsmtx_snapshot_timestamp(snapshot) == 1)
            lsmtx_snapshot_free(snapshot)
            #expect(C.bytes(value, 6) == "before")
            #expect(C.entries(iter, lsmtx_iter_next) == ["k=before"])
            lsmtx_iter_free(iter)
            lsmtx_buffer_free(buffer)
        }
    }

    @Test func manyKeysAreReadAtOnce() throws {
        try C.withStore { db in
            for number in 0..<100 where number % 3 != 0 {
                C.put(db, "k\(number)", number == 1 ? "" : String(repeating: "v", count: number))
            }
            let keys = (0..<100).map { Array("k\($0)".utf8) }
            let memory = keys.flatMap { $0 }
            let buffer = lsmtx_buffer_create()
            defer { lsmtx_buffer_free(buffer) }
            var snapshot: OpaquePointer?
            var txn: OpaquePointer?
            #expect(lsmtx_snapshot_open(db, nil, &snapshot, nil) == C.ok)
            #expect(lsmtx_txn_begin(db, Int32(LSMTX_READ_COMMITTED), nil, &txn, nil) == C.ok)
            #expect(lsmtx_txn_put(txn, "k2", 2, "own", 3, nil) == C.ok)
            memory.withUnsafeBytes { memory in
                var offset = 0
                let slices = keys.map { key in
                    defer { offset += key.count }
                    return lsmtx_slice(data: memory.baseAddress! + offset, length: key.count)
                }
                var values = [lsmtx_slice](repeating: lsmtx_slice(), count: 100)
                #expect(lsmtx_snapshot_get_many(snapshot, slices, 100, buffer, &values, nil) == C.ok)
                for (number, value) in values.enumerated() {
                    #expect((value.data == nil) == (number % 3 == 0))
                    #expect(value.length == (number % 3 == 0 || number == 1 ? 0 : number))
                    #expect(C.bytes(value.data, value.length).allSatisfy { $0 == "v" })
                }
                #expect(lsmtx_txn_get_many(txn, slices, 100, 0, buffer, &values, nil) == C.ok)
                #expect(C.bytes(values[2].data, values[2].length) == "own")
                #expect(values[99].data == nil && values[98].length == 98)
                #expect(lsmtx_txn_get_many(txn, slices, 100, 99, buffer, &values, nil) == C.misuse)
                #expect(lsmtx_txn_get_many(txn, nil, 0, 1, buffer, nil, nil) == C.ok)
                #expect(lsmtx_txn_get_many(txn, nil, 1, 0, buffer, &values, nil) == C.misuse)
                #expect(lsmtx_txn_get_many(txn, slices, 1, 0, buffer, nil, nil) == C.misuse)
                #expect(lsmtx_txn_get_many(txn, slices, .max, 0, buffer, &values, nil) == C.misuse)
            }
            lsmtx_txn_free(txn)
            lsmtx_snapshot_free(snapshot)
        }
    }

    @Test func aBatchIsCommittedAsAWhole() throws {
        let batch = lsmtx_batch_create()
        defer { lsmtx_batch_free(batch) }
        var range = lsmtx_range()
        let prefix = Array("old/".utf8)
        let stamped = Array("e/".utf8) + [UInt8](repeating: 0, count: 10)
        #expect(lsmtx_batch_put(batch, "a", 1, "1", 1, nil) == C.ok)
        #expect(lsmtx_batch_delete(batch, "gone", 4, nil) == C.ok)
        prefix.withUnsafeBytes { prefix in
            range.prefix = prefix.baseAddress
            range.prefix_length = prefix.count
            #expect(lsmtx_batch_delete_range(batch, &range, nil) == C.ok)
        }
        #expect(lsmtx_batch_mutate_number(batch, Int32(LSMTX_ADD), "n", 1, 5, nil) == C.ok)
        #expect(lsmtx_batch_mutate_bytes(batch, Int32(LSMTX_SET_IF_ABSENT), "s", 1, "first", 5, nil) == C.ok)
        #expect(lsmtx_batch_put_versionstamped_key(batch, stamped, 12, 2, "event", 5, nil) == C.ok)
        #expect(lsmtx_batch_put_versionstamped_value(batch, "v", 1, stamped, 12, 2, nil) == C.ok)
        #expect(lsmtx_batch_count(batch) == 7 && lsmtx_batch_bytes(batch) > 50)
        let long = [UInt8](repeating: 0, count: 70_000)
        #expect(lsmtx_batch_put(batch, long, long.count, "", 0, nil) == LSMTX_TOO_LARGE)
        #expect(lsmtx_batch_put(batch, "k", 1, long, (1 << 30) + 1, nil) == LSMTX_TOO_LARGE)
        #expect(lsmtx_batch_mutate_bytes(batch, Int32(LSMTX_OR), "k", 1, long, long.count, nil) == LSMTX_TOO_LARGE)
        #expect(lsmtx_batch_mutate_bytes(batch, Int32(LSMTX_ADD), "k", 1, long, 1, nil) == C.misuse)
        #expect(lsmtx_batch_mutate_number(batch, Int32(LSMTX_OR), "k", 1, 1, nil) == C.misuse)
        #expect(lsmtx_batch_put_versionstamped_key(batch, stamped, 12, 3, "", 0, nil) == C.misuse)
        #expect(lsmtx_batch_put_versionstamped_value(batch, "v", 1, stamped, 12, -1, nil) == C.misuse)
        #expect(lsmtx_batch_count(batch) == 7)
        try C.withStore { db in
            for key in ["gone", "old/1", "old/2", "older"] { C.put(db, key, "x") }
            for round in 1...2 {
                var committed: UInt64 = 0
                #expect(lsmtx_db_write(db, batch, 0, &committed, nil) == C.ok)
                #expect(committed == 4 + UInt64(round))
                var memory = [UInt8](repeating: 0, count: 12)
                var length = 0
                #expect(lsmtx_db_get(db, "n", 1, &memory, 12, &length, nil) == C.ok)
                #expect(length == 8 && memory[0] == UInt8(5 * round))
                var stamp = [UInt8](repeating: 9, count: 10)
                lsmtx_versionstamp(committed, &stamp)
                #expect(lsmtx_db_get(db, "v", 1, &memory, 12, &length, nil) == C.ok)
                #expect(memory == Array("e/".utf8) + stamp)
                #expect(lsmtx_db_get(db, memory, 12, &memory, 12, &length, nil) == C.ok && length == 5)
            }
            #expect(C.get(db, "a") == "1" && C.get(db, "s") == "first" && C.get(db, "older") == "x")
            #expect(C.get(db, "gone") == nil && C.get(db, "old/1") == nil)
            #expect(lsmtx_batch_clear(batch, nil) == C.ok)
            #expect(lsmtx_batch_count(batch) == 0 && lsmtx_batch_bytes(batch) == 0)
            #expect(lsmtx_db_write(db, batch, 0, nil, nil) == C.ok)
        }
        lsmtx_versionstamp(1, nil)
    }
}
