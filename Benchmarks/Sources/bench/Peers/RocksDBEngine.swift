#if Peers
import CRocksDB
import Foundation

extension Engine {
    static func rocksDB(cacheBytes: Int, memtableBytes: Int) -> Engine {
        let facts = EngineFacts(
            name: "rocksdb", title: "RocksDB",
            settings: [
                "OptimisticTransactionDB; plain puts and gets through its base database",
                "memtable \(memtableBytes >> 20) MiB, block cache \(cacheBytes >> 20) MiB, "
                    + "Bloom filter of 10 bits a key",
                "dynamic level sizes, 2 background jobs",
                "log files not recycled: RocksDB turns that off under its default mode of recovery",
                "no compression", "WriteOptions.sync off, or on in the synced rows",
                "transactions read by GetForUpdate, so that what was read is validated",
            ],
            buffered: .process, isolation: .serializable,
            lacks: [([.erase], "RocksDB's transactions have no range deletion.")])
        return Engine(facts: facts) { folder, isSynced in
            let store = try RocksDBStore(
                folder, cacheBytes: cacheBytes, memtableBytes: memtableBytes, isSynced: isSynced)
            return Store(
                version: RocksDBStore.version(folder),
                session: { RocksDBSession(store).session },
                flush: { try store.flush() },
                compact: { rocksdb_compact_range(store.database, nil, 0, nil, 0) },
                close: { store.close() })
        }
    }
}

/// The handles of an open store.
private final class RocksDBStore: @unchecked Sendable {
    // @unchecked: the handles are fixed from the opening to the closing, and the library locks behind them.
    let transactions: OpaquePointer
    let database: OpaquePointer
    let reading = rocksdb_readoptions_create()
    let writing = rocksdb_writeoptions_create()
    let optimistic = rocksdb_optimistictransaction_options_create()
    private let options = rocksdb_options_create()

    init(_ folder: String, cacheBytes: Int, memtableBytes: Int, isSynced: Bool) throws {
        let cache = rocksdb_cache_create_lru(cacheBytes)
        let table = rocksdb_block_based_options_create()
        rocksdb_block_based_options_set_block_cache(table, cache)
        rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10))
        rocksdb_options_set_block_based_table_factory(options, table)
        rocksdb_options_set_create_if_missing(options, 1)
        rocksdb_options_set_write_buffer_size(options, memtableBytes)
        rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1)
        rocksdb_options_set_max_background_jobs(options, 2)
        rocksdb_options_set_compression(options, Int32(rocksdb_no_compression))
        rocksdb_options_set_uint64add_merge_operator(options)
        rocksdb_writeoptions_set_sync(writing, isSynced ? 1 : 0)
        // The options keep what they need of these two.
        rocksdb_block_based_options_destroy(table)
        rocksdb_cache_destroy(cache)
        var error: UnsafeMutablePointer<CChar>?
        let opened = rocksdb_optimistictransactiondb_open(options, folder, &error)
        try Self.check(error)
        guard let opened, let base = rocksdb_optimistictransactiondb_get_base_db(opened) else {
            throw Failure("RocksDB: not opened")
        }
        transactions = opened
        database = base
    }

    /// Writes the memtable to a table, and waits until no compaction is under way or due.
    func flush() throws {
        let options = rocksdb_flushoptions_create()
        defer { rocksdb_flushoptions_destroy(options) }
        rocksdb_flushoptions_set_wait(options, 1)
        var error: UnsafeMutablePointer<CChar>?
        rocksdb_flush(database, options, &error)
        try Self.check(error)
        let busy = ["rocksdb.compaction-pending", "rocksdb.num-running-compactions", "rocksdb.num-running-flushes"]
        while busy.contains(where: { number($0) > 0 }) { usleep(10_000) }
    }

    private func number(_ property: String) -> UInt64 {
        var value: UInt64 = 0
        return rocksdb_property_int(database, property, &value) == 0 ? value : 0
    }

    func close() {
        rocksdb_optimistictransactiondb_close_base_db(database)
        rocksdb_optimistictransactiondb_close(transactions)
        rocksdb_options_destroy(options)
        rocksdb_readoptions_destroy(reading)
        rocksdb_writeoptions_destroy(writing)
        rocksdb_optimistictransaction_options_destroy(optimistic)
    }

    @inline(__always)
    static func check(_ error: UnsafeMutablePointer<CChar>?) throws {
        if let error {
            defer { rocksdb_free(error) }
            throw Failure("RocksDB: \(String(cString: error))")
        }
    }

    /// Whether a commit lost against another one, or could not tell any more whether it did.
    static func isConflict(_ error: UnsafeMutablePointer<CChar>) throws -> Bool {
        let text = String(cString: error)
        guard text.hasPrefix("Resource busy") || text.contains("Try again") else { try check(error); return false }
        rocksdb_free(error)
        return true
    }

    /// The C interface does not tell its version, but every store's file of options does.
    static func version(_ folder: String) -> String {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasPrefix("OPTIONS-") {
            let text = try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)
            let line = text?.split(separator: "\n").first { $0.contains("rocksdb_version=") }
            if let version = line?.split(separator: "=").last { return String(version) }
        }
        return "unknown"
    }
}

