@testable import LSMTx

/// A device in memory that knows which sectors have been written since the last sync, so that a test can make the
/// images that a loss of power may leave behind.
final class SectorDevice: StorageDevice {
    struct State {
        var current: [UInt8] = []
        /// What the last sync made durable of each sector that has been written since.
        var before: [Int: [UInt8]] = [:]
        var capacity = UInt64.max
        var readFailure: FileRange?
        /// Reads as zeros the first time.
        var staleOnce: FileRange?
        var writeFails = false
        var syncFails = false
        var syncs = 0
    }

    static let sector = 512
    private let state = Guarded(State())

    init(image: [UInt8] = []) { state.withLock { $0.current = image } }

    /// Changes how the device behaves.
    func configure(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    var image: [UInt8] { state.withLock { $0.current } }
    var syncs: Int { state.withLock { $0.syncs } }

    /// Sectors that a loss of power may lose, in order.
    var unsynced: [Int] { state.withLock { $0.before.keys.sorted() } }

    /// What a loss of power leaves when `fate` decides over each unsynced sector: it gets the durable and the new
    /// content and returns what is there afterwards.
    func crashed(_ fate: (_ index: Int, _ old: [UInt8], _ new: [UInt8]) -> [UInt8]) -> [UInt8] {
        let (current, before) = state.withLock { ($0.current, $0.before) }
        var image = current
        for (index, (sector, old)) in before.sorted(by: { $0.key < $1.key }).enumerated() {
            let range = sector * Self.sector..<min((sector + 1) * Self.sector, image.count)
            let new = Array(current[range])
            let left = fate(index, old + Array(repeating: 0, count: range.count - old.count), new)
            image.replaceSubrange(range, with: left)
        }
        return image
    }

    func length() throws(StoreError) -> UInt64 { state.withLock { UInt64($0.current.count) } }

    private static func failure(_ message: String) -> StoreError { StoreError(.io, message, remedy: "None.") }

    func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StoreError) -> Int {
        try state.withLock { state throws(StoreError) in
            let range = FileRange(offset: offset, length: UInt64(target.count))
            if let failing = state.readFailure, failing.overlaps(range) { throw Self.failure("A read failed.") }
            guard offset < UInt64(state.current.count) else { return 0 }
            let count = min(target.count, state.current.count - Int(offset))
            state.current.withUnsafeBytes { bytes in
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(offset) + count]))
            }
            if let stale = state.staleOnce, range.contains(stale) {
                let start = Int(stale.offset - offset)
                UnsafeMutableRawBufferPointer(rebasing: target[start..<start + Int(stale.length)])
                    .initializeMemory(as: UInt8.self, repeating: 0)
                state.staleOnce = nil
            }
            return count
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try write(bytes, at: offset, durably: false)
    }

    func writeDurably(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try write(bytes, at: offset, durably: true)
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64, durably: Bool) throws(StoreError) {
        guard !bytes.isEmpty else { return }
        try state.withLock { state throws(StoreError) in
            guard !state.writeFails else { throw Self.failure("A write failed.") }
            let start = Int(offset)
            let end = start + bytes.count
            if end > state.current.count {
                state.current.append(contentsOf: repeatElement(0, count: end - state.current.count))
            }
            for sector in start / Self.sector...(end - 1) / Self.sector {
                let range = sector * Self.sector..<min((sector + 1) * Self.sector, state.current.count)
                if durably {
                    state.before[sector] = nil
                } else if state.before[sector] == nil {
                    state.before[sector] = Array(state.current[range])
                }
            }
            state.current.withUnsafeMutableBytes { current in
                UnsafeMutableRawBufferPointer(rebasing: current[start..<end]).copyMemory(from: bytes)
            }
        }
    }

    func sync() throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            guard !state.syncFails else { throw Self.failure("A sync failed.") }
            state.syncs += 1
            state.before = [:]
        }
    }

    func reserve(_ range: FileRange) throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            guard range.end <= state.capacity else {
                throw StoreError(.diskFull, "The device is full.", remedy: "Free some space.")
            }
            if range.end > UInt64(state.current.count) {
                state.current.append(contentsOf: repeatElement(0, count: Int(range.end) - state.current.count))
            }
        }
    }

    func punch(_ range: FileRange) throws(StoreError) {}

    func truncate(to length: UInt64) throws(StoreError) {
        state.withLock { $0.current.removeLast($0.current.count - Int(length)) }
    }

    func dropCache(_ range: FileRange) {}

    func lock(exclusive: Bool) throws(StoreError) -> LockHolder? { nil }

    func close() {}
}
