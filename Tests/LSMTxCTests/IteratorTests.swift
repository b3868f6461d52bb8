import CLSMTx
import LSMTx
import LSMTxSimulation
import Testing

@Suite struct IteratorTests {
    private static func range<R>(
        lower: String? = nil, upper: String? = nil, prefix: String = "", _ body: (inout lsmtx_range) -> R
    ) -> R {
        let texts = [lower ?? "", upper ?? "", prefix].map { Array($0.utf8) }
        return texts[0].withUnsafeBytes { low in
            texts[1].withUnsafeBytes { high in
                texts[2].withUnsafeBytes { prefix in
                    var range = lsmtx_range()
                    range.lower = low.baseAddress
                    range.lower_length = low.count
                    range.upper = upper == nil ? nil : high.baseAddress ?? UnsafeRawPointer(bitPattern: 8)
                    range.upper_length = high.count
                    range.prefix = prefix.baseAddress
                    range.prefix_length = prefix.count
                    return body(&range)
                }
            }
        }
    }

    private static func keys(_ db: OpaquePointer, lower: String? = nil, upper: String? = nil, prefix: String = "")
        -> String
    {
        range(lower: lower, upper: upper, prefix: prefix) { range in
            var iter: OpaquePointer?
            #expect(lsmtx_db_iter(db, &range, 0, &iter, nil) == C.ok)
            defer { lsmtx_iter_free(iter) }
            return C.entries(iter, lsmtx_iter_next).map { String($0.prefix { $0 != "=" }) }.joined(separator: " ")
        }
    }

    @Test func aRangeIsWhatBoundsAndPrefixHaveInCommon() throws {
        try C.withStore { db in
            for key in ["", "a", "ab", "abc", "ac", "b", "\u{7f}"] { C.put(db, key, "") }
            #expect(Self.keys(db) == " a ab abc ac b \u{7f}")
            #expect(Self.keys(db, lower: "ab", upper: "b") == "ab abc ac")
            #expect(Self.keys(db, prefix: "ab") == "ab abc")
            #expect(Self.keys(db, lower: "abc", prefix: "a") == "abc ac")
            #expect(Self.keys(db, upper: "ac", prefix: "a") == "a ab abc")
            #expect(Self.keys(db, lower: "x", prefix: "a") == "")
            #expect(Self.keys(db, lower: "b", upper: "a") == "")
            #expect(Self.keys(db, upper: "") == "")
            #expect(Self.keys(db, upper: "z", prefix: "a") == "a ab abc ac")
        }
    }

