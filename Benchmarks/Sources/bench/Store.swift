/// An engine under measurement, as the workloads see it: closures, so that engines with bindings of any kind fit.
///
/// A call through a closure costs about two nanoseconds, the same for every engine.
struct Engine: Sendable {
    let facts: EngineFacts
    /// Opens the store in a folder that is there, or makes it. Where `isSynced`, every commit is power-safe when it
    /// returns; else it is as safe as the engine's facts say.
    let open: @Sendable (_ folder: String, _ isSynced: Bool) throws -> Store

    var name: String { facts.name }
}

/// An open store. What an engine cannot do is `nil`, and its facts say why.
struct Store: Sendable {
    let version: String
    /// What one thread works with. Released before the store is closed.
    let session: @Sendable () throws -> Session
    /// Brings everything written so far into the form that it is read from at rest.
    let flush: @Sendable () throws -> Void
    /// Whether `flush` does what `compact` does, because the engine has no other way.
    var flushCompacts = false
    /// Drops what nobody can read any more.
    var compact: (@Sendable () throws -> Void)?
    /// Why writers had to wait, and for how long, in the engine's own words.
    var waits: @Sendable () throws -> String = { "" }
    let close: @Sendable () throws -> Void
}

/// One thread's way to a store. What `get`, `lend` and `scan` read is fixed from the first of them to the next commit
/// by the same session, where the engine has snapshots.
struct Session {
    typealias Get = (_ key: Key, _ body: (UnsafeRawBufferPointer) -> Void) throws -> Bool

    /// Reads by copying the value out.
    var get: Get
    /// Reads in place.
    var lend: Get?
    /// Reads the newest value, copying it out.
    var getNewest: Get
    /// Calls `body` with each entry from `start`, or from the end, until it returns `false`.
    var scan:
        (_ start: Key?, _ isReverse: Bool, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool) throws
            -> Void
    /// Commits one put.
    var put: (_ key: Key, _ value: Value) throws -> Void
    /// Reads a value and writes what `body` makes of it, in one transaction of the isolation that the engine's facts
    /// name, repeated after conflicts. Returns the number of attempts, 0 when the value is not there.
    var modify: ((_ key: Key, _ body: (UnsafeRawBufferPointer) -> Value) throws -> Int)?
    /// As `modify`, with two values.
    var transfer:
        (
            (_ from: Key, _ to: Key, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> (Value, Value)) throws
                -> Int
        )?
    /// Adds to a number, without a transaction that reads it.
    var mutate: ((_ key: Key, _ number: Int64) throws -> Void)?
    /// Deletes a range in one transaction that may not lose what another one changes in it; `meanwhile` runs between
    /// its beginning and its end, and commits elsewhere.
    var erase: ((_ from: Key, _ upTo: Key, _ meanwhile: () throws -> Void) throws -> Void)?
}
