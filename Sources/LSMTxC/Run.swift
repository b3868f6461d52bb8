// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are the header's, and so is what there is to say about them.

public import CLSMTx
internal import LSMTx

/// How `lsmtx_db_run` runs.
private struct RunOptions {
    var isolation = Isolation.serializable
    var label: String?
    var retry = RetryPolicy.standard
    var durability: Durability?

    init(_ options: UnsafePointer<lsmtx_run_options>?) throws(StoreError) {
        guard let options else { return }
        let known = try Arguments.structure(options).pointee
        isolation = try Arguments.isolation(known.isolation)
        label = try Arguments.optionalText(known.label)
        durability = try Arguments.durability(known.durability)
        retry = RetryPolicy(
            maximumAttempts: Int(clamping: known.max_attempts),
            timeout: known.timeout == .max ? nil : .milliseconds(known.timeout))
    }
}

/// What a program's function returned that neither commits nor is tried again.
private struct Stopped: Error {
    let status: lsmtx_status
    /// Its failure, if it is one.
    let failure: StoreError?
}

@c @implementation
public func lsmtx_run_options_init(_ options: UnsafeMutablePointer<lsmtx_run_options>?, _ size: Int) -> lsmtx_status {
    guard let options, size == MemoryLayout<lsmtx_run_options>.size else { return Status.of(.misuse) }
    options.pointee = lsmtx_run_options(
        size: size, isolation: Int32(LSMTX_SERIALIZABLE), durability: Int32(LSMTX_DURABILITY_DEFAULT), label: nil,
        max_attempts: UInt64(RetryPolicy.standard.maximumAttempts), timeout: .max)
    return Status.ok
}

@c @implementation
public func lsmtx_db_run(
    _ db: OpaquePointer?, _ options: UnsafePointer<lsmtx_run_options>?, _ body: lsmtx_run_fn?,
    _ user: UnsafeMutableRawPointer?, _ committed_at: UnsafeMutablePointer<UInt64>?, _ error: ErrorOut
) -> lsmtx_status {
    call(error) { () throws(StoreError) in
        guard let body else { throw Misuse.noFunction }
        let options = try RunOptions(options)
        let database = try Handle.use(db, DatabaseObject.self) { $0.database }
        do {
            let committed = try database.write(
                options.isolation, label: options.label, retry: options.retry, durability: options.durability
            ) { transaction in
                try attempt(transaction, durability: options.durability) { body(user, $0, $1) }
            }
            if let committed { committed_at?.pointee = committed.rawValue }
            return Status.ok
        } catch let stopped as Stopped {
            if let failure = stopped.failure { throw failure }
            return stopped.status
        } catch let failure as StoreError {
            throw failure
        } catch {
            throw Misuse.error("\(error)")
        }
    }
}

/// One call of the program's function, and the commit of what it did.
///
/// - Returns: The commit's timestamp, if there was one.
/// - Throws: A `conflict` to be tried again, ``Stopped``, and the failure of the commit.
private func attempt(
    _ transaction: Transaction, durability: Durability?, _ body: (OpaquePointer, ErrorOut) -> lsmtx_status
) throws -> Timestamp? {
    let object = TransactionObject(transaction, isLent: true)
    let handle = Handle.make(object)
    var left: OpaquePointer?
    defer {
        Handle.free(handle, TransactionObject.self)
        Handle.free(left, ErrorObject.self)
    }
    let status = body(handle, &left)
    switch status {
    case Status.ok:
        // A function that does not look at what its own commit returned has not committed for that.
        if let failure = object.failure { throw failure }
        return object.hasEnded ? object.committedAt : try object.commit(durability: durability)
    case ..<0:
        let failure = failure(of: status, left: ErrorObject.of(left)?.error)
        if status == Status.conflict { throw failure }
        throw Stopped(status: status, failure: failure)
    default:
        throw Stopped(status: status, failure: nil)
    }
}

/// What a negative status of the program's function stands for.
private func failure(of status: lsmtx_status, left: StoreError?) -> StoreError {
    if let left, Status.of(left.code) == status { return left }
    guard let code = Status.code(of: status) else {
        return Misuse.error("The function that was run returned \(status), which is no status.")
    }
    return StoreError(
        code, "The function that was run returned \(Status.name(of: status)).",
        remedy: "See what it does; nothing was committed.")
}