    @Test func itTurnsAndSeeks() throws {
        try C.withStore { db in
            for key in ["b", "d", "f"] { C.put(db, key, key) }
            var iter: OpaquePointer?
            #expect(lsmtx_db_iter(db, nil, 0, &iter, nil) == C.ok)
            defer { lsmtx_iter_free(iter) }
            var key: UnsafeRawPointer?
            var length = 0
            func next() -> String? {
                lsmtx_iter_next(iter, &key, &length, nil, nil, nil) == C.ok ? C.bytes(key, length) : nil
            }
            func previous() -> String? {
                lsmtx_iter_prev(iter, &key, &length, nil, nil, nil) == C.ok ? C.bytes(key, length) : nil
            }
            func seek(_ key: String) { #expect(lsmtx_iter_seek(iter, key, key.utf8.count, nil) == C.ok) }
            #expect(previous() == nil && next() == "b" && next() == "d" && previous() == "b" && next() == "d")
            #expect(next() == "f" && next() == nil && next() == nil && previous() == "f" && previous() == "d")
            seek("c")
            #expect(next() == "d")
            seek("c")
            #expect(previous() == "b" && previous() == nil && previous() == nil && next() == "b")
            seek("d")
            #expect(next() == "d" && previous() == "b")
            seek("d")
            #expect(previous() == "b")
            seek("z")
            #expect(next() == nil && previous() == "f")
            seek("")
            #expect(previous() == nil && next() == "b")
            #expect(lsmtx_iter_seek_last(iter, nil) == C.ok && previous() == "f")
            #expect(lsmtx_iter_seek_last(iter, nil) == C.ok && next() == nil && previous() == "f")
            #expect(lsmtx_iter_seek_first(iter, nil) == C.ok && next() == "b")
        }
    }

    @Test func severalEntriesComeInOnePiece() throws {
        try C.withStore { db in
            for number in 0..<250 { C.put(db, "k\(1000 + number)", String(repeating: "v", count: number % 7)) }
            for flags in [0, LSMTX_ITER_KEYS_ONLY] {
                var iter: OpaquePointer?
                #expect(lsmtx_db_iter(db, nil, UInt32(flags), &iter, nil) == C.ok)
                var entries = [lsmtx_entry](repeating: lsmtx_entry(), count: 100)
                var count = 0
                var seen: [String] = []
                while lsmtx_iter_next_many(iter, &entries, 100, 0, &count, nil) == C.ok {
                    var place = entries[0].key!
                    for entry in entries[..<count] {
                        #expect(entry.key == place)
                        place += entry.key_length
                        #expect(entry.value == (flags == 0 ? place : nil))
                        place += entry.value_length
                        seen.append(C.bytes(entry.key, entry.key_length))
                        #expect(entry.value_length == (flags == 0 ? (seen.count - 1) % 7 : 0))
                    }
                }
                #expect(count == 0 && seen == (0..<250).map { "k\(1000 + $0)" })
                seen = []
                // As few as one at a time, whatever the limit.
                while lsmtx_iter_prev_many(iter, &entries, 100, 1, &count, nil) == C.ok {
                    #expect(count == 1)
                    seen.append(C.bytes(entries[0].key, entries[0].key_length))
                }
                #expect(seen == (0..<250).reversed().map { "k\(1000 + $0)" })
                #expect(lsmtx_iter_next_many(iter, &entries, 0, 0, &count, nil) == C.misuse)
                #expect(lsmtx_iter_next_many(iter, nil, 1, 0, &count, nil) == C.misuse)
                #expect(lsmtx_iter_next_many(iter, &entries, 1, 0, nil, nil) == C.misuse)
                lsmtx_iter_free(iter)
            }
        }
    }

    @Test func largeValuesAreReadWhenTheyAreWanted() throws {
        try C.withStore { db in
            let large = [UInt8](repeating: 7, count: 200_000)
            #expect(lsmtx_db_put(db, "a", 1, large, large.count, 0, nil, nil) == C.ok)
            C.put(db, "b", "small")
            var iter: OpaquePointer?
            #expect(lsmtx_db_iter(db, nil, 0, &iter, nil) == C.ok)
            var key: UnsafeRawPointer?
            var value: UnsafeRawPointer?
            var keyLength = 0
            var length = 0
            #expect(lsmtx_iter_next(iter, &key, &keyLength, &value, &length, nil) == C.ok)
            #expect(length == 200_000)
            #expect(UnsafeRawBufferPointer(start: value, count: length).allSatisfy { $0 == 7 })
            #expect(lsmtx_iter_next(iter, &key, &keyLength, &value, &length, nil) == C.ok)
            #expect(C.bytes(value, length) == "small")
            lsmtx_iter_free(iter)
            #expect(lsmtx_db_iter(db, nil, UInt32(LSMTX_ITER_KEYS_ONLY), &iter, nil) == C.ok)
            #expect(lsmtx_iter_next(iter, &key, &keyLength, &value, &length, nil) == C.ok)
            #expect(value == nil && length == 0)
            lsmtx_iter_free(iter)
        }
    }

    @Test func itOutlivesItsTransactionAndNotTheDatabase() throws {
        var iter: OpaquePointer?
        try C.withStore { db in
            C.put(db, "a", "1")
            C.put(db, "b", "2")
            var txn: OpaquePointer?
            #expect(lsmtx_txn_begin(db, 0, nil, &txn, nil) == C.ok)
            #expect(lsmtx_txn_put(txn, "aa", 2, "own", 3, nil) == C.ok)
            #expect(lsmtx_txn_iter(txn, nil, 0, &iter, nil) == C.ok)
            #expect(lsmtx_txn_delete(txn, "b", 1, nil) == C.ok)
            lsmtx_txn_free(txn)
            #expect(C.entries(iter, lsmtx_iter_next) == ["a=1", "aa=own", "b=2"])
            #expect(C.entries(iter, lsmtx_iter_prev) == ["b=2", "aa=own", "a=1"])
        }
        #expect(lsmtx_iter_next(iter, nil, nil, nil, nil, nil) == C.closed)
        lsmtx_iter_free(iter)
    }

    @Test func aFailureStaysUntilTheNextSeek() throws {
        let device = FaultDevice(MemoryDevice())
        let db = try C.store(on: device) { $0.cacheBytes = 0 }
        defer { lsmtx_db_free(db) }
        for number in 0..<500 { C.put(db, "k\(1000 + number)", String(repeating: "v", count: 100)) }
        #expect(lsmtx_db_flush(db, nil) == C.ok)
        var iter: OpaquePointer?
        #expect(lsmtx_db_iter(db, nil, 0, &iter, nil) == C.ok)
        #expect(lsmtx_iter_next(iter, nil, nil, nil, nil, nil) == C.ok)
        device.setFault(.init(.read, call: 0, isSticky: true, .failure(.io)))
        var entries = [lsmtx_entry](repeating: lsmtx_entry(), count: 1000)
        var count = 0
        #expect(lsmtx_iter_next_many(iter, &entries, 1000, 0, &count, nil) == LSMTX_IO)
        try #require(count > 0 && count < 499)
        #expect(C.bytes(entries[count - 1].key, 5) == "k\(1000 + count)")
        let before = count + 1
        C.expectFailure(LSMTX_IO) { lsmtx_iter_next(iter, nil, nil, nil, nil, $0) }
        C.expectFailure(LSMTX_IO) { lsmtx_iter_prev(iter, nil, nil, nil, nil, $0) }
        device.setFault(nil)
        C.expectFailure(LSMTX_IO) { lsmtx_iter_next(iter, nil, nil, nil, nil, $0) }
        #expect(lsmtx_iter_seek(iter, "k\(1000 + before)", 5, nil) == C.ok)
        #expect(C.entries(iter, lsmtx_iter_next).count == 500 - before)
        lsmtx_iter_free(iter)
    }
}