private final class RocksDBSession {
    private let store: RocksDBStore
    private let buffer = ValueBuffer()
    /// Made by the first scan: an iterator sees the store as it was then.
    private var iterator: OpaquePointer?
    /// Used again by each transaction.
    private var transaction: OpaquePointer?

    init(_ store: RocksDBStore) { self.store = store }

    deinit {
        dropIterator()
        if let transaction { rocksdb_transaction_destroy(transaction) }
    }

    var session: Session {
        Session(
            get: { key, body in try self.get(key, body) },
            lend: { key, body in try self.lend(key, body) },
            getNewest: { key, body in try self.get(key, body) },
            scan: { start, isReverse, body in try self.scan(start, isReverse, body) },
            put: { key, value in try self.put(key, value) },
            modify: { key, body in
                try self.transact { transaction in
                    guard let old = try self.read(key, in: transaction) else { return false }
                    let value = old.withUnsafeBytes(body)
                    try self.write(key, value, in: transaction)
                    return true
                }
            },
            transfer: { from, to, body in
                try self.transact { transaction in
                    guard let source = try self.read(from, in: transaction),
                        let target = try self.read(to, in: transaction)
                    else { return false }
                    let (less, more) = source.withUnsafeBytes { source in target.withUnsafeBytes { body(source, $0) } }
                    try self.write(from, less, in: transaction)
                    try self.write(to, more, in: transaction)
                    return true
                }
            },
            mutate: { key, number in try self.mutate(key, number) })
    }

    /// A value held in place until it is released.
    private struct Pinned: ~Copyable {
        private let slice: OpaquePointer

        init(_ slice: OpaquePointer) { self.slice = slice }

        deinit { rocksdb_pinnableslice_destroy(slice) }

