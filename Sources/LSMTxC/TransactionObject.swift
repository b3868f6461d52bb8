// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are the header's, and so is what there is to say about them.

public import CLSMTx
internal import LSMTx

/// A transaction, as a handle holds it.
final class TransactionObject: HandleObject {
    static let mark: UInt64 = 0x4c53_4d54_7854_786e

    let transaction: Transaction
    /// Also of the iterators: they and the transaction look at each other's memory.
    let turnstile = Turnstile()
    /// Whether `lsmtx_db_run` made it, which frees it too.
    let isLent: Bool
    /// The savepoints that are there, oldest first, by the numbers that the program has for them.
    private var savepoints: [(number: UInt64, savepoint: Savepoint)] = []
    private var lastSavepoint: UInt64 = 0
    private(set) var hasEnded = false
    private(set) var committedAt: Timestamp?
    /// Why its commit failed.
    private(set) var failure: StoreError?

    init(_ transaction: Transaction, isLent: Bool = false) {
        self.transaction = transaction
        self.isLent = isLent
    }

    func commit(durability: Durability?) throws(StoreError) -> Timestamp {
        let isFirst = !hasEnded
        hasEnded = true
        do throws(StoreError) {
            let timestamp = try transaction.commit(durability: durability)
            committedAt = timestamp
            return timestamp
        } catch {
            if isFirst { failure = error }
            throw error
        }
    }

    func rollback() {
        hasEnded = true
        transaction.rollback()
    }

    // MARK: Savepoints

    func takeSavepoint() throws(StoreError) -> UInt64 {
        let savepoint = try transaction.savepoint()
        lastSavepoint += 1
        savepoints.append((lastSavepoint, savepoint))
        return lastSavepoint
    }

    func rollback(to number: UInt64) throws(StoreError) {
        let index = try index(of: number)
        try transaction.rollback(to: savepoints[index].savepoint)
        savepoints.removeSubrange((index + 1)...)
    }

    func release(_ number: UInt64) throws(StoreError) {
        let index = try index(of: number)
        try transaction.release(savepoints[index].savepoint)
        savepoints.removeSubrange(index...)
    }

    private func index(of number: UInt64) throws(StoreError) -> Int {
        guard !hasEnded else {
            throw StoreError(
                .closed, "The transaction has ended.", remedy: "Begin a new one; nothing of this call was done.")
        }
        guard let index = savepoints.lastIndex(where: { $0.number == number }) else {
            throw Misuse.error(
                "There is no savepoint \(number): it was never taken, was released, or an earlier one was.",
                "Take a new one.")
        }
        return index
    }
}

/// One call on a transaction.
@inline(__always)
func transact(
    _ txn: OpaquePointer?, _ error: ErrorOut, _ body: (TransactionObject) throws(StoreError) -> lsmtx_status
) -> lsmtx_status {
    Handle.call(txn, TransactionObject.self, error) { object throws(StoreError) in
        try object.turnstile.pass { () throws(StoreError) in try body(object) }
    }
}

/// One call that notes something in a transaction, whose database is not needed for it, but has to be open.
@inline(__always)
func note(
    _ txn: OpaquePointer?, _ error: ErrorOut, _ body: (TransactionObject) throws(StoreError) -> Void
) -> lsmtx_status {
    transact(txn, error) { object throws(StoreError) in
        try object.transaction.checkDatabaseIsOpen()
        try body(object)
        return Status.ok
    }
}

@c @implementation
public func lsmtx_txn_begin(
    _ db: OpaquePointer?, _ isolation: Int32, _ label: UnsafePointer<CChar>?,
    _ txn: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorOut
) -> lsmtx_status {
    make(txn, error) { () throws(StoreError) in
        let isolation = try Arguments.isolation(isolation)
        let label = try Arguments.optionalText(label)
        return try Handle.use(db, DatabaseObject.self) { object throws(StoreError) in
            Handle.make(TransactionObject(try object.database.begin(isolation, label: label)))
        }
    }
}

@c @implementation
public func lsmtx_txn_timestamp(_ txn: OpaquePointer?) -> UInt64 {
    guard let object = Handle.object(txn, TransactionObject.self) else { return .max }
    let timestamp = try? object.turnstile.pass { object.transaction.timestamp.rawValue }
    return timestamp ?? .max
}

