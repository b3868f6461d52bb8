internal import Synchronization

/// A device that changes nothing more after its first failed write or sync.
///
/// The kernel reports a failed write-back to one sync, then marks the pages clean: the next sync succeeds although the
/// bytes are gone. Whichever part of the store is told of the failure (the log, a flush, the preparation of segments),
/// every other part relies on the same file, so none may write or sync as if nothing had happened. Reads go on.
///
/// A failure is reported once to each open file of the system. Of two threads that sync through the same one, the first
/// to return gets the report, and the other one's success means nothing. So those who rely on a sync have a device
/// each, over an open file of its own, and the devices share what they know: see ``StoreLanes``.
///
/// Running out of space is not such a failure when space is reserved, or when a write reports it: nothing was promised
/// for those bytes yet.
package final class FailStopDevice: StorageDevice {
    /// What several devices over one file know of its failures.
    package final class Failure: Sendable {
        fileprivate let isSet = Atomic<Bool>(false)
        fileprivate let first = Guarded(StoreError?.none)
        package init() {}
    }

    private let base: any StorageDevice
    private let failure: Failure
    /// Held during a sync or a durable write, where they must not overlap.
    private let turn: Guarded<Void>?

    package init(
        _ base: any StorageDevice, sharing failure: Failure = Failure(), syncsOneAtATime: Bool = false
    ) {
        self.base = base
        self.failure = failure
        turn = syncsOneAtATime ? Guarded(()) : nil
    }

    @inline(__always)
    private func checkFailure() throws(StoreError) {
        if failure.isSet.load(ordering: .acquiring), let first = failure.first.withLock({ $0 }) { throw first }
    }

    @inline(__always)
    private func syncing(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        guard let turn else { return try changing(body) }
        // The failure of the one before is noted before the next one begins.
        try turn.withLock { _ throws(StoreError) in try changing(body) }
    }

    @inline(__always)
    private func changing(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        try checkFailure()
        do throws(StoreError) {
            try body()
        } catch {
            if error.code != .diskFull {
                failure.first.withLock { if $0 == nil { $0 = error } }
                failure.isSet.store(true, ordering: .releasing)
            }
            throw error
        }
    }

    package func length() throws(StoreError) -> UInt64 { try base.length() }

    package func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StoreError) -> Int {
        try base.read(into: target, at: offset)
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try changing { () throws(StoreError) in try base.write(bytes, at: offset) }
    }

    package func writeDurably(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try makingDurable { () throws(StoreError) in try base.writeDurably(bytes, at: offset) }
    }

    package func sync() throws(StoreError) {
        try makingDurable { () throws(StoreError) in try base.sync() }
    }

    /// One that seems to have succeeded is not believed if another has failed meanwhile.
    @inline(__always)
    private func makingDurable(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        try syncing { () throws(StoreError) in
            do throws(StoreError) {
                try body()
            } catch {
                throw error.afterWriting
            }
        }
        try checkFailure()
    }

    package func reserve(_ range: FileRange) throws(StoreError) {
        try changing { () throws(StoreError) in try base.reserve(range) }
    }

    package var canPunch: Bool { base.canPunch }

    package func punch(_ range: FileRange) throws(StoreError) {
        try changing { () throws(StoreError) in try base.punch(range) }
    }

    package func truncate(to length: UInt64) throws(StoreError) {
        try changing { () throws(StoreError) in try base.truncate(to: length) }
    }

    package func dropCache(_ range: FileRange) { base.dropCache(range) }

    package func lock(exclusive: Bool) throws(StoreError) -> LockHolder? { try base.lock(exclusive: exclusive) }

    package func close() { base.close() }
}
