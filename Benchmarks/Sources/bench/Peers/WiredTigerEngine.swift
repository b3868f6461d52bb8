#if Peers
import CWiredTiger
import Foundation

extension Engine {
    /// - Parameter isWeaker: Whether commits that are not synced stay in the process's memory, as by default, or are
    ///   written to the log, as others' are: 39 writes for 20,000 commits, against one for each.
    static func wiredTiger(cacheBytes: Int, isWeaker: Bool) -> Engine {
        let sync = isWeaker ? "enabled=false" : "enabled=true,method=none"
        let common = ["cache \(cacheBytes >> 20) MiB, log enabled, no compression", "transaction_sync \(sync)"]
        let more = [
            "transaction_sync enabled=true,method=fsync in the synced rows",
            "reads in a transaction held by each thread",
            "transactions with snapshot isolation, its strongest", "flushed by a checkpoint",
        ]
        let mutations = (rows: Row.allMutations, reason: "WiredTiger has no operation that adds to a value.")
        // Only the rows with commits that are not synced differ.
        let same = Row.allCases.filter { row in
            ![.writes, .transactions, .counters].contains(row.group) || Row.allMutations.contains(row)
        }
        let facts = EngineFacts(
            name: isWeaker ? "wiredtiger-weaker" : "wiredtiger",
            title: isWeaker ? "WT, weaker" : "WiredTiger",
            settings: common + (isWeaker ? ["all else as WiredTiger, of which it is the default"] : more),
            buffered: isWeaker ? .weaker : .process, isolation: .snapshot,
            lacks: isWeaker ? [(same, "")] : [mutations])
        return Engine(facts: facts) { folder, isSynced in
            let store = try WiredTigerStore(
                folder, cacheBytes: cacheBytes, sync: isSynced ? "enabled=true,method=fsync" : sync)
            return Store(
                version: "\(WIREDTIGER_VERSION_MAJOR).\(WIREDTIGER_VERSION_MINOR).\(WIREDTIGER_VERSION_PATCH)",
                session: { try WiredTigerSession(store).session },
                flush: { try store.inSession { try WiredTigerStore.check(bench_wt_checkpoint($0)) } },
                compact: {
                    try store.inSession { try WiredTigerStore.check(bench_wt_compact($0, WiredTigerStore.table)) }
                },
                close: { try WiredTigerStore.check(bench_wt_close(store.connection)) })
        }
    }
}

/// The connection of an open store.
private final class WiredTigerStore: @unchecked Sendable {
    // @unchecked: the handle is fixed from the opening to the closing, and the library locks behind it.
    static let table = "table:entries"
    let connection: UnsafeMutablePointer<WT_CONNECTION>

    init(_ folder: String, cacheBytes: Int, sync: String) throws {
        let config = "create,cache_size=\(cacheBytes),session_max=100,log=(enabled=true),transaction_sync=(\(sync))"
        var opened: UnsafeMutablePointer<WT_CONNECTION>?
        try Self.check(bench_wt_open(folder, config, &opened))
        guard let opened else { throw Failure("WiredTiger: not opened") }
        connection = opened
        try inSession { try Self.check(bench_wt_create($0, Self.table, "key_format=u,value_format=u")) }
    }

    func open() throws -> UnsafeMutablePointer<WT_SESSION> {
        var session: UnsafeMutablePointer<WT_SESSION>?
        try Self.check(bench_wt_session(connection, &session))
        guard let session else { throw Failure("WiredTiger: no session") }
        return session
    }

    func inSession(_ body: (UnsafeMutablePointer<WT_SESSION>) throws -> Void) throws {
        let session = try open()
        defer { _ = bench_wt_session_close(session) }
        try body(session)
    }

    @inline(__always)
    static func check(_ status: Int32) throws {
        guard status == 0 else { throw Failure("WiredTiger: \(String(cString: wiredtiger_strerror(status)))") }
    }
}

private final class WiredTigerSession {
    private static let snapshot = "isolation=snapshot"
    private let store: WiredTigerStore
    private let buffer = ValueBuffer()
    private let handle: UnsafeMutablePointer<WT_SESSION>
    private let cursor: UnsafeMutablePointer<WT_CURSOR>
    /// Reading is one transaction from the first reading after the last commit of this session.
    private var isReading = false

    init(_ store: WiredTigerStore) throws {
        self.store = store
        handle = try store.open()
        cursor = try Self.cursor(in: handle)
    }

    deinit { _ = bench_wt_session_close(handle) }

