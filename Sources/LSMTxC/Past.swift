// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are the header's, and so is what there is to say about them.

public import CLSMTx
internal import LSMTx

/// One call on a database that gives a value.
@inline(__always)
func inquire<Value>(
    _ db: OpaquePointer?, _ target: UnsafeMutablePointer<Value>?, _ error: ErrorOut,
    _ body: (Database) throws(StoreError) -> Value
) -> lsmtx_status {
    administer(db, error) { database throws(StoreError) in
        guard let target else { throw Misuse.noOut }
        target.pointee = try body(database)
    }
}

@c @implementation
public func lsmtx_db_timestamp(
    _ db: OpaquePointer?, _ timestamp: UnsafeMutablePointer<UInt64>?, _ error: ErrorOut
) -> lsmtx_status {
    inquire(db, timestamp, error) { database throws(StoreError) in
        // The newest timestamp itself asks nothing of the file, so that it would be given after the close too.
        _ = try database.oldestReadableTimestamp
        return database.timestamp.rawValue
    }
}

@c @implementation
public func lsmtx_db_oldest_readable(
    _ db: OpaquePointer?, _ timestamp: UnsafeMutablePointer<UInt64>?, _ error: ErrorOut
) -> lsmtx_status {
    inquire(db, timestamp, error) { database throws(StoreError) in try database.oldestReadableTimestamp.rawValue }
}

@c @implementation
public func lsmtx_db_timestamp_at(
    _ db: OpaquePointer?, _ unix_time: Int64, _ timestamp: UnsafeMutablePointer<UInt64>?, _ error: ErrorOut
) -> lsmtx_status {
    inquire(db, timestamp, error) { database throws(StoreError) in
        try database.timestamp(atUnixTime: unix_time).rawValue
    }
}

@c @implementation
public func lsmtx_db_unix_time(
    _ db: OpaquePointer?, _ timestamp: UInt64, _ unix_time: UnsafeMutablePointer<Int64>?, _ error: ErrorOut
) -> lsmtx_status {
    call(error) { () throws(StoreError) in
        guard let unix_time else { throw Misuse.noOut }
        let database = try Handle.use(db, DatabaseObject.self) { $0.database }
        guard let time = try database.unixTime(of: Timestamp(rawValue: timestamp)) else { return Status.absent }
        unix_time.pointee = time
        return Status.ok
    }
}

@c @implementation
public func lsmtx_db_retention(
    _ db: OpaquePointer?, _ retention: UnsafeMutablePointer<lsmtx_retention>?, _ error: ErrorOut
) -> lsmtx_status {
    administer(db, error) { database throws(StoreError) in
        let target = try Arguments.structure(retention)
        target.pointee = lsmtx_retention(try database.retention)
    }
}

extension lsmtx_retention {
    init(_ retention: Retention) {
        self.init(
            size: MemoryLayout<lsmtx_retention>.size, keep: retention.keepMilliseconds ?? .max,
            commits: retention.commits ?? .max, log_bytes: retention.logBytes ?? .max)
    }
}

@c @implementation
public func lsmtx_db_set_retention(
    _ db: OpaquePointer?, _ retention: UnsafePointer<lsmtx_retention>?, _ error: ErrorOut
) -> lsmtx_status {
    administer(db, error) { database throws(StoreError) in
        try database.setRetention(try Arguments.retention(retention))
    }
}

// MARK: - Names

@c @implementation
public func lsmtx_db_create_snapshot(
    _ db: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ point: UnsafePointer<lsmtx_point>?,
    _ timestamp: UnsafeMutablePointer<UInt64>?, _ error: ErrorOut
) -> lsmtx_status {
    administer(db, error) { database throws(StoreError) in
        let created = try database.createSnapshot(
            named: try Arguments.text(name), at: try Arguments.point(point))
        timestamp?.pointee = created.rawValue
    }
}

@c @implementation
public func lsmtx_db_drop_snapshot(_ db: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ error: ErrorOut)
    -> lsmtx_status
{
    administer(db, error) { database throws(StoreError) in
        try database.dropSnapshot(named: try Arguments.text(name))
    }
}

