// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are the header's, and so is what there is to say about them.

public import CLSMTx
internal import LSMTx

/// Operations that wait to be committed together, one behind the other in one piece of memory.
///
/// Each is a header, its key and its value. For a range, these are its bounds.
final class BatchObject: HandleObject {
    static let mark: UInt64 = 0x4c53_4d54_7842_6174

    private enum Kind: UInt8 {
        case put, delete, deleteRange, mutateNumber, mutateBytes, stampedValue, stampedKey
    }

    private struct Header: BitwiseCopyable {
        var kind: UInt8
        /// Of a range: whether it has an upper bound.
        var hasValue = true
        /// Of a mutation.
        var mutation: Int32 = 0
        var keyCount: Int
        var valueCount: Int
        /// The number of a mutation, or the place of a versionstamp.
        var number: Int64 = 0
    }

    let turnstile = Turnstile()
    private let operations = Buffer(capacity: 1 << 10)
    private(set) var count = 0

    var byteCount: Int { operations.count }

    func removeAll() {
        operations.removeAll()
        count = 0
    }

    // MARK: Adding

    func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(StoreError) {
        try check(key: key.count, value: value.count)
        add(Header(kind: Kind.put.rawValue, keyCount: key.count, valueCount: value.count), key, value)
    }

    func delete(_ key: UnsafeRawBufferPointer) throws(StoreError) {
        try check(key: key.count)
        add(Header(kind: Kind.delete.rawValue, keyCount: key.count, valueCount: 0), key, Self.none)
    }

    func deleteRange(_ range: KeyRange) throws(StoreError) {
        let upper = range.upperBound ?? []
        try check(max(range.lowerBound.count, upper.count), atMost: Limits.maximumKeyBytes + 1, "A bound")
        range.lowerBound.withUnsafeBytes { lower in
            upper.withUnsafeBytes { bytes in
                add(
                    Header(
                        kind: Kind.deleteRange.rawValue, hasValue: range.upperBound != nil, keyCount: lower.count,
                        valueCount: bytes.count), lower, bytes)
            }
        }
    }

    func mutate(_ key: UnsafeRawBufferPointer, _ mutation: Int32, by number: Int64) throws(StoreError) {
        _ = try Mutation.number(mutation, number)
        try check(key: key.count)
        add(
            Header(
                kind: Kind.mutateNumber.rawValue, mutation: mutation, keyCount: key.count, valueCount: 0,
                number: number), key, Self.none)
    }

    func mutate(
        _ key: UnsafeRawBufferPointer, _ mutation: Int32, by operand: UnsafeRawBufferPointer
    ) throws(StoreError) {
        _ = try Mutation.bytes(mutation, Self.none)
        try check(key: key.count)
        try check(operand.count, atMost: Limits.largeValueBytes, "An operand")
        add(
            Header(
                kind: Kind.mutateBytes.rawValue, mutation: mutation, keyCount: key.count, valueCount: operand.count),
            key, operand)
    }

    func putStamped(
        _ key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, at offset: Int
    ) throws(StoreError) {
        try check(key: key.count)
        try check(value.count, atMost: Limits.largeValueBytes, "A value with a versionstamp")
        try checkStamp(at: offset, in: value.count)
        add(
            Header(
                kind: Kind.stampedValue.rawValue, keyCount: key.count, valueCount: value.count, number: Int64(offset)),
            key, value)
    }

    func put(
        stampedKey key: UnsafeRawBufferPointer, at offset: Int, _ value: UnsafeRawBufferPointer
    ) throws(StoreError) {
        try check(key: key.count, value: value.count)
        try checkStamp(at: offset, in: key.count)
        add(
            Header(
                kind: Kind.stampedKey.rawValue, keyCount: key.count, valueCount: value.count, number: Int64(offset)),
            key, value)
    }

    private static var none: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    private func add(_ header: Header, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        operations.append(header)
        operations.append(key)
        operations.append(value)
        count += 1
    }

    private func check(key: Int, value: Int = 0) throws(StoreError) {
        try check(key, atMost: Limits.maximumKeyBytes, "A key")
        try check(value, atMost: Limits.maximumValueBytes, "A value")
    }

    private func check(_ count: Int, atMost limit: Int, _ what: String) throws(StoreError) {
        guard count > limit else { return }
        throw StoreError(
            .tooLarge, "\(what) of \(count) bytes is over the limit of \(limit).",
            remedy: "Use a shorter one; nothing of this call was done.")
    }

    private func checkStamp(at offset: Int, in count: Int) throws(StoreError) {
        guard offset < 0 || offset > count - Int(LSMTX_VERSIONSTAMP_BYTES) else { return }
        throw Misuse.error("\(count) bytes have no place for a versionstamp there.", "Leave place for it.")
    }

    // MARK: Writing

    /// Does all of it in a transaction.
    func replay(in transaction: Transaction) throws(StoreError) {
        var place = UnsafeRawPointer(operations.base)
        for _ in 0..<count {
            let header = place.loadUnaligned(as: Header.self)
            place += MemoryLayout<Header>.size
            let key = CallerBytes(UnsafeRawBufferPointer(start: place, count: header.keyCount))
            place += header.keyCount
            let value = UnsafeRawBufferPointer(start: place, count: header.valueCount)
            place += header.valueCount
            try replay(header, key, value, in: transaction)
        }
    }

