#if Peers
import CSQLite
import Foundation

extension Engine {
    static func sqlite(cacheBytes: Int, memtableBytes: Int) -> Engine {
        let facts = EngineFacts(
            name: "sqlite", title: "SQLite",
            settings: [
                "one table WITHOUT ROWID, prepared statements, one connection a thread",
                "cache \(cacheBytes >> 20) MiB for each connection, WAL with a checkpoint each "
                    + "\(memtableBytes >> 20) MiB",
                "synchronous OFF, or FULL in the synced rows", "reads in a transaction held by each thread",
                "transactions by BEGIN IMMEDIATE, waiting for the lock in steps that grow to 0.5 ms",
            ],
            buffered: .process, isolation: .serializable,
            lacks: [
                (Row.allMutations, "SQLite has no operation that adds to a value of bytes."),
                ([.erase], "SQLite's one writer shuts others out while it deletes."),
            ])
        return Engine(facts: facts) { folder, isSynced in
            let settings = SQLiteSettings(
                path: folder + "/store.sqlite", cacheBytes: cacheBytes, checkpointBytes: memtableBytes,
                isSynced: isSynced)
            // Held open until the close: the last connection to go deletes the log.
            let main = try SQLiteConnection(settings)
            return Store(
                version: String(cString: sqlite3_libversion()),
                session: { try SQLiteSession(settings).session },
                flush: { try main.execute("PRAGMA wal_checkpoint(TRUNCATE)") },
                compact: {
                    try main.execute("VACUUM")
                    try main.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                },
                close: { try main.close() })
        }
    }
}

private struct SQLiteSettings: Sendable {
    let path: String
    let cacheBytes: Int
    let checkpointBytes: Int
    let isSynced: Bool

    var pragmas: String {
        """
        PRAGMA journal_mode = WAL; PRAGMA synchronous = \(isSynced ? "FULL" : "OFF");
        PRAGMA cache_size = -\(cacheBytes >> 10); PRAGMA wal_autocheckpoint = \(checkpointBytes / 4_096);
        CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
        """
    }
}

private final class SQLiteConnection: @unchecked Sendable {
    // @unchecked: used by one thread at a time.
    private(set) var handle: OpaquePointer?

    init(_ settings: SQLiteSettings) throws {
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        try check(sqlite3_open_v2(settings.path, &handle, flags, nil))
        let waiting: @convention(c) (UnsafeMutableRawPointer?, Int32) -> Int32 = { _, count in
            if count < 4 { sched_yield() } else { usleep(min(UInt32(count) * 10, 500)) }
            return 1
        }
        sqlite3_busy_handler(handle, waiting, nil)
        try execute(settings.pragmas)
    }

    deinit { sqlite3_close_v2(handle) }

    func close() throws {
        try check(sqlite3_close(handle))
        handle = nil
    }

    func execute(_ text: String) throws { try check(sqlite3_exec(handle, text, nil, nil, nil)) }

    func prepare(_ text: String) throws -> SQLiteStatement {
        var statement: OpaquePointer?
        try check(sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
        return SQLiteStatement(statement, of: self)
    }

    @inline(__always)
    func check(_ status: Int32) throws {
        guard status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW else {
            throw Failure("SQLite: \(String(cString: sqlite3_errmsg(handle)))")
        }
    }
}

private final class SQLiteStatement {
    private let handle: OpaquePointer?
    private let connection: SQLiteConnection

    init(_ handle: OpaquePointer?, of connection: SQLiteConnection) {
        self.handle = handle
        self.connection = connection
    }

    deinit { sqlite3_finalize(handle) }

    @inline(__always)
    func bind(_ place: Int32, _ bytes: UnsafeRawPointer, _ count: Int) throws {
        // No destructor: the bytes outlive the steps.
        try connection.check(sqlite3_bind_blob(handle, place, bytes, Int32(count), nil))
    }

    /// - Returns: Whether there is a row.
    @inline(__always)
    func step() throws -> Bool {
        let status = sqlite3_step(handle)
        if status == SQLITE_ROW { return true }
        guard status == SQLITE_DONE else {
            sqlite3_reset(handle)
            throw Failure("SQLite: \(String(cString: sqlite3_errmsg(connection.handle)))")
        }
        return false
    }

