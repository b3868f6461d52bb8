#if Peers
import CLMDB
import Foundation

extension Engine {
    static func lmdb() -> Engine {
        let facts = EngineFacts(
            name: "lmdb", title: "LMDB",
            settings: [
                "map of \(LMDBStore.mapBytes >> 30) GiB, MDB_NOTLS; the system's page cache is its cache",
                "MDB_NOSYNC without WRITEMAP, or its default in the synced rows: fdatasync, then a durable meta page",
                "reads in a transaction held by each thread; newest values after a renewal",
            ],
            buffered: .process, isolation: .serializable,
            lacks: [
                (Row.allMutations, "LMDB has no operation that adds to a value."),
                ([.compact], "LMDB compacts only into a copy."),
                ([.erase], "LMDB's one writer shuts others out while it deletes."),
            ])
        return Engine(facts: facts) { folder, isSynced in
            let store = try LMDBStore(folder, isSynced: isSynced)
            return Store(
                version: String(cString: mdb_version(nil, nil, nil)).split(separator: " ").dropFirst().first
                    .map { String($0.filter { $0 != ":" }) } ?? "unknown",
                session: { LMDBSession(store).session },
                flush: { try LMDBStore.check(mdb_env_sync(store.environment, 1)) },
                close: { mdb_env_close(store.environment) })
        }
    }
}

/// The handles of an open store.
private final class LMDBStore: @unchecked Sendable {
    // @unchecked: the handles are fixed from the opening to the closing, and the library locks behind them.
    static let mapBytes = 16 << 30
    let environment: OpaquePointer
    let table: MDB_dbi

    init(_ folder: String, isSynced: Bool) throws {
        var made: OpaquePointer?
        try Self.check(mdb_env_create(&made))
        guard let made else { throw Failure("LMDB: no environment") }
        environment = made
        try Self.check(mdb_env_set_mapsize(made, Self.mapBytes))
        // A reading transaction is then bound to its session, not to the thread.
        let flags = UInt32(MDB_NOTLS) | (isSynced ? 0 : UInt32(MDB_NOSYNC))
        try Self.check(mdb_env_open(made, folder, flags, 0o600))
        var transaction: OpaquePointer?
        try Self.check(mdb_txn_begin(made, nil, 0, &transaction))
        var opened: MDB_dbi = 0
        try Self.check(mdb_dbi_open(transaction, nil, 0, &opened))
        try Self.check(mdb_txn_commit(transaction))
        table = opened
    }

    @inline(__always)
    static func check(_ status: Int32) throws {
        guard status == MDB_SUCCESS else { throw Failure("LMDB: \(String(cString: mdb_strerror(status)))") }
    }
}

private final class LMDBSession {
    private let store: LMDBStore
    private let buffer = ValueBuffer()
    /// Reads as of the first reading after the last commit of this session.
    private var held: OpaquePointer?
    private var isHeld = false
    private var cursor: OpaquePointer?
    /// Renewed for each reading of a newest value.
    private var fresh: OpaquePointer?

    init(_ store: LMDBStore) { self.store = store }

    deinit {
        if let cursor { mdb_cursor_close(cursor) }
        if let held { mdb_txn_abort(held) }
        if let fresh { mdb_txn_abort(fresh) }
    }

    var session: Session {
        Session(
            get: { key, body in
                try self.read(key, in: try self.hold()) { body(try self.buffer.copy($0)) }
            },
            lend: { key, body in try self.read(key, in: try self.hold()) { body($0) } },
            getNewest: { key, body in try self.getNewest(key, body) },
            scan: { start, isReverse, body in try self.scan(start, isReverse, body) },
            put: { key, value in
                _ = try self.transact { transaction in
                    try self.write(key, value, in: transaction)
                    return true
                }
            },
            modify: { key, body in
                try self.transact { transaction in
                    var value: Value?
                    guard try self.read(key, in: transaction, { value = body($0) }), let value else { return false }
                    try self.write(key, value, in: transaction)
                    return true
                }
            },
            transfer: { from, to, body in
                try self.transact { transaction in
                    var values: (Value, Value)?
                    let isThere = try self.read(from, in: transaction) { source in
                        _ = try self.read(to, in: transaction) { values = body(source, $0) }
                    }
                    guard isThere, let (less, more) = values else { return false }
                    try self.write(from, less, in: transaction)
                    try self.write(to, more, in: transaction)
                    return true
                }
            })
    }

