package import LSMTx

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Passes every call on to another device, and remembers which thread made each that gives the file space it did not
/// have: those are the calls after which a file system has metadata to write, and the next sync has to wait for it.
package final class GrowthDevice: StorageDevice {
    /// What a call did to the file's space.
    package enum Kind: String, Sendable, CaseIterable {
        /// It reserved bytes that had no space.
        case reservation
        /// It wrote past the end of the file, or where there was no space.
        case growingWrite
        /// It wrote bytes with space for the first time: a file system then notes that they hold something.
        case firstWrite
    }

    package struct Growth: Sendable, Hashable, CustomStringConvertible {
        package let kind: Kind
        /// Its name, or "other" when it has none.
        package let thread: String
        package let range: FileRange

        package var description: String { "\(kind.rawValue) of \(range) by \(thread)" }
    }

    private struct State {
        /// What has space, and what of that has been written. Disjoint from each other.
        var reserved = FileRangeSet()
        var written = FileRangeSet()
        var growths: [Growth] = []
        var names: [UInt: String] = [:]

        func name(_ thread: UInt) -> String { names[thread] ?? "other" }
    }

    private let base: any StorageDevice
    private let state = Guarded(State())

    /// - Parameter base: Empty so far.
    package init(_ base: any StorageDevice) { self.base = base }

    /// What has happened so far, oldest first; it is forgotten.
    package func takeGrowths() -> [Growth] {
        state.withLock { state in
            defer { state.growths = [] }
            return state.growths
        }
    }

    /// Growth by the thread that calls this is told under that name from now on.
    package func nameThread(_ name: String) {
        let thread = Self.currentThread
        state.withLock { $0.names[thread] = name }
    }

    private static var currentThread: UInt {
        #if canImport(Glibc)
        pthread_self()
        #else
        UInt(bitPattern: pthread_self())
        #endif
    }

    private func noteWrite(_ range: FileRange) {
        let thread = Self.currentThread
        state.withLock { state in
            let fresh = FileRangeSet([range]).subtracting(state.written)
            guard fresh.byteCount > 0 else { return }
            let hasSpace = fresh.subtracting(state.reserved).byteCount == 0
            state.growths.append(
                Growth(kind: hasSpace ? .firstWrite : .growingWrite, thread: state.name(thread), range: range))
            state.written.insert(range)
        }
    }

    private func noteReservation(_ range: FileRange) {
        let thread = Self.currentThread
        state.withLock { state in
            let fresh = FileRangeSet([range]).subtracting(state.written).subtracting(state.reserved)
            guard fresh.byteCount > 0 else { return }
            state.growths.append(Growth(kind: .reservation, thread: state.name(thread), range: range))
            state.reserved.insert(range)
        }
    }

    private func noteLoss(_ range: FileRange) {
        state.withLock { state in
            state.reserved.remove(range)
            state.written.remove(range)
        }
    }

    package func length() throws(StoreError) -> UInt64 { try base.length() }

    package func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StoreError) -> Int {
        try base.read(into: target, at: offset)
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try base.write(bytes, at: offset)
        noteWrite(FileRange(offset: offset, length: UInt64(bytes.count)))
    }

    package func writeDurably(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try base.writeDurably(bytes, at: offset)
        noteWrite(FileRange(offset: offset, length: UInt64(bytes.count)))
    }

    package func sync() throws(StoreError) { try base.sync() }

    package func reserve(_ range: FileRange) throws(StoreError) {
        try base.reserve(range)
        noteReservation(range)
    }

    package func punch(_ range: FileRange) throws(StoreError) {
        try base.punch(range)
        noteLoss(range)
    }

    package func truncate(to length: UInt64) throws(StoreError) {
        try base.truncate(to: length)
        noteLoss(FileRange(offset: length, length: .max - length))
    }

    package func dropCache(_ range: FileRange) { base.dropCache(range) }

    package func lock(exclusive: Bool) throws(StoreError) -> LockHolder? { try base.lock(exclusive: exclusive) }

    package func close() { base.close() }
}
