package import LSMTx
package import LSMTxSimulation

/// Passes every call on to another device and remembers it, so that a test can check the order of writes and syncs.
///
/// A call is remembered when it returns, a failed one not at all: what precedes a `sync` in the trace was written
/// before that sync returned. Calls of several threads are remembered in the order in which they returned.
package final class TracingDevice: StorageDevice {
    private let base: any StorageDevice
    private let trace = Guarded<[DeviceCall]>([])

    package init(_ base: any StorageDevice) { self.base = base }

    /// The calls so far, oldest first.
    package var calls: [DeviceCall] { trace.withLock { $0 } }

    /// The calls so far, which are forgotten.
    package func takeCalls() -> [DeviceCall] {
        trace.withLock { calls in
            defer { calls.removeAll() }
            return calls
        }
    }

    private func note(_ call: DeviceCall) { trace.withLock { $0.append(call) } }

    package func length() throws(StoreError) -> UInt64 {
        let length = try base.length()
        note(DeviceCall(.length))
        return length
    }

    package func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StoreError) -> Int {
        let count = try base.read(into: target, at: offset)
        note(DeviceCall(.read, at: offset, count: target.count))
        return count
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try base.write(bytes, at: offset)
        note(DeviceCall(.write, at: offset, count: bytes.count))
    }

    package func writeDurably(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try base.writeDurably(bytes, at: offset)
        note(DeviceCall(.writeDurably, at: offset, count: bytes.count))
    }

    package func sync() throws(StoreError) {
        try base.sync()
        note(DeviceCall(.sync))
    }

    package func reserve(_ range: FileRange) throws(StoreError) {
        try base.reserve(range)
        note(DeviceCall(.reserve, range))
    }

    package func punch(_ range: FileRange) throws(StoreError) {
        try base.punch(range)
        note(DeviceCall(.punch, range))
    }

    package func truncate(to length: UInt64) throws(StoreError) {
        try base.truncate(to: length)
        note(DeviceCall(.truncate, at: length, count: 0))
    }

    package func dropCache(_ range: FileRange) {
        base.dropCache(range)
        note(DeviceCall(.dropCache, range))
    }

    package func lock(exclusive: Bool) throws(StoreError) -> LockHolder? {
        let holder = try base.lock(exclusive: exclusive)
        note(DeviceCall(.lock))
        return holder
    }

    package func close() {
        base.close()
        note(DeviceCall(.close))
    }
}