@c @implementation
public func lsmtx_txn_attempt(_ txn: OpaquePointer?) -> UInt32 {
    UInt32(clamping: Handle.object(txn, TransactionObject.self)?.transaction.attempt ?? 0)
}

// MARK: - Reading

@c @implementation
public func lsmtx_txn_get(
    _ txn: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ flags: UInt32,
    _ buffer: UnsafeMutableRawPointer?, _ buffer_size: Int, _ value_length: UnsafeMutablePointer<Int>?,
    _ error: ErrorOut
) -> lsmtx_status {
    transact(txn, error) { object throws(StoreError) in
        let target = try ValueTarget(buffer, buffer_size, value_length)
        let key = try Arguments.soughtKey(key, key_length)
        try Arguments.flags(flags, allowed: LSMTX_READ_UNGUARDED)
        return target.status(try object.transaction.lendValue(of: key, isGuarded: flags == 0) { target.take($0) })
    }
}

@c @implementation
public func lsmtx_txn_get_borrowed(
    _ txn: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ flags: UInt32, _ buffer: OpaquePointer?,
    _ value: UnsafeMutablePointer<UnsafeRawPointer?>?, _ value_length: UnsafeMutablePointer<Int>?, _ error: ErrorOut
) -> lsmtx_status {
    transact(txn, error) { object throws(StoreError) in
        let loan = try ValueLoan(buffer, value, value_length)
        let key = try Arguments.soughtKey(key, key_length)
        try Arguments.flags(flags, allowed: LSMTX_READ_UNGUARDED)
        return loan.status(try object.transaction.lendValue(of: key, isGuarded: flags == 0) { loan.take($0) })
    }
}

@c @implementation
public func lsmtx_txn_get_many(
    _ txn: OpaquePointer?, _ keys: UnsafePointer<lsmtx_slice>?, _ count: Int, _ flags: UInt32,
    _ buffer: OpaquePointer?, _ values: UnsafeMutablePointer<lsmtx_slice>?, _ error: ErrorOut
) -> lsmtx_status {
    transact(txn, error) { object throws(StoreError) in
        let loan = try ValuesLoan(buffer, keys: keys, count: count, values: values)
        try Arguments.flags(flags, allowed: LSMTX_READ_UNGUARDED)
        return try loan.fill { take throws(StoreError) in
            try object.transaction.lendValues(
                count: loan.count, isGuarded: flags == 0, key: { loan.checkedKey($0) }, to: take)
        }
    }
}

// MARK: - Writing

@c @implementation
public func lsmtx_txn_put(
    _ txn: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ value: UnsafeRawPointer?,
    _ value_length: Int, _ error: ErrorOut
) -> lsmtx_status {
    note(txn, error) { object throws(StoreError) in
        try object.transaction.put(try CallerBytes(key, key_length), try CallerBytes(value, value_length))
    }
}

@c @implementation
public func lsmtx_txn_delete(
    _ txn: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ error: ErrorOut
) -> lsmtx_status {
    note(txn, error) { object throws(StoreError) in
        try object.transaction.delete(try CallerBytes(key, key_length))
    }
}

@c @implementation
public func lsmtx_txn_delete_range(
    _ txn: OpaquePointer?, _ range: UnsafePointer<lsmtx_range>?, _ error: ErrorOut
) -> lsmtx_status {
    note(txn, error) { object throws(StoreError) in
        try object.transaction.deleteRange(try Arguments.writtenRange(range))
    }
}

@c @implementation
public func lsmtx_txn_add_read_conflict(
    _ txn: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ error: ErrorOut
) -> lsmtx_status {
    note(txn, error) { object throws(StoreError) in
        try object.transaction.addReadConflict(key: CallerBytes(try Arguments.soughtKey(key, key_length)))
    }
}

@c @implementation
public func lsmtx_txn_add_read_conflict_range(
    _ txn: OpaquePointer?, _ range: UnsafePointer<lsmtx_range>?, _ error: ErrorOut
) -> lsmtx_status {
    note(txn, error) { object throws(StoreError) in
        try object.transaction.addReadConflict(try Arguments.range(range))
    }
}