    /// The held transaction, begun or renewed if it has to be.
    @inline(__always)
    private func hold() throws -> OpaquePointer? {
        if isHeld { return held }
        if let held {
            try LMDBStore.check(mdb_txn_renew(held))
        } else {
            try LMDBStore.check(mdb_txn_begin(store.environment, nil, UInt32(MDB_RDONLY), &held))
        }
        isHeld = true
        if let cursor { try LMDBStore.check(mdb_cursor_renew(held, cursor)) }
        return held
    }

    private func letGo() {
        if isHeld { mdb_txn_reset(held) }
        isHeld = false
    }

    @inline(__always)
    private func read(
        _ key: Key, in transaction: OpaquePointer?, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        try withUnsafeBytes(of: key) { bytes in
            var wanted = MDB_val(
                mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            var found = MDB_val()
            let status = mdb_get(transaction, store.table, &wanted, &found)
            if status == MDB_NOTFOUND { return false }
            try LMDBStore.check(status)
            try body(UnsafeRawBufferPointer(start: found.mv_data, count: found.mv_size))
            return true
        }
    }

    private func getNewest(_ key: Key, _ body: (UnsafeRawBufferPointer) -> Void) throws -> Bool {
        if let fresh {
            try LMDBStore.check(mdb_txn_renew(fresh))
        } else {
            try LMDBStore.check(mdb_txn_begin(store.environment, nil, UInt32(MDB_RDONLY), &fresh))
        }
        defer { mdb_txn_reset(fresh) }
        return try read(key, in: fresh) { body(try buffer.copy($0)) }
    }

    private func write(_ key: Key, _ value: Value, in transaction: OpaquePointer?) throws {
        try key.withPointer { key in
            try value.withPointer { value in
                var name = MDB_val(mv_size: Key.byteCount, mv_data: UnsafeMutableRawPointer(mutating: key))
                var data = MDB_val(mv_size: Value.byteCount, mv_data: UnsafeMutableRawPointer(mutating: value))
                try LMDBStore.check(mdb_put(transaction, store.table, &name, &data, 0))
            }
        }
    }

    /// - Returns: 1, for there is one writer at a time and nothing to repeat; 0 when `body` returned `false`.
    private func transact(_ body: (_ transaction: OpaquePointer?) throws -> Bool) throws -> Int {
        letGo()
        var transaction: OpaquePointer?
        try LMDBStore.check(mdb_txn_begin(store.environment, nil, 0, &transaction))
        do {
            guard try body(transaction) else {
                mdb_txn_abort(transaction)
                return 0
            }
        } catch {
            mdb_txn_abort(transaction)
            throw error
        }
        try LMDBStore.check(mdb_txn_commit(transaction))
        return 1
    }

    private func scan(
        _ start: Key?, _ isReverse: Bool, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool
    ) throws {
        let transaction = try hold()
        if cursor == nil { try LMDBStore.check(mdb_cursor_open(transaction, store.table, &cursor)) }
        var key = MDB_val()
        var value = MDB_val()
        var status: Int32
        if let start {
            status = withUnsafeBytes(of: start) { bytes in
                key = MDB_val(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
                return mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)
            }
        } else {
            status = mdb_cursor_get(cursor, &key, &value, isReverse ? MDB_LAST : MDB_FIRST)
        }
        let step = isReverse ? MDB_PREV : MDB_NEXT
        while status == MDB_SUCCESS {
            let goesOn = body(
                UnsafeRawBufferPointer(start: key.mv_data, count: key.mv_size),
                UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size))
            guard goesOn else { return }
            status = mdb_cursor_get(cursor, &key, &value, step)
        }
        guard status == MDB_NOTFOUND else { return try LMDBStore.check(status) }
    }
}
#endif
