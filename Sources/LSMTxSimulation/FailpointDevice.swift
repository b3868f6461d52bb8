package import LSMTx

/// What the failpoints of a simulated store are, shared by all handles of its device.
package final class Failpoints: Sendable {
    private struct State {
        var activity = Failpoint.Activity.recovery
        var armed: [Failpoint.Place: Failpoint.Action] = [:]
        var hasPower = true
    }

    private let state = Guarded(State())

    package init() {}

    /// Has `failpoint` happen the next time that its place is passed, once.
    package func arm(_ failpoint: Failpoint) { state.withLock { $0.armed[failpoint.place] = failpoint.action } }

    /// Says what the store does during `body`.
    package func during<R>(_ activity: Failpoint.Activity, _ body: () throws -> R) rethrows -> R {
        let before = state.withLock { state in
            defer { state.activity = activity }
            return state.activity
        }
        defer { state.withLock { $0.activity = before } }
        return try body()
    }

    /// From now on, nothing that would change the file works.
    package func cutPower() { state.withLock { $0.hasPower = false } }

    /// After a loss of power, a device works again.
    package func restorePower() { state.withLock { $0.hasPower = true } }

    fileprivate func requirePower() throws(StoreError) {
        guard state.withLock({ $0.hasPower }) else {
            throw StoreError(.io, "The simulated device has no power.", remedy: "Simulate a crash.")
        }
    }

    /// What is armed for a call, which is then over.
    ///
    /// - Parameter offset: Where it writes. What writes a superblock is of no activity: any may have to.
    fileprivate func take(isSync: Bool, at offset: UInt64? = nil) -> Failpoint.Action? {
        state.withLock { state in
            guard !state.armed.isEmpty else { return nil }
            if let offset, SuperblockSlots.extents.contains(where: { $0.offset <= offset && offset < $0.end }) {
                return isSync ? nil : state.armed.removeValue(forKey: .superblockWrite)
            }
            return state.armed.removeValue(forKey: .of(state.activity, isSync: isSync))
        }
    }
}

/// Passes every call on to another device, and fails as ``Failpoints`` says.
///
/// A durable write is a write and a sync. Calls are told apart by what the store is doing, not by handles that the
/// engine would ask for by purpose: that would be a parameter through every layer for what only a simulation needs.
package final class FailpointDevice: StorageDevice {
    private let base: any StorageDevice
    private let failpoints: Failpoints
    /// What a failed sync leaves open.
    private let disk: CrashDevice

    package init(_ base: any StorageDevice, disk: CrashDevice, failpoints: Failpoints) {
        self.base = base
        self.disk = disk
        self.failpoints = failpoints
    }

    private static func injected(_ action: Failpoint.Action) -> StoreError {
        StoreError(
            action == .full ? .diskFull : .io, "The simulated device failed at a failpoint.",
            remedy: "Nothing is to be done.")
    }

    private func checkWrite(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try failpoints.requirePower()
        guard let action = failpoints.take(isSync: false, at: offset) else { return }
        if action == .torn {
            try base.write(UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)]), at: offset)
            failpoints.cutPower()
        }
        throw Self.injected(action)
    }

    private func checkSync(at offset: UInt64? = nil) throws(StoreError) {
        try failpoints.requirePower()
        guard let action = failpoints.take(isSync: true, at: offset) else { return }
        disk.loseUnsynced()
        throw Self.injected(action)
    }

    package func length() throws(StoreError) -> UInt64 { try base.length() }

    package func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StoreError) -> Int {
        try base.read(into: target, at: offset)
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try checkWrite(bytes, at: offset)
        try base.write(bytes, at: offset)
    }

    package func writeDurably(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try checkWrite(bytes, at: offset)
        do throws(StoreError) {
            try checkSync(at: offset)
        } catch {
            try base.write(bytes, at: offset)
            disk.loseUnsynced()
            throw error
        }
        try base.writeDurably(bytes, at: offset)
    }

    package func sync() throws(StoreError) {
        try checkSync()
        try base.sync()
    }

    package func reserve(_ range: FileRange) throws(StoreError) {
        try failpoints.requirePower()
        try base.reserve(range)
    }

    package var canPunch: Bool { base.canPunch }

    package func punch(_ range: FileRange) throws(StoreError) {
        try failpoints.requirePower()
        try base.punch(range)
    }

    package func truncate(to length: UInt64) throws(StoreError) {
        try failpoints.requirePower()
        try base.truncate(to: length)
    }

    package func dropCache(_ range: FileRange) { base.dropCache(range) }

    package func lock(exclusive: Bool) throws(StoreError) -> LockHolder? { try base.lock(exclusive: exclusive) }

    package func anotherHandle() throws(StoreError) -> any StorageDevice {
        FailpointDevice(try base.anotherHandle(), disk: disk, failpoints: failpoints)
    }

    package func close() { base.close() }
}
