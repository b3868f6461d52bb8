#if Peers
import CLevelDB
import Foundation

extension Engine {
    static func levelDB(cacheBytes: Int, memtableBytes: Int) -> Engine {
        let facts = EngineFacts(
            name: "leveldb", title: "LevelDB",
            settings: [
                "write buffer \(memtableBytes >> 20) MiB, cache \(cacheBytes >> 20) MiB, Bloom filter of 10 bits a key",
                "no compression", "WriteOptions.sync off, or on in the synced rows",
                "flushed by compacting the whole range: its C interface has no other way",
            ],
            buffered: .process, isolation: .none,
            lacks: [
                (Row.allTransactions, "LevelDB has no transactions."),
                (Row.allMutations, "LevelDB has no operation that adds to a value."),
                ([.lend], "LevelDB's get only copies."),
                ([.erase], "LevelDB has no range deletion."),
            ])
        return Engine(facts: facts) { folder, isSynced in
            let store = try LevelDBStore(
                folder, cacheBytes: cacheBytes, memtableBytes: memtableBytes, isSynced: isSynced)
            return Store(
                version: "\(leveldb_major_version()).\(leveldb_minor_version())",
                session: { LevelDBSession(store).session },
                flush: { leveldb_compact_range(store.database, nil, 0, nil, 0) },
                flushCompacts: true,
                compact: { leveldb_compact_range(store.database, nil, 0, nil, 0) },
                close: { store.close() })
        }
    }
}

/// The handles of an open store.
private final class LevelDBStore: @unchecked Sendable {
    // @unchecked: the handles are fixed from the opening to the closing, and the library locks behind them.
    let database: OpaquePointer
    let reading = leveldb_readoptions_create()
    let writing = leveldb_writeoptions_create()
    private let options = leveldb_options_create()
    private let cache: OpaquePointer
    private let filter = leveldb_filterpolicy_create_bloom(10)

    init(_ folder: String, cacheBytes: Int, memtableBytes: Int, isSynced: Bool) throws {
        cache = leveldb_cache_create_lru(cacheBytes)
        leveldb_options_set_create_if_missing(options, 1)
        leveldb_options_set_write_buffer_size(options, memtableBytes)
        leveldb_options_set_cache(options, cache)
        leveldb_options_set_filter_policy(options, filter)
        leveldb_options_set_compression(options, 0)
        leveldb_writeoptions_set_sync(writing, isSynced ? 1 : 0)
        var error: UnsafeMutablePointer<CChar>?
        let opened = leveldb_open(options, folder, &error)
        try Self.check(error)
        guard let opened else { throw Failure("LevelDB: not opened") }
        database = opened
    }

    func close() {
        leveldb_close(database)
        leveldb_options_destroy(options)
        leveldb_cache_destroy(cache)
        leveldb_filterpolicy_destroy(filter)
        leveldb_readoptions_destroy(reading)
        leveldb_writeoptions_destroy(writing)
    }

    @inline(__always)
    static func check(_ error: UnsafeMutablePointer<CChar>?) throws {
        if let error {
            defer { leveldb_free(error) }
            throw Failure("LevelDB: \(String(cString: error))")
        }
    }
}

private final class LevelDBSession {
    private let store: LevelDBStore
    /// Made by the first scan: an iterator sees the store as it was then.
    private var iterator: OpaquePointer?

    init(_ store: LevelDBStore) { self.store = store }

    deinit { dropIterator() }

    var session: Session {
        Session(
            get: { key, body in try self.get(key, body) },
            getNewest: { key, body in try self.get(key, body) },
            scan: { start, isReverse, body in try self.scan(start, isReverse, body) },
            put: { key, value in try self.put(key, value) })
    }

    private func get(_ key: Key, _ body: (UnsafeRawBufferPointer) -> Void) throws -> Bool {
        var error: UnsafeMutablePointer<CChar>?
        var count = 0
        let value = key.withPointer {
            leveldb_get(store.database, store.reading, $0, Key.byteCount, &count, &error)
        }
        try LevelDBStore.check(error)
        guard let value else { return false }
        body(UnsafeRawBufferPointer(start: value, count: count))
        leveldb_free(value)
        return true
    }

    private func put(_ key: Key, _ value: Value) throws {
        dropIterator()
        var error: UnsafeMutablePointer<CChar>?
        key.withPointer { key in
            value.withPointer {
                leveldb_put(store.database, store.writing, key, Key.byteCount, $0, Value.byteCount, &error)
            }
        }
        try LevelDBStore.check(error)
    }

    private func scan(
        _ start: Key?, _ isReverse: Bool, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool
    ) throws {
        let iterator = self.iterator ?? leveldb_create_iterator(store.database, store.reading)
        guard let iterator else { throw Failure("LevelDB: no iterator") }
        self.iterator = iterator
        if let start {
            start.withPointer { leveldb_iter_seek(iterator, $0, Key.byteCount) }
        } else if isReverse {
            leveldb_iter_seek_to_last(iterator)
        } else {
            leveldb_iter_seek_to_first(iterator)
        }
        while leveldb_iter_valid(iterator) != 0 {
            var keyCount = 0
            var valueCount = 0
            let key = leveldb_iter_key(iterator, &keyCount)
            let value = leveldb_iter_value(iterator, &valueCount)
            let goesOn = body(
                UnsafeRawBufferPointer(start: key, count: keyCount),
                UnsafeRawBufferPointer(start: value, count: valueCount))
            guard goesOn else { break }
            if isReverse { leveldb_iter_prev(iterator) } else { leveldb_iter_next(iterator) }
        }
        var error: UnsafeMutablePointer<CChar>?
        leveldb_iter_get_error(iterator, &error)
        try LevelDBStore.check(error)
    }

    private func dropIterator() {
        if let iterator { leveldb_iter_destroy(iterator) }
        iterator = nil
    }
}
#endif
