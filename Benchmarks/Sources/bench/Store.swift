/// An engine under measurement, as the workloads see it: closures, so that engines with bindings of any kind fit.
///
/// A call through a closure costs about two nanoseconds, the same for every engine.
struct Engine: Sendable {
    let name: String
    /// Opens the store at a path, or makes it.
    let open: @Sendable (_ path: String) throws -> Store
}

/// An open store.
struct Store: Sendable {
    /// What one thread works with; called on that thread.
    let session: @Sendable () throws -> Session
    /// Brings everything written so far into the form that it is read from at rest.
    let flush: @Sendable () throws -> Void
    /// Drops what nobody can read any more.
    let compact: @Sendable () throws -> Void
    /// Why writers had to wait, and for how long, in the engine's own words.
    let waits: @Sendable () throws -> String
    let close: @Sendable () throws -> Void
}

/// One thread's way to a store. What `get` and `scan` read is fixed for the life of the session where the engine has
/// snapshots.
struct Session {
    /// Reads by copying the value out.
    let get: (_ key: Key, _ body: (UnsafeRawBufferPointer) -> Void) throws -> Bool
    /// Reads in place, where the engine can.
    let lend: (_ key: Key, _ body: (UnsafeRawBufferPointer) -> Void) throws -> Bool
    /// Reads the newest value.
    let getNewest: (_ key: Key, _ body: (UnsafeRawBufferPointer) -> Void) throws -> Bool
    /// Calls `body` with each entry from `start`, or from the end, until it returns `false`.
    let scan:
        (_ start: Key?, _ isReverse: Bool, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool) throws
            -> Void
    /// Commits one put.
    let put: (_ key: Key, _ value: Value, _ isSynced: Bool) throws -> Void
    /// Reads a value and writes what `body` makes of it, in one serializable transaction, repeated after conflicts.
    /// Returns the number of attempts, 0 when the value is not there.
    let modify: (_ key: Key, _ body: (UnsafeRawBufferPointer) -> Value) throws -> Int
    /// Deletes a range in one transaction that may not lose what another one changes in it; `meanwhile` runs between its
    /// beginning and its end.
    let erase: (_ from: Key, _ upTo: Key, _ meanwhile: () throws -> Void) throws -> Void
    /// Adds to a number, in a transaction that does nothing else.
    let mutate: (_ key: Key, _ number: Int64) throws -> Void
    /// As `modify`, with two values.
    let transfer:
        (_ from: Key, _ to: Key, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> (Value, Value)) throws
            -> Int
}
