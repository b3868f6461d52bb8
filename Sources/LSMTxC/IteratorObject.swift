// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are the header's, and so is what there is to say about them.

public import CLSMTx
internal import LSMTx

/// An iterator, as a handle holds it.
final class IteratorObject: HandleObject {
    static let mark: UInt64 = 0x4c53_4d54_7849_7465

    let cursor: Cursor
    /// Its transaction's, if it has one.
    let turnstile: Turnstile
    let isKeysOnly: Bool
    /// Where the entries of a call that gives several are; made by the first one.
    private lazy var entries = Buffer(capacity: 1 << 16)

    init(_ cursor: Cursor, turnstile: Turnstile, flags: UInt32) {
        self.cursor = cursor
        self.turnstile = turnstile
        isKeysOnly = flags & UInt32(LSMTX_ITER_KEYS_ONLY) != 0
    }

    /// Moves by several entries, which it copies one behind the other.
    func collect(
        _ target: UnsafeMutablePointer<lsmtx_entry>, capacity: Int, byteLimit: Int, _ count: UnsafeMutablePointer<Int>,
        reverse: Bool
    ) throws(StoreError) {
        let entries = entries
        entries.removeAll()
        var found = 0
        // The pointers are known only when the last one is there: the memory may move as it grows.
        defer {
            var place = UnsafeRawPointer(entries.base)
            for index in 0..<found {
                target[index].key = place
                place += target[index].key_length
                if !isKeysOnly { target[index].value = place }
                place += target[index].value_length
            }
            count.pointee = found
        }
        while found < capacity, found == 0 || entries.count < byteLimit {
            guard let lent = try cursor.lend(reverse: reverse, withValue: !isKeysOnly) else { return }
            let entry = lsmtx_entry(
                key: nil, key_length: lent.key.count, value: nil, value_length: lent.value.count)
            entries.append(lent.key.buffer)
            entries.append(lent.value.buffer)
            target[found] = entry
            found += 1
        }
    }
}

/// One call on an iterator.
@inline(__always)
func iterate(
    _ iter: OpaquePointer?, _ error: ErrorOut, _ body: (IteratorObject) throws(StoreError) -> lsmtx_status
) -> lsmtx_status {
    Handle.call(iter, IteratorObject.self, error) { object throws(StoreError) in
        try object.turnstile.pass { () throws(StoreError) in try body(object) }
    }
}

// MARK: - Making

@c @implementation
public func lsmtx_db_iter(
    _ db: OpaquePointer?, _ range: UnsafePointer<lsmtx_range>?, _ flags: UInt32,
    _ iter: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorOut
) -> lsmtx_status {
    make(iter, error) { () throws(StoreError) in
        try Arguments.flags(flags, allowed: LSMTX_ITER_KEYS_ONLY)
        let range = try Arguments.range(range)
        return try Handle.use(db, DatabaseObject.self) { object throws(StoreError) in
            let snapshot = try object.database.snapshot()
            // The cursor keeps what it sees from now on.
            defer { snapshot.close() }
            return Handle.make(IteratorObject(try snapshot.cursor(range), turnstile: Turnstile(), flags: flags))
        }
    }
}

@c @implementation
public func lsmtx_snapshot_iter(
    _ snapshot: OpaquePointer?, _ range: UnsafePointer<lsmtx_range>?, _ flags: UInt32,
    _ iter: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorOut
) -> lsmtx_status {
    make(iter, error) { () throws(StoreError) in
        try Arguments.flags(flags, allowed: LSMTX_ITER_KEYS_ONLY)
        let range = try Arguments.range(range)
        return try Handle.use(snapshot, SnapshotObject.self) { object throws(StoreError) in
            let cursor = try object.snapshot.cursor(range)
            return Handle.make(IteratorObject(cursor, turnstile: Turnstile(), flags: flags))
        }
    }
}

@c @implementation
public func lsmtx_txn_iter(
    _ txn: OpaquePointer?, _ range: UnsafePointer<lsmtx_range>?, _ flags: UInt32,
    _ iter: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorOut
) -> lsmtx_status {
    make(iter, error) { () throws(StoreError) in
        try Arguments.flags(flags, allowed: LSMTX_READ_UNGUARDED | LSMTX_ITER_KEYS_ONLY)
        let range = try Arguments.range(range)
        return try Handle.use(txn, TransactionObject.self) { object throws(StoreError) in
            try object.turnstile.pass { () throws(StoreError) in
                let isGuarded = flags & UInt32(LSMTX_READ_UNGUARDED) == 0
                let cursor =
                    isGuarded
                    ? try object.transaction.cursor(range) : try object.transaction.unguarded.cursor(range)
                return Handle.make(IteratorObject(cursor, turnstile: object.turnstile, flags: flags))
            }
        }
    }
}