    @inline(__always)
    func column(_ place: Int32) -> UnsafeRawBufferPointer {
        let bytes = sqlite3_column_blob(handle, place)
        return UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, place)))
    }

    @inline(__always)
    func reset() { sqlite3_reset(handle) }

    @inline(__always)
    func run() throws {
        _ = try step()
        reset()
    }
}

private final class SQLiteSession {
    private let connection: SQLiteConnection
    private let buffer = ValueBuffer()
    private let select: SQLiteStatement
    private let insert: SQLiteStatement
    private let forwards: SQLiteStatement
    private let backwards: SQLiteStatement
    private let beginReading: SQLiteStatement
    private let beginWriting: SQLiteStatement
    private let commit: SQLiteStatement
    /// Reading is one transaction from the first reading after the last commit of this session.
    private var isReading = false

    init(_ settings: SQLiteSettings) throws {
        connection = try SQLiteConnection(settings)
        select = try connection.prepare("SELECT value FROM entries WHERE key = ?1")
        insert = try connection.prepare("INSERT OR REPLACE INTO entries VALUES (?1, ?2)")
        forwards = try connection.prepare("SELECT key, value FROM entries WHERE key >= ?1 ORDER BY key")
        backwards = try connection.prepare("SELECT key, value FROM entries ORDER BY key DESC")
        beginReading = try connection.prepare("BEGIN")
        beginWriting = try connection.prepare("BEGIN IMMEDIATE")
        commit = try connection.prepare("COMMIT")
    }

    deinit { try? letGo() }

    var session: Session {
        Session(
            get: { key, body in
                try self.hold()
                return try self.read(key) { body(try self.buffer.copy($0)) }
            },
            lend: { key, body in
                try self.hold()
                return try self.read(key) { body($0) }
            },
            getNewest: { key, body in
                try self.letGo()
                return try self.read(key) { body(try self.buffer.copy($0)) }
            },
            scan: { start, isReverse, body in try self.scan(start, isReverse, body) },
            put: { key, value in
                try self.letGo()
                try self.write(key, value)
            },
            modify: { key, body in
                try self.transact {
                    var value: Value?
                    guard try self.read(key, { value = body($0) }), let value else { return false }
                    try self.write(key, value)
                    return true
                }
            },
            transfer: { from, to, body in
                try self.transact {
                    var source: [UInt8] = []
                    var values: (Value, Value)?
                    // One prepared statement reads both, so the first value is copied.
                    guard try self.read(from, { source = [UInt8]($0) }),
                        try self.read(to, { target in values = source.withUnsafeBytes { body($0, target) } }),
                        let (less, more) = values
                    else { return false }
                    try self.write(from, less)
                    try self.write(to, more)
                    return true
                }
            })
    }

    @inline(__always)
    private func hold() throws {
        guard !isReading else { return }
        try beginReading.run()
        isReading = true
    }

    private func letGo() throws {
        guard isReading else { return }
        isReading = false
        try commit.run()
    }

    @inline(__always)
    private func read(_ key: Key, _ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        try withUnsafeBytes(of: key) { bytes in
            defer { select.reset() }
            try select.bind(1, bytes.baseAddress!, bytes.count)
            guard try select.step() else { return false }
            try body(select.column(0))
            return true
        }
    }

    private func write(_ key: Key, _ value: Value) throws {
        try key.withPointer { key in
            try value.withPointer { value in
                try insert.bind(1, key, Key.byteCount)
                try insert.bind(2, value, Value.byteCount)
                try insert.run()
            }
        }
    }

    /// - Returns: 1, for the lock is taken before anything is read; 0 when `body` returned `false`.
    private func transact(_ body: () throws -> Bool) throws -> Int {
        try letGo()
        try beginWriting.run()
        let isDone: Bool
        do {
            isDone = try body()
        } catch {
            try? connection.execute("ROLLBACK")
            throw error
        }
        try commit.run()
        return isDone ? 1 : 0
    }

    private func scan(
        _ start: Key?, _ isReverse: Bool, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool
    ) throws {
        try hold()
        let statement = isReverse ? backwards : forwards
        try withUnsafeBytes(of: start ?? Key(0)) { bytes in
            defer { statement.reset() }
            if !isReverse { try statement.bind(1, bytes.baseAddress!, bytes.count) }
            while try statement.step() {
                guard body(statement.column(0), statement.column(1)) else { return }
            }
        }
    }
}
#endif
