// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are the header's, and so is what there is to say about them.

public import CLSMTx
internal import LSMTx

// Savepoints, and the end of a transaction.

@c @implementation
public func lsmtx_txn_savepoint(
    _ txn: OpaquePointer?, _ savepoint: UnsafeMutablePointer<UInt64>?, _ error: ErrorOut
) -> lsmtx_status {
    note(txn, error) { object throws(StoreError) in
        guard let savepoint else { throw Misuse.noOut }
        savepoint.pointee = try object.takeSavepoint()
    }
}

@c @implementation
public func lsmtx_txn_rollback_to_savepoint(_ txn: OpaquePointer?, _ savepoint: UInt64, _ error: ErrorOut)
    -> lsmtx_status
{
    note(txn, error) { object throws(StoreError) in
        try object.rollback(to: savepoint)
    }
}

@c @implementation
public func lsmtx_txn_release_savepoint(_ txn: OpaquePointer?, _ savepoint: UInt64, _ error: ErrorOut) -> lsmtx_status {
    note(txn, error) { object throws(StoreError) in
        try object.release(savepoint)
    }
}

@c @implementation
public func lsmtx_txn_commit(
    _ txn: OpaquePointer?, _ durability: Int32, _ committed_at: UnsafeMutablePointer<UInt64>?, _ error: ErrorOut
) -> lsmtx_status {
    transact(txn, error) { object throws(StoreError) in
        let timestamp = try object.commit(durability: try Arguments.durability(durability))
        committed_at?.pointee = timestamp.rawValue
        return Status.ok
    }
}

@c @implementation
public func lsmtx_txn_rollback(_ txn: OpaquePointer?, _ error: ErrorOut) -> lsmtx_status {
    transact(txn, error) { object in
        object.rollback()
        return Status.ok
    }
}

@c @implementation
public func lsmtx_txn_free(_ txn: OpaquePointer?) {
    guard Handle.object(txn, TransactionObject.self)?.isLent == false else { return }
    Handle.free(txn, TransactionObject.self) { object in object.turnstile.waitAndPass { object.rollback() } }
}

@c @implementation
public func lsmtx_versionstamp(_ timestamp: UInt64, _ stamp: UnsafeMutableRawPointer?) {
    guard let stamp else { return }
    Timestamp(rawValue: timestamp).writeVersionstamp(to: stamp)
}

// MARK: - Mutations

extension Mutation {
    static func number(_ mutation: Int32, _ number: Int64) throws(StoreError) -> Mutation {
        switch Int(mutation) {
        case LSMTX_ADD: return .add(number)
        case LSMTX_MIN: return .min(number)
        case LSMTX_MAX: return .max(number)
        default: throw Misuse.constant(Int(mutation), of: "mutation by a number")
        }
    }

    static func bytes(_ mutation: Int32, _ operand: UnsafeRawBufferPointer) throws(StoreError) -> Mutation {
        let bytes = contents(of: operand)
        switch Int(mutation) {
        case LSMTX_AND: return .and(bytes)
        case LSMTX_OR: return .or(bytes)
        case LSMTX_XOR: return .xor(bytes)
        case LSMTX_SET_IF_ABSENT: return .setIfAbsent(bytes)
        default: throw Misuse.constant(Int(mutation), of: "mutation by bytes")
        }
    }

    static func stamped(_ value: UnsafeRawBufferPointer, at offset: Int) -> Mutation {
        .versionstamped(contents(of: value), at: offset)
    }

    /// What is too long is not looked at, and refused by the transaction, which is told of one byte too many.
    private static func contents(of operand: UnsafeRawBufferPointer) -> [UInt8] {
        guard operand.count <= Limits.largeValueBytes else {
            return [UInt8](repeating: 0, count: Limits.largeValueBytes + 1)
        }
        return [UInt8](operand)
    }
}

@c @implementation
public func lsmtx_txn_mutate_number(
    _ txn: OpaquePointer?, _ mutation: Int32, _ key: UnsafeRawPointer?, _ key_length: Int, _ number: Int64,
    _ error: ErrorOut
) -> lsmtx_status {
    note(txn, error) { object throws(StoreError) in
        try object.transaction.mutate(try CallerBytes(key, key_length), try .number(mutation, number))
    }
}

@c @implementation
public func lsmtx_txn_mutate_bytes(
    _ txn: OpaquePointer?, _ mutation: Int32, _ key: UnsafeRawPointer?, _ key_length: Int,
    _ operand: UnsafeRawPointer?, _ operand_length: Int, _ error: ErrorOut
) -> lsmtx_status {
    note(txn, error) { object throws(StoreError) in
        let operand = try Arguments.bytes(operand, operand_length)
        try object.transaction.mutate(try CallerBytes(key, key_length), try .bytes(mutation, operand))
    }
}

@c @implementation
public func lsmtx_txn_put_versionstamped_value(
    _ txn: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ value: UnsafeRawPointer?,
    _ value_length: Int, _ stamp_offset: Int, _ error: ErrorOut
) -> lsmtx_status {
    note(txn, error) { object throws(StoreError) in
        let value = try Arguments.bytes(value, value_length)
        try object.transaction.mutate(try CallerBytes(key, key_length), .stamped(value, at: stamp_offset))
    }
}

@c @implementation
public func lsmtx_txn_put_versionstamped_key(
    _ txn: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ stamp_offset: Int,
    _ value: UnsafeRawPointer?, _ value_length: Int, _ error: ErrorOut
) -> lsmtx_status {
    note(txn, error) { object throws(StoreError) in
        try object.transaction.put(
            versionstampedKey: try CallerBytes(key, key_length), at: stamp_offset,
            try CallerBytes(value, value_length))
    }
}
