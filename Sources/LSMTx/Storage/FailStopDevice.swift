internal import Synchronization

/// A device that changes nothing more after its first failed write or sync.
///
/// The kernel reports a failed write-back to one sync, then marks the pages clean: the next sync succeeds although the
/// bytes are gone. Whichever part of the store is told of the failure (the log, a flush, the preparation of segments),
/// every other part relies on the same file, so none may write or sync as if nothing had happened. Reads go on.
///
/// Running out of space is not such a failure when space is reserved, or when a write reports it: nothing was promised
/// for those bytes yet.
package final class FailStopDevice: StorageDevice {
    private let base: any StorageDevice
    private let hasFailed = Atomic<Bool>(false)
    private let failure = Guarded(StoreError?.none)

    package init(_ base: any StorageDevice) { self.base = base }

    @inline(__always)
    private func changing(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        if hasFailed.load(ordering: .acquiring), let first = failure.withLock({ $0 }) { throw first }
        do throws(StoreError) {
            try body()
        } catch {
            if error.code != .diskFull {
                failure.withLock { if $0 == nil { $0 = error } }
                hasFailed.store(true, ordering: .releasing)
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

    /// The kernel tells a failure to only one of the calls that are under way on one open file, and not always to the
    /// one whose bytes were lost. So one that seems to have succeeded is not believed if another has failed meanwhile.
    @inline(__always)
    private func makingDurable(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        try changing { () throws(StoreError) in
            do throws(StoreError) {
                try body()
            } catch {
                throw error.afterWriting
            }
        }
        if hasFailed.load(ordering: .acquiring), let first = failure.withLock({ $0 }) { throw first }
    }

    package func reserve(_ range: FileRange) throws(StoreError) {
        try changing { () throws(StoreError) in try base.reserve(range) }
    }

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