    private static func cursor(
        in session: UnsafeMutablePointer<WT_SESSION>
    ) throws -> UnsafeMutablePointer<WT_CURSOR> {
        var cursor: UnsafeMutablePointer<WT_CURSOR>?
        try WiredTigerStore.check(bench_wt_cursor(session, WiredTigerStore.table, nil, &cursor))
        guard let cursor else { throw Failure("WiredTiger: no cursor") }
        return cursor
    }

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
                try WiredTigerStore.check(self.write(key, value))
            },
            modify: { key, body in
                try self.transact {
                    var value: Value?
                    guard try self.read(key, { value = body($0) }), let value else { return nil }
                    return self.write(key, value)
                }
            },
            transfer: { from, to, body in
                try self.transact {
                    var source: [UInt8] = []
                    var values: (Value, Value)?
                    // One cursor reads both, so the first value is copied.
                    guard try self.read(from, { source = [UInt8]($0) }),
                        try self.read(to, { target in values = source.withUnsafeBytes { body($0, target) } }),
                        let (less, more) = values
                    else { return nil }
                    let status = self.write(from, less)
                    return status == 0 ? self.write(to, more) : status
                }
            },
            erase: { from, upTo, meanwhile in try self.erase(from, upTo, meanwhile) })
    }

    @inline(__always)
    private func hold() throws {
        guard !isReading else { return }
        try WiredTigerStore.check(bench_wt_begin(handle, Self.snapshot))
        isReading = true
    }

    private func letGo() throws {
        guard isReading else { return }
        isReading = false
        try WiredTigerStore.check(bench_wt_rollback(handle))
    }

    @inline(__always)
    private func read(_ key: Key, _ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        try withUnsafeBytes(of: key) { bytes in
            bench_wt_set_key(cursor, bytes.baseAddress, bytes.count)
            let status = bench_wt_search(cursor)
            if status == bench_wt_not_found { return false }
            try WiredTigerStore.check(status)
            defer { _ = bench_wt_reset(cursor) }
            try body(try value())
            return true
        }
    }

    @inline(__always)
    private func value() throws -> UnsafeRawBufferPointer {
        var start: UnsafeRawPointer?
        var count = 0
        try WiredTigerStore.check(bench_wt_value(cursor, &start, &count))
        return UnsafeRawBufferPointer(start: start, count: count)
    }

    private func write(_ key: Key, _ value: Value) -> Int32 {
        key.withPointer { key in
            value.withPointer { value in
                bench_wt_set_key(cursor, key, Key.byteCount)
                bench_wt_set_value(cursor, value, Value.byteCount)
                return bench_wt_insert(cursor)
            }
        }
    }

    /// - Parameter body: Returns the status of its writes, or `nil` when a value is not there.
    /// - Returns: How many attempts it took; 0 when a value is not there.
    private func transact(_ body: () throws -> Int32?) throws -> Int {
        try letGo()
        var attempt = 1
        while true {
            try WiredTigerStore.check(bench_wt_begin(handle, Self.snapshot))
            guard var status = try body() else {
                try WiredTigerStore.check(bench_wt_rollback(handle))
                return 0
            }
            if status == 0 {
                // A commit that fails has rolled back.
                status = bench_wt_commit(handle, nil)
                if status == 0 { return attempt }
            } else {
                try WiredTigerStore.check(bench_wt_rollback(handle))
            }
            guard status == bench_wt_rollback_error else { return try failed(status) }
            pause(afterAttempt: attempt)
            attempt += 1
        }
    }

    private func failed(_ status: Int32) throws -> Int {
        try WiredTigerStore.check(status)
        return 0
    }

    private func scan(
        _ start: Key?, _ isReverse: Bool, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool
    ) throws {
        try hold()
        defer { _ = bench_wt_reset(cursor) }
        var status = try start.map(seek) ?? step(isReverse)
        while status == 0 {
            var bytes: UnsafeRawPointer?
            var count = 0
            try WiredTigerStore.check(bench_wt_key(cursor, &bytes, &count))
            guard body(UnsafeRawBufferPointer(start: bytes, count: count), try value()) else { return }
            status = step(isReverse)
        }
        guard status == bench_wt_not_found else { return try WiredTigerStore.check(status) }
    }

    @inline(__always)
    private func step(_ isReverse: Bool) -> Int32 {
        isReverse ? bench_wt_previous(cursor) : bench_wt_next(cursor)
    }

    /// Puts the cursor on the first entry that is not before `start`.
    private func seek(_ start: Key) throws -> Int32 {
        withUnsafeBytes(of: start) { bytes in
            bench_wt_set_key(cursor, bytes.baseAddress, bytes.count)
            var order: Int32 = 0
            let status = bench_wt_search_near(cursor, &order)
            return status == 0 && order < 0 ? bench_wt_next(cursor) : status
        }
    }

    /// In a session of its own, since what runs meanwhile commits in this one.
    private func erase(_ from: Key, _ upTo: Key, _ meanwhile: () throws -> Void) throws {
        try store.inSession { session in
            let first = try Self.cursor(in: session)
            let last = try Self.cursor(in: session)
            try WiredTigerStore.check(bench_wt_begin(session, Self.snapshot))
            try meanwhile()
            let status = withUnsafeBytes(of: from) { from in
                // The end is part of what is deleted; no key of 16 bytes lies between it and the one given.
                withUnsafeBytes(of: (UInt64(0), (upTo.digits.bigEndian - 1).bigEndian)) { ending in
                    withUnsafeBytes(of: upTo) { upTo in
                        var end = [UInt8](upTo)
                        for place in 8..<16 { end[place] = ending[place] }
                        return end.withUnsafeBytes { end in
                            bench_wt_set_key(first, from.baseAddress, from.count)
                            bench_wt_set_key(last, end.baseAddress, end.count)
                            return bench_wt_truncate(session, first, last)
                        }
                    }
                }
            }
            if status != bench_wt_not_found { try WiredTigerStore.check(status) }
            try WiredTigerStore.check(bench_wt_commit(session, nil))
        }
    }
}
#endif
