// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are the header's, and so is what there is to say about them.

public import CLSMTx
package import LSMTx

/// An open store, as a handle holds it.
final class DatabaseObject: HandleObject {
    static let mark: UInt64 = 0x4c53_4d54_7844_6174

    let database: Database

    init(_ database: Database) { self.database = database }

    static func handle(of database: Database) -> OpaquePointer { Handle.make(DatabaseObject(database)) }
}

@c @implementation
public func lsmtx_db_open(
    _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<lsmtx_options>?,
    _ db: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorOut
) -> lsmtx_status {
    let receiver = EventReceiver(options)
    return make(db, error) { () throws(StoreError) in
        let path = try Arguments.text(path)
        let configuration = try Configuration(options, receiver: receiver)
        return DatabaseObject.handle(of: try Database(path: path, configuration: configuration))
    }
}

@c @implementation
public func lsmtx_db_open_in_memory(
    _ options: UnsafePointer<lsmtx_options>?, _ db: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorOut
) -> lsmtx_status {
    let receiver = EventReceiver(options)
    return make(db, error) { () throws(StoreError) in
        DatabaseObject.handle(of: try Database.inMemory(try Configuration(options, receiver: receiver)))
    }
}

@c @implementation
public func lsmtx_db_close(_ db: OpaquePointer?, _ error: ErrorOut) -> lsmtx_status {
    administer(db, error) { database throws(StoreError) in try database.close() }
}

@c @implementation
public func lsmtx_db_free(_ db: OpaquePointer?) {
    Handle.free(db, DatabaseObject.self) { object in
        // There is nobody to tell: whatever fails here, the log has everything that was acknowledged.
        try? object.database.close()
    }
}

/// One call on a database that gives nothing but its success.
@inline(__always)
func administer(
    _ db: OpaquePointer?, _ error: ErrorOut, _ body: (Database) throws(StoreError) -> Void
) -> lsmtx_status {
    call(error) { () throws(StoreError) in
        try Handle.use(db, DatabaseObject.self) { object throws(StoreError) in
            try body(object.database)
            return Status.ok
        }
    }
}

// MARK: - One operation

@c @implementation
public func lsmtx_db_get(
    _ db: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ buffer: UnsafeMutableRawPointer?,
    _ buffer_size: Int, _ value_length: UnsafeMutablePointer<Int>?, _ error: ErrorOut
) -> lsmtx_status {
    Handle.call(db, DatabaseObject.self, error) { object throws(StoreError) in
        let target = try ValueTarget(buffer, buffer_size, value_length)
        let key = try Arguments.soughtKey(key, key_length)
        return target.status(try object.database.lendValue(of: key) { target.take($0) })
    }
}

@c @implementation
public func lsmtx_db_get_borrowed(
    _ db: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ buffer: OpaquePointer?,
    _ value: UnsafeMutablePointer<UnsafeRawPointer?>?, _ value_length: UnsafeMutablePointer<Int>?, _ error: ErrorOut
) -> lsmtx_status {
    Handle.call(db, DatabaseObject.self, error) { object throws(StoreError) in
        let loan = try ValueLoan(buffer, value, value_length)
        let key = try Arguments.soughtKey(key, key_length)
        return loan.status(try object.database.lendValue(of: key) { loan.take($0) })
    }
}

@c @implementation
public func lsmtx_db_put(
    _ db: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ value: UnsafeRawPointer?,
    _ value_length: Int, _ durability: Int32, _ committed_at: UnsafeMutablePointer<UInt64>?, _ error: ErrorOut
) -> lsmtx_status {
    commit(db, durability, committed_at, error) { transaction throws(StoreError) in
        try transaction.put(try CallerBytes(key, key_length), try CallerBytes(value, value_length))
    }
}

@c @implementation
public func lsmtx_db_delete(
    _ db: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ durability: Int32,
    _ committed_at: UnsafeMutablePointer<UInt64>?, _ error: ErrorOut
) -> lsmtx_status {
    commit(db, durability, committed_at, error) { transaction throws(StoreError) in
        try transaction.delete(try CallerBytes(key, key_length))
    }
}

@c @implementation
public func lsmtx_db_delete_range(
    _ db: OpaquePointer?, _ range: UnsafePointer<lsmtx_range>?, _ durability: Int32,
    _ committed_at: UnsafeMutablePointer<UInt64>?, _ error: ErrorOut
) -> lsmtx_status {
    commit(db, durability, committed_at, error) { transaction throws(StoreError) in
        try transaction.deleteRange(try Arguments.writtenRange(range))
    }
}

/// One transaction that reads nothing. At read committed it depends on nothing, so that it has no conflict.
@inline(__always)
func commit(
    _ db: OpaquePointer?, _ durability: Int32, _ committed_at: UnsafeMutablePointer<UInt64>?, _ error: ErrorOut,
    _ body: (Transaction) throws(StoreError) -> Void
) -> lsmtx_status {
    call(error) { () throws(StoreError) in
        let durability = try Arguments.durability(durability)
        return try Handle.use(db, DatabaseObject.self) { object throws(StoreError) in
            let transaction = try object.database.begin(.readCommitted)
            try body(transaction)
            let timestamp = try transaction.commit(durability: durability)
            committed_at?.pointee = timestamp.rawValue
            return Status.ok
        }
    }
}

/// A handle of a database that was opened otherwise: tests have devices of their own behind it.
package func makeHandle(of database: Database) -> OpaquePointer { DatabaseObject.handle(of: database) }
