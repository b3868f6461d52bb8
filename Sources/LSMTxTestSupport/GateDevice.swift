package import LSMTx
package import LSMTxSimulation

/// Passes every call on to another device, and holds those of one kind back for as long as a test wants, so that it
/// can put the threads of a commit pipeline into any order.
package final class GateDevice: StorageDevice {
    private struct State {
        var held: Set<DeviceCall.Kind> = []
        var waiting: [DeviceCall.Kind: Int] = [:]
        var returned: [DeviceCall.Kind: Int] = [:]
    }

    private let base: any StorageDevice
    private let state = Guarded(State())

    package init(_ base: any StorageDevice) { self.base = base }

    /// Holds calls of this kind back from now on, before they do anything.
    package func hold(_ kind: DeviceCall.Kind) { _ = state.withLock { $0.held.insert(kind) } }

    /// Lets calls of this kind go on.
    package func release(_ kind: DeviceCall.Kind) {
        _ = state.withLock { $0.held.remove(kind) }
        state.notifyAll()
    }

    /// How many calls of a kind have returned.
    package func returned(_ kind: DeviceCall.Kind) -> Int { state.withLock { $0.returned[kind, default: 0] } }

    /// Waits until `count` calls of a kind are held back.
    ///
    /// - Returns: `false` when that takes longer than any sane machine needs.
    package func waitUntilHeld(_ kind: DeviceCall.Kind, count: Int = 1) -> Bool {
        state.wait(timeoutMilliseconds: 600_000) { $0.waiting[kind, default: 0] >= count ? true : nil } ?? false
    }

    /// Waits until `count` calls of a kind have returned since the device was made.
    package func waitUntilReturned(_ kind: DeviceCall.Kind, count: Int) -> Bool {
        state.wait(timeoutMilliseconds: 600_000) { $0.returned[kind, default: 0] >= count ? true : nil } ?? false
    }

    private func pass(_ kind: DeviceCall.Kind) {
        guard state.withLock({ $0.held.contains(kind) }) else { return }
        state.withLock { $0.waiting[kind, default: 0] += 1 }
        state.notifyAll()
        _ = state.wait { $0.held.contains(kind) ? nil : true }
        state.withLock { $0.waiting[kind, default: 0] -= 1 }
    }

    private func note(_ kind: DeviceCall.Kind) {
        state.withLock { $0.returned[kind, default: 0] += 1 }
        state.notifyAll()
    }

    package func length() throws(StoreError) -> UInt64 { try base.length() }

    package func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StoreError) -> Int {
        try base.read(into: target, at: offset)
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        pass(.write)
        try base.write(bytes, at: offset)
        note(.write)
    }

    package func writeDurably(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        pass(.writeDurably)
        try base.writeDurably(bytes, at: offset)
        note(.writeDurably)
    }

    package func sync() throws(StoreError) {
        pass(.sync)
        try base.sync()
        note(.sync)
    }

    package func reserve(_ range: FileRange) throws(StoreError) { try base.reserve(range) }

    package func punch(_ range: FileRange) throws(StoreError) { try base.punch(range) }

    package func truncate(to length: UInt64) throws(StoreError) { try base.truncate(to: length) }

    package func dropCache(_ range: FileRange) { base.dropCache(range) }

    package func lock(exclusive: Bool) throws(StoreError) -> LockHolder? { try base.lock(exclusive: exclusive) }

    package func close() { base.close() }
}