@c @implementation
public func lsmtx_iter_free(_ iter: OpaquePointer?) {
    // The cursor tells the transaction how far it came as it goes.
    let turnstile = Handle.object(iter, IteratorObject.self)?.turnstile
    turnstile?.waitAndPass { Handle.free(iter, IteratorObject.self) }
}

// MARK: - Moving

@c @implementation
public func lsmtx_iter_next(
    _ iter: OpaquePointer?, _ key: UnsafeMutablePointer<UnsafeRawPointer?>?, _ key_length: UnsafeMutablePointer<Int>?,
    _ value: UnsafeMutablePointer<UnsafeRawPointer?>?, _ value_length: UnsafeMutablePointer<Int>?, _ error: ErrorOut
) -> lsmtx_status {
    iterate(iter, error) { object throws(StoreError) in
        try step(object, reverse: false, key, key_length, value, value_length)
    }
}

@c @implementation
public func lsmtx_iter_prev(
    _ iter: OpaquePointer?, _ key: UnsafeMutablePointer<UnsafeRawPointer?>?, _ key_length: UnsafeMutablePointer<Int>?,
    _ value: UnsafeMutablePointer<UnsafeRawPointer?>?, _ value_length: UnsafeMutablePointer<Int>?, _ error: ErrorOut
) -> lsmtx_status {
    iterate(iter, error) { object throws(StoreError) in
        try step(object, reverse: true, key, key_length, value, value_length)
    }
}

@inline(__always)
private func step(
    _ object: IteratorObject, reverse: Bool, _ key: UnsafeMutablePointer<UnsafeRawPointer?>?,
    _ key_length: UnsafeMutablePointer<Int>?, _ value: UnsafeMutablePointer<UnsafeRawPointer?>?,
    _ value_length: UnsafeMutablePointer<Int>?
) throws(StoreError) -> lsmtx_status {
    let isWanted = !object.isKeysOnly && (value != nil || value_length != nil)
    guard let lent = try object.cursor.lend(reverse: reverse, withValue: isWanted) else { return Status.end }
    key?.pointee = lent.key.base
    key_length?.pointee = lent.key.count
    value?.pointee = isWanted ? lent.value.base : nil
    value_length?.pointee = lent.value.count
    return Status.ok
}

@c @implementation
public func lsmtx_iter_seek_first(_ iter: OpaquePointer?, _ error: ErrorOut) -> lsmtx_status {
    iterate(iter, error) { object in
        object.cursor.seekToBeginning()
        return Status.ok
    }
}

@c @implementation
public func lsmtx_iter_seek_last(_ iter: OpaquePointer?, _ error: ErrorOut) -> lsmtx_status {
    iterate(iter, error) { object in
        object.cursor.seekToEnd()
        return Status.ok
    }
}

@c @implementation
public func lsmtx_iter_seek(
    _ iter: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ error: ErrorOut
) -> lsmtx_status {
    iterate(iter, error) { object throws(StoreError) in
        object.cursor.seek(to: CallerBytes(try Arguments.place(key, key_length)))
        return Status.ok
    }
}

@c @implementation
public func lsmtx_iter_next_many(
    _ iter: OpaquePointer?, _ entries: UnsafeMutablePointer<lsmtx_entry>?, _ capacity: Int, _ max_bytes: Int,
    _ count: UnsafeMutablePointer<Int>?, _ error: ErrorOut
) -> lsmtx_status {
    collect(iter, entries, capacity, max_bytes, count, error, reverse: false)
}

@c @implementation
public func lsmtx_iter_prev_many(
    _ iter: OpaquePointer?, _ entries: UnsafeMutablePointer<lsmtx_entry>?, _ capacity: Int, _ max_bytes: Int,
    _ count: UnsafeMutablePointer<Int>?, _ error: ErrorOut
) -> lsmtx_status {
    collect(iter, entries, capacity, max_bytes, count, error, reverse: true)
}

private func collect(
    _ iter: OpaquePointer?, _ entries: UnsafeMutablePointer<lsmtx_entry>?, _ capacity: Int, _ maxBytes: Int,
    _ count: UnsafeMutablePointer<Int>?, _ error: ErrorOut, reverse: Bool
) -> lsmtx_status {
    count?.pointee = 0
    return iterate(iter, error) { object throws(StoreError) in
        guard let entries, let count else { throw Misuse.noOut }
        guard capacity > 0 else { throw Misuse.error("There is no room for \(capacity) entries.", "Give room for 1.") }
        let byteLimit = maxBytes == 0 ? 1 << 20 : maxBytes < 0 ? Int.max : maxBytes
        try object.collect(entries, capacity: capacity, byteLimit: byteLimit, count, reverse: reverse)
        return count.pointee == 0 ? Status.end : Status.ok
    }
}
