// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are the header's, and so is what there is to say about them.

public import CLSMTx
internal import LSMTx

/// A snapshot, as a handle holds it.
final class SnapshotObject: HandleObject {
    static let mark: UInt64 = 0x4c53_4d54_7853_6e61

    let snapshot: Snapshot

    init(_ snapshot: Snapshot) { self.snapshot = snapshot }
}

@c @implementation
public func lsmtx_snapshot_open(
    _ db: OpaquePointer?, _ point: UnsafePointer<lsmtx_point>?, _ snapshot: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: ErrorOut
) -> lsmtx_status {
    make(snapshot, error) { () throws(StoreError) in
        try Handle.use(db, DatabaseObject.self) { object throws(StoreError) in
            Handle.make(SnapshotObject(try object.database.snapshot(at: try Arguments.point(point))))
        }
    }
}

@c @implementation
public func lsmtx_snapshot_timestamp(_ snapshot: OpaquePointer?) -> UInt64 {
    Handle.object(snapshot, SnapshotObject.self)?.snapshot.timestamp.rawValue ?? .max
}

@c @implementation
public func lsmtx_snapshot_get(
    _ snapshot: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ buffer: UnsafeMutableRawPointer?,
    _ buffer_size: Int, _ value_length: UnsafeMutablePointer<Int>?, _ error: ErrorOut
) -> lsmtx_status {
    Handle.call(snapshot, SnapshotObject.self, error) { object throws(StoreError) in
        let target = try ValueTarget(buffer, buffer_size, value_length)
        let key = try Arguments.soughtKey(key, key_length)
        return target.status(try object.snapshot.lendValue(of: key) { target.take($0) })
    }
}

@c @implementation
public func lsmtx_snapshot_get_borrowed(
    _ snapshot: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ buffer: OpaquePointer?,
    _ value: UnsafeMutablePointer<UnsafeRawPointer?>?, _ value_length: UnsafeMutablePointer<Int>?, _ error: ErrorOut
) -> lsmtx_status {
    Handle.call(snapshot, SnapshotObject.self, error) { object throws(StoreError) in
        let loan = try ValueLoan(buffer, value, value_length)
        let key = try Arguments.soughtKey(key, key_length)
        return loan.status(try object.snapshot.lendValue(of: key) { loan.take($0) })
    }
}

@c @implementation
public func lsmtx_snapshot_get_many(
    _ snapshot: OpaquePointer?, _ keys: UnsafePointer<lsmtx_slice>?, _ count: Int, _ buffer: OpaquePointer?,
    _ values: UnsafeMutablePointer<lsmtx_slice>?, _ error: ErrorOut
) -> lsmtx_status {
    call(error) { () throws(StoreError) in
        let loan = try ValuesLoan(buffer, keys: keys, count: count, values: values)
        return try Handle.use(snapshot, SnapshotObject.self) { object throws(StoreError) in
            try loan.fill { take throws(StoreError) in
                try object.snapshot.lendValues(count: loan.count, key: { loan.checkedKey($0) }, to: take)
            }
        }
    }
}

@c @implementation
public func lsmtx_snapshot_close(_ snapshot: OpaquePointer?, _ error: ErrorOut) -> lsmtx_status {
    call(error) { () throws(StoreError) in
        try Handle.use(snapshot, SnapshotObject.self) { object in
            object.snapshot.close()
            return Status.ok
        }
    }
}

@c @implementation
public func lsmtx_snapshot_free(_ snapshot: OpaquePointer?) {
    Handle.free(snapshot, SnapshotObject.self) { $0.snapshot.close() }
}
