package import LSMTx

/// Passes every call on to another device, except those that a test wants to fail.
///
/// To try every place of failure, run the workload once without a fault, read ``callCount(_:)``, and run it again for
/// each kind and each number below that.
package final class FaultDevice: StorageDevice {
    /// What happens instead of the call.
    package enum Effect: Sendable, Equatable {
        /// It throws an error of this code and does nothing.
        case failure(StoreError.Code)
        /// A write writes its first half and throws an error of this code. Other calls only throw.
        case failureHalfway(StoreError.Code)
        /// A read returns half of what was asked for, as if the file ended there. Other calls are not affected.
        case shortRead
    }

    /// Which call fails, and how.
    package struct Fault: Sendable, Equatable, CustomStringConvertible {
        /// `nil` counts calls of all kinds that can throw.
        package let kind: DeviceCall.Kind?
        /// The first such call after the fault was set that fails; the next one is number 0.
        package let call: Int
        /// Whether all later ones fail too.
        package let isSticky: Bool
        package let effect: Effect

        package init(_ kind: DeviceCall.Kind?, call: Int, isSticky: Bool = false, _ effect: Effect) {
            self.kind = kind
            self.call = call
            self.isSticky = isSticky
            self.effect = effect
        }

        package var description: String {
            "\(effect) at \(kind?.rawValue ?? "any call") number \(call)\(isSticky ? " and all after it" : "")"
        }
    }

    private struct State {
        var fault: Fault?
        var seen = 0
        var failed = 0
        var failedKinds: Set<DeviceCall.Kind> = []
        var counts: [DeviceCall.Kind: Int] = [:]
    }

    private let base: any StorageDevice
    private let state = Guarded(State())

    /// Failures of syncs over a ``CrashDevice`` make it lose what was unsynced, as a real device's failure does.
    package init(_ base: any StorageDevice, fault: Fault? = nil) {
        self.base = base
        state.withLock { $0.fault = fault }
    }

    /// Replaces the fault, and counts calls towards the new one from 0. `nil` repairs the device.
    package func setFault(_ fault: Fault?) {
        state.withLock { state in
            state.fault = fault
            state.seen = 0
        }
    }

    /// How many calls of a kind were made, or of all kinds that can throw.
    package func callCount(_ kind: DeviceCall.Kind? = nil) -> Int {
        state.withLock { state in kind.map { state.counts[$0, default: 0] } ?? state.counts.values.reduce(0, +) }
    }

    /// How many calls were made to fail.
    package var failureCount: Int { state.withLock { $0.failed } }

    /// Whether the present fault can make a read fail.
    package var faultConcernsReading: Bool {
        state.withLock { state in state.fault.map { $0.kind == nil || $0.kind == .read } ?? false }
    }

    /// The kinds of calls that were made to fail.
    package var failedKinds: Set<DeviceCall.Kind> { state.withLock { $0.failedKinds } }

    /// Counts a call and says what happens instead of it.
    private func effect(on kind: DeviceCall.Kind) -> Effect? {
        state.withLock { state in
            state.counts[kind, default: 0] += 1
            guard let fault = state.fault, fault.kind == nil || fault.kind == kind else { return nil }
            defer { state.seen += 1 }
            guard fault.isSticky ? state.seen >= fault.call : state.seen == fault.call else { return nil }
            if fault.effect == .shortRead, kind != .read { return nil }
            state.failed += 1
            state.failedKinds.insert(kind)
            return fault.effect
        }
    }

    private func failIfDue(_ kind: DeviceCall.Kind) throws(StoreError) {
        switch effect(on: kind) {
        case .failure(let code), .failureHalfway(let code): throw Self.injected(code, kind)
        case .shortRead, nil: return
        }
    }

    private static func injected(_ code: StoreError.Code, _ kind: DeviceCall.Kind) -> StoreError {
        StoreError(code, "The test made \(kind.rawValue) fail.", remedy: "Nothing is to be done.")
    }

    package func length() throws(StoreError) -> UInt64 {
        try failIfDue(.length)
        return try base.length()
    }

    package func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StoreError) -> Int {
        switch effect(on: .read) {
        case .failure(let code), .failureHalfway(let code): throw Self.injected(code, .read)
        case .shortRead:
            return try base.read(
                into: UnsafeMutableRawBufferPointer(rebasing: target[..<(target.count / 2)]), at: offset)
        case nil: return try base.read(into: target, at: offset)
        }
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try writeOrFail(.write, bytes, at: offset)
    }

    package func writeDurably(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try writeOrFail(.writeDurably, bytes, at: offset)
    }

    private func writeOrFail(
        _ kind: DeviceCall.Kind, _ bytes: UnsafeRawBufferPointer, at offset: UInt64
    ) throws(StoreError) {
        switch effect(on: kind) {
        case .failure(let code): throw Self.injected(code, kind)
        case .failureHalfway(let code):
            // Not durably: what failed has promised nothing.
            try base.write(UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)]), at: offset)
            throw Self.injected(code, kind)
        case .shortRead, nil:
            if kind == .write {
                try base.write(bytes, at: offset)
            } else {
                try base.writeDurably(bytes, at: offset)
            }
        }
    }

    package func sync() throws(StoreError) {
        do {
            try failIfDue(.sync)
        } catch {
            (base as? CrashDevice)?.loseUnsynced()
            throw error
        }
        try base.sync()
    }

    package func reserve(_ range: FileRange) throws(StoreError) {
        try failIfDue(.reserve)
        try base.reserve(range)
    }

    package func punch(_ range: FileRange) throws(StoreError) {
        try failIfDue(.punch)
        try base.punch(range)
    }

    package func truncate(to length: UInt64) throws(StoreError) {
        try failIfDue(.truncate)
        try base.truncate(to: length)
    }

    package func dropCache(_ range: FileRange) { base.dropCache(range) }

    package func lock(exclusive: Bool) throws(StoreError) -> LockHolder? {
        try failIfDue(.lock)
        return try base.lock(exclusive: exclusive)
    }

    package func close() { base.close() }
}