    private func replay(
        _ header: Header, _ key: CallerBytes, _ value: UnsafeRawBufferPointer, in transaction: Transaction
    ) throws(StoreError) {
        switch Kind(rawValue: header.kind) {
        case .put: try transaction.put(key, CallerBytes(value))
        case .delete: try transaction.delete(key)
        case .deleteRange:
            let lower = key.withBytes { bytes in bytes.withUnsafeBytes { [UInt8]($0) } }
            try transaction.deleteRange(KeyRange(from: lower, upTo: header.hasValue ? [UInt8](value) : nil))
        case .mutateNumber: try transaction.mutate(key, try .number(header.mutation, header.number))
        case .mutateBytes: try transaction.mutate(key, try .bytes(header.mutation, value))
        case .stampedValue: try transaction.mutate(key, .stamped(value, at: Int(header.number)))
        case .stampedKey:
            try transaction.put(versionstampedKey: key, at: Int(header.number), CallerBytes(value))
        case nil: preconditionFailure("a batch has an operation of no kind")
        }
    }
}

/// One call on a batch.
@inline(__always)
private func add(
    _ batch: OpaquePointer?, _ error: ErrorOut, _ body: (BatchObject) throws(StoreError) -> Void
) -> lsmtx_status {
    Handle.call(batch, BatchObject.self, error) { object throws(StoreError) in
        try object.turnstile.pass { () throws(StoreError) in try body(object) }
        return Status.ok
    }
}

@c @implementation
public func lsmtx_batch_create() -> OpaquePointer? { Handle.make(BatchObject()) }

@c @implementation
public func lsmtx_batch_free(_ batch: OpaquePointer?) {
    Handle.free(batch, BatchObject.self)
}

@c @implementation
public func lsmtx_batch_count(_ batch: OpaquePointer?) -> Int { Handle.object(batch, BatchObject.self)?.count ?? 0 }

@c @implementation
public func lsmtx_batch_bytes(_ batch: OpaquePointer?) -> Int { Handle.object(batch, BatchObject.self)?.byteCount ?? 0 }

@c @implementation
public func lsmtx_batch_clear(_ batch: OpaquePointer?, _ error: ErrorOut) -> lsmtx_status {
    add(batch, error) { $0.removeAll() }
}

@c @implementation
public func lsmtx_batch_put(
    _ batch: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ value: UnsafeRawPointer?,
    _ value_length: Int, _ error: ErrorOut
) -> lsmtx_status {
    add(batch, error) { batch throws(StoreError) in
        try batch.put(try Arguments.bytes(key, key_length), try Arguments.bytes(value, value_length))
    }
}

@c @implementation
public func lsmtx_batch_delete(
    _ batch: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ error: ErrorOut
) -> lsmtx_status {
    add(batch, error) { batch throws(StoreError) in try batch.delete(try Arguments.bytes(key, key_length)) }
}

@c @implementation
public func lsmtx_batch_delete_range(
    _ batch: OpaquePointer?, _ range: UnsafePointer<lsmtx_range>?, _ error: ErrorOut
) -> lsmtx_status {
    add(batch, error) { batch throws(StoreError) in try batch.deleteRange(try Arguments.writtenRange(range)) }
}

@c @implementation
public func lsmtx_batch_mutate_number(
    _ batch: OpaquePointer?, _ mutation: Int32, _ key: UnsafeRawPointer?, _ key_length: Int, _ number: Int64,
    _ error: ErrorOut
) -> lsmtx_status {
    add(batch, error) { batch throws(StoreError) in
        try batch.mutate(try Arguments.bytes(key, key_length), mutation, by: number)
    }
}

@c @implementation
public func lsmtx_batch_mutate_bytes(
    _ batch: OpaquePointer?, _ mutation: Int32, _ key: UnsafeRawPointer?, _ key_length: Int,
    _ operand: UnsafeRawPointer?, _ operand_length: Int, _ error: ErrorOut
) -> lsmtx_status {
    add(batch, error) { batch throws(StoreError) in
        let operand = try Arguments.bytes(operand, operand_length)
        try batch.mutate(try Arguments.bytes(key, key_length), mutation, by: operand)
    }
}

@c @implementation
public func lsmtx_batch_put_versionstamped_value(
    _ batch: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ value: UnsafeRawPointer?,
    _ value_length: Int, _ stamp_offset: Int, _ error: ErrorOut
) -> lsmtx_status {
    add(batch, error) { batch throws(StoreError) in
        let value = try Arguments.bytes(value, value_length)
        try batch.putStamped(try Arguments.bytes(key, key_length), value: value, at: stamp_offset)
    }
}

@c @implementation
public func lsmtx_batch_put_versionstamped_key(
    _ batch: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ stamp_offset: Int,
    _ value: UnsafeRawPointer?, _ value_length: Int, _ error: ErrorOut
) -> lsmtx_status {
    add(batch, error) { batch throws(StoreError) in
        let value = try Arguments.bytes(value, value_length)
        try batch.put(stampedKey: try Arguments.bytes(key, key_length), at: stamp_offset, value)
    }
}

@c @implementation
public func lsmtx_db_write(
    _ db: OpaquePointer?, _ batch: OpaquePointer?, _ durability: Int32, _ committed_at: UnsafeMutablePointer<UInt64>?,
    _ error: ErrorOut
) -> lsmtx_status {
    commit(db, durability, committed_at, error) { transaction throws(StoreError) in
        try Handle.use(batch, BatchObject.self) { object throws(StoreError) in
            try object.turnstile.pass { () throws(StoreError) in try object.replay(in: transaction) }
        }
    }
}