/// The named snapshots, as a handle holds them.
final class NamesObject: HandleObject {
    static let mark: UInt64 = 0x4c53_4d54_784e_616d

    let snapshots: [lsmtx_named_snapshot]
    private let lent: Lent

    init(_ found: [NamedSnapshot]) {
        var lent = Lent()
        snapshots = found.map { snapshot in
            lsmtx_named_snapshot(
                size: MemoryLayout<lsmtx_named_snapshot>.size, name: lent.text(snapshot.name),
                timestamp: snapshot.timestamp.rawValue, created_at: snapshot.createdAt)
        }
        self.lent = lent
    }
}

@c @implementation
public func lsmtx_db_named_snapshots(
    _ db: OpaquePointer?, _ names: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorOut
) -> lsmtx_status {
    make(names, error) { () throws(StoreError) in
        let database = try Handle.use(db, DatabaseObject.self) { $0.database }
        return Handle.make(NamesObject(try database.snapshots()))
    }
}

@c @implementation
public func lsmtx_names_count(_ names: OpaquePointer?) -> Int {
    Handle.object(names, NamesObject.self)?.snapshots.count ?? 0
}

@c @implementation
public func lsmtx_names_get(
    _ names: OpaquePointer?, _ index: Int, _ snapshot: UnsafeMutablePointer<lsmtx_named_snapshot>?, _ error: ErrorOut
) -> lsmtx_status {
    pick(names, NamesObject.self, index, snapshot, error) { $0.snapshots }
}

@c @implementation
public func lsmtx_names_free(_ names: OpaquePointer?) { Handle.free(names, NamesObject.self) }

/// One of what an object holds, as a structure of the caller.
func pick<Object: HandleObject, Element>(
    _ handle: OpaquePointer?, _: Object.Type, _ index: Int, _ target: UnsafeMutablePointer<Element>?,
    _ error: ErrorOut, _ elements: (Object) -> [Element]
) -> lsmtx_status {
    call(error) { () throws(StoreError) in
        try Handle.use(handle, Object.self) { object throws(StoreError) in
            let target = try Arguments.structure(target)
            let elements = elements(object)
            guard elements.indices.contains(index) else { throw Misuse.index(index, count: elements.count) }
            target.pointee = elements[index]
            return Status.ok
        }
    }
}

// MARK: - History

/// The versions of a key, as a handle holds them.
final class HistoryObject: HandleObject {
    static let mark: UInt64 = 0x4c53_4d54_7848_6973

    let versions: [lsmtx_key_version]
    private let lent: Lent

    init(_ found: [KeyVersion]) {
        var lent = Lent()
        versions = found.map { version in
            lsmtx_key_version(
                size: MemoryLayout<lsmtx_key_version>.size, timestamp: version.timestamp.rawValue,
                value: lent.slice(version.value), unix_time: version.unixTime ?? .min)
        }
        self.lent = lent
    }
}

@c @implementation
public func lsmtx_db_history(
    _ db: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ since: UInt64, _ limit: UInt64,
    _ history: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorOut
) -> lsmtx_status {
    make(history, error) { () throws(StoreError) in
        let key = CallerBytes(try Arguments.soughtKey(key, key_length))
        let database = try Handle.use(db, DatabaseObject.self) { $0.database }
        let versions = try database.history(
            of: key, since: Timestamp(rawValue: since), limit: limit == .max ? nil : Int(clamping: limit))
        return Handle.make(HistoryObject(versions))
    }
}

@c @implementation
public func lsmtx_history_count(_ history: OpaquePointer?) -> Int {
    Handle.object(history, HistoryObject.self)?.versions.count ?? 0
}

@c @implementation
public func lsmtx_history_get(
    _ history: OpaquePointer?, _ index: Int, _ version: UnsafeMutablePointer<lsmtx_key_version>?, _ error: ErrorOut
) -> lsmtx_status {
    pick(history, HistoryObject.self, index, version, error) { $0.versions }
}

@c @implementation
public func lsmtx_history_free(_ history: OpaquePointer?) { Handle.free(history, HistoryObject.self) }
