package import LSMTx

/// A device in memory that can lose power: it knows what is durable and what was only written.
///
/// The model, which is harsher than any one file system, since it promises no order at all:
/// 1. Since the last sync, each 512-byte sector has a list of versions: what is durable, and each content written
///    since. A crash leaves any one of them, a tear between two, or garbage; each sector by itself.
/// 2. The file's length has such a list too. Reserving, truncating and punching are writes like any other.
/// 3. `sync` makes durable what was written before it *began*; writes that arrive while it runs stay unsynced.
/// 4. `writeDurably` makes the sectors that it touches durable, and a length that reaches to its end.
/// 5. After a failed sync (``loseUnsynced()``) the sectors stay undecided for ever: no later sync makes them durable,
///    since the kernel has marked the pages clean, until they are written again.
///
/// A test does not stop the workload to crash it. It takes a ``CrashPoint`` at any moment, which is an immutable copy
/// sharing all pages, and makes any number of images of it, each of which is a `CrashDevice` again, so that recovery
/// can crash too.
package final class CrashDevice: StorageDevice {
    package static let sectorBytes = 512

    /// Where a ``CrashPoint`` was taken.
    package enum Moment: Sendable, Hashable {
        /// A sync has begun and nothing of it is durable yet.
        case beforeSync
        /// A sync is done.
        case afterSync
        /// A durable write is in the file and not durable yet.
        case beforeDurableWrite
        /// A durable write is done.
        case afterDurableWrite
        /// Some write, reservation, truncation or punch has returned.
        case afterWrite
        /// The test asked for it.
        case onDemand
    }

    /// One content that a sector or the length had since it was last durable.
    struct Version<Value: Sendable>: Sendable {
        let order: UInt64
        let value: Value
        /// A failed sync has dropped it from what later syncs write.
        var isLost = false
    }

    struct State: Sendable {
        /// What is durable of each sector, also past ``durableLength``: which length survives is decided by itself.
        var durable = PagedBytes()
        var durableLength: UInt64 = 0
        var current = PagedBytes()
        var sectors: [UInt64: [Version<[UInt8]>]] = [:]
        var lengths: [Version<UInt64>] = []
        var hasLost = false
        /// Counts changes; a sync covers those numbered up to its beginning.
        var order: UInt64 = 0
        var writes = 0
    }

    private struct Hook: Sendable {
        let everyWrites: Int?
        let body: @Sendable (CrashPoint) -> Void
    }

    private let state: Guarded<State>
    private let hook = Guarded<Hook?>(nil)

    /// A device that holds `contents`, durably.
    package convenience init(_ contents: [UInt8] = []) { self.init(durable: PagedBytes(contents)) }

    init(durable: PagedBytes) {
        var state = State()
        state.durable = durable
        state.durableLength = durable.length
        state.current = durable
        self.state = Guarded(state)
    }

    /// Calls `body` before and after each sync and durable write, and after every `everyWrites`-th change of the
    /// file. It runs on the thread that made the call, with no lock held, and may use the device.
    package func onCrashPoint(everyWrites: Int? = nil, _ body: @escaping @Sendable (CrashPoint) -> Void) {
        hook.withLock { $0 = Hook(everyWrites: everyWrites, body: body) }
    }

    /// Ends the calls that ``onCrashPoint(everyWrites:_:)`` began.
    package func removeHook() { hook.withLock { $0 = nil } }

    /// What a loss of power could leave now.
    package func crashPoint() -> CrashPoint {
        CrashPoint(moment: .onDemand, state: state.withLock { $0 })
    }

    /// The device as `choice` of a loss of power now leaves it.
    package func crashImage(choosing choice: CrashChoice) -> CrashDevice { crashPoint().image(choice) }

    /// How many calls changed the file.
    package var writeCount: Int { state.withLock { $0.writes } }

    /// What a failed sync does: everything unsynced may or may not be durable, now and after later syncs.
    package func loseUnsynced() {
        state.withLock { state in
            guard !state.sectors.isEmpty else { return }
            state.hasLost = true
            for sector in Array(state.sectors.keys) {
                for index in state.sectors[sector, default: []].indices { state.sectors[sector]?[index].isLost = true }
            }
        }
    }

    package func length() throws(StoreError) -> UInt64 { state.withLock { $0.current.length } }

    package func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StoreError) -> Int {
        state.withLock { $0.current.read(into: target, at: offset) }
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try Self.requireAddressable(offset, UInt64(bytes.count))
        state.withLock { $0.write(bytes, at: offset) }
        tellAfterWrite()
    }

    package func writeDurably(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try Self.requireAddressable(offset, UInt64(bytes.count))
        let order = state.withLock { state in
            state.write(bytes, at: offset)
            return state.order
        }
        tell(.beforeDurableWrite)
        state.withLock { state in
            for sector in State.sectors(offset, offset + UInt64(bytes.count)) {
                state.settle(sector: sector, upTo: order)
            }
            state.settleLength(reaching: offset + UInt64(bytes.count), upTo: order)
        }
        tell(.afterDurableWrite)
    }

    package func sync() throws(StoreError) {
        let order = state.withLock { $0.order }
        tell(.beforeSync)
        state.withLock { $0.settleAll(upTo: order) }
        tell(.afterSync)
    }

    package func reserve(_ range: FileRange) throws(StoreError) {
        try Self.requireAddressable(range.offset, range.length)
        state.withLock { $0.changeLength(to: max($0.current.length, range.end)) }
        tellAfterWrite()
    }

    package func punch(_ range: FileRange) throws(StoreError) {
        try Self.requireAddressable(range.offset, range.length)
        state.withLock { $0.clear(from: range.offset, to: min(range.end, $0.current.length)) }
        tellAfterWrite()
    }

    package func truncate(to length: UInt64) throws(StoreError) {
        state.withLock { state in
            guard length < state.current.length else { return }
            state.clear(from: length, to: state.current.length)
            state.changeLength(to: length)
        }
        tellAfterWrite()
    }

    package func dropCache(_ range: FileRange) {}

    package func lock(exclusive: Bool) throws(StoreError) -> LockHolder? { nil }

    package func close() {}

    private func tellAfterWrite() {
        guard let every = hook.withLock({ $0?.everyWrites }) else { return }
        if state.withLock({ $0.writes }) % every == 0 { tell(.afterWrite) }
    }

    private func tell(_ moment: Moment) {
        guard let hook = hook.withLock({ $0 }) else { return }
        hook.body(CrashPoint(moment: moment, state: state.withLock { $0 }))
    }

    /// Offsets can come from a damaged file; memory is not asked for them.
    private static func requireAddressable(_ offset: UInt64, _ length: UInt64) throws(StoreError) {
        guard offset <= Limits.maximumFileBytes, length <= Limits.maximumFileBytes else {
            throw StoreError(.diskFull, "The device ends before that offset.", remedy: "Write at a lower offset.")
        }
    }
}