        @inline(__always)
        func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
            var count = 0
            let start = rocksdb_pinnableslice_value(slice, &count)
            return try body(UnsafeRawBufferPointer(start: start, count: count))
        }
    }

    @inline(__always)
    private func pin(_ key: Key) throws -> Pinned? {
        var error: UnsafeMutablePointer<CChar>?
        let slice = key.withPointer {
            rocksdb_get_pinned(store.database, store.reading, $0, Key.byteCount, &error)
        }
        try RocksDBStore.check(error)
        guard let slice else { return nil }
        return Pinned(slice)
    }

    private func lend(_ key: Key, _ body: (UnsafeRawBufferPointer) -> Void) throws -> Bool {
        guard let pinned = try pin(key) else { return false }
        pinned.withUnsafeBytes(body)
        return true
    }

    private func get(_ key: Key, _ body: (UnsafeRawBufferPointer) -> Void) throws -> Bool {
        guard let pinned = try pin(key) else { return false }
        body(try pinned.withUnsafeBytes { try buffer.copy($0) })
        return true
    }

    private func put(_ key: Key, _ value: Value) throws {
        dropIterator()
        var error: UnsafeMutablePointer<CChar>?
        key.withPointer { key in
            value.withPointer {
                rocksdb_put(store.database, store.writing, key, Key.byteCount, $0, Value.byteCount, &error)
            }
        }
        try RocksDBStore.check(error)
    }

    private func mutate(_ key: Key, _ number: Int64) throws {
        dropIterator()
        var error: UnsafeMutablePointer<CChar>?
        key.withPointer { key in
            withUnsafeBytes(of: number.littleEndian) {
                let operand = $0.baseAddress!.assumingMemoryBound(to: CChar.self)
                rocksdb_merge(store.database, store.writing, key, Key.byteCount, operand, $0.count, &error)
            }
        }
        try RocksDBStore.check(error)
    }

    private func scan(
        _ start: Key?, _ isReverse: Bool, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool
    ) throws {
        let iterator = self.iterator ?? rocksdb_create_iterator(store.database, store.reading)
        guard let iterator else { throw Failure("RocksDB: no iterator") }
        self.iterator = iterator
        if let start {
            start.withPointer { rocksdb_iter_seek(iterator, $0, Key.byteCount) }
        } else if isReverse {
            rocksdb_iter_seek_to_last(iterator)
        } else {
            rocksdb_iter_seek_to_first(iterator)
        }
        while rocksdb_iter_valid(iterator) != 0 {
            var keyCount = 0
            var valueCount = 0
            let key = rocksdb_iter_key(iterator, &keyCount)
            let value = rocksdb_iter_value(iterator, &valueCount)
            let goesOn = body(
                UnsafeRawBufferPointer(start: key, count: keyCount),
                UnsafeRawBufferPointer(start: value, count: valueCount))
            guard goesOn else { break }
            if isReverse { rocksdb_iter_prev(iterator) } else { rocksdb_iter_next(iterator) }
        }
        var error: UnsafeMutablePointer<CChar>?
        rocksdb_iter_get_error(iterator, &error)
        try RocksDBStore.check(error)
    }

    private func dropIterator() {
        if let iterator { rocksdb_iter_destroy(iterator) }
        iterator = nil
    }

    // MARK: Transactions

    /// - Returns: How many attempts it took; 0 when `body` returned `false`.
    private func transact(_ body: (_ transaction: OpaquePointer) throws -> Bool) throws -> Int {
        dropIterator()
        var attempt = 1
        while true {
            let begun = rocksdb_optimistictransaction_begin(
                store.transactions, store.writing, store.optimistic, transaction)
            guard let begun else { throw Failure("RocksDB: no transaction") }
            transaction = begun
            var error: UnsafeMutablePointer<CChar>?
            guard try body(begun) else {
                rocksdb_transaction_rollback(begun, &error)
                try RocksDBStore.check(error)
                return 0
            }
            rocksdb_transaction_commit(begun, &error)
            guard let error, try RocksDBStore.isConflict(error) else { return attempt }
            pause(afterAttempt: attempt)
            attempt += 1
        }
    }

    private func read(_ key: Key, in transaction: OpaquePointer) throws -> Pinned? {
        var error: UnsafeMutablePointer<CChar>?
        let slice = key.withPointer {
            rocksdb_transaction_get_pinned_for_update(
                transaction, store.reading, $0, Key.byteCount, 1, &error)
        }
        try RocksDBStore.check(error)
        guard let slice else { return nil }
        return Pinned(slice)
    }

    private func write(_ key: Key, _ value: Value, in transaction: OpaquePointer) throws {
        var error: UnsafeMutablePointer<CChar>?
        key.withPointer { key in
            value.withPointer { rocksdb_transaction_put(transaction, key, Key.byteCount, $0, Value.byteCount, &error) }
        }
        try RocksDBStore.check(error)
    }
}
#endif
