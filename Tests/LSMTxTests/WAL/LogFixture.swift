import LSMTxSimulation

@testable import LSMTx

/// A log, on a ``SectorDevice`` unless told otherwise, with the rules of its caller kept: new sectors after syncs, and the generations of
/// two superblock slots.
final class LogFixture {
    struct Group: Equatable {
        let lsn: LogSequenceNumber
        let end: LogPosition
        let payload: [UInt8]
    }

    static let identity = FileIdentity(high: 0x1234, low: 0x5678)

    private let storage: any StorageDevice
    var device: SectorDevice { storage as! SectorDevice }
    let file: StoreFile
    private(set) var writer: LogWriter
    private(set) var groups: [Group] = []
    private(set) var durable = LogSequenceNumber.zero
    private(set) var start: LogStart
    private(set) var generation = Generation(rawValue: 1)
    private var startsOnNewSector = false
    /// Sectors with acknowledged bytes, which must never be written again while the log names them.
    private var acknowledged: Set<Int> = []
    private(set) var rewrittenSectors = 0
    /// Over all writers but the present one.
    private(set) var recycled = 0
    private var written: Set<Int> = []

    init(segmentBytes: UInt64 = 4096, maximumSpares: Int = 4, device: any StorageDevice = SectorDevice()) throws {
        storage = device
        let superblocks = FileRange(offset: 0, length: 8192)
        file = StoreFile(
            device: device, identity: Self.identity, allocator: try ExtentAllocator(used: [superblocks]),
            extentBytes: segmentBytes)
        try device.reserve(superblocks)
        writer = try LogWriter(creatingIn: file, maximumSpares: maximumSpares) {
            LogSite(floor: 0, generation: Generation(rawValue: 1))
        }
        start = writer.start(at: writer.position)
    }

    func prepare(_ payload: [UInt8]) throws -> LogWrite {
        let write = try writer.prepare(
            payloadBytes: payload.count, startsOnNewSector: startsOnNewSector, durable: durable
        ) { target in
            // In two parts, as a group of several commits is.
            payload.withUnsafeBytes { bytes in
                let half = bytes.count / 2
                target.append(BorrowedBytes(UnsafeRawBufferPointer(rebasing: bytes[..<half])))
                target.append(BorrowedBytes(UnsafeRawBufferPointer(rebasing: bytes[half...])))
            }
        }
        startsOnNewSector = false
        groups.append(Group(lsn: write.start, end: writer.position, payload: payload))
        for index in 0..<write.pieceCount {
            let (bytes, offset) = write.piece(index)
            let first = Int(offset) / SectorDevice.sector
            let last = (Int(offset) + bytes.count - 1) / SectorDevice.sector
            rewrittenSectors += acknowledged.intersection(first...last).count
            written.formUnion(first...last)
        }
        return write
    }

    /// Writes a group; `sync` makes it and all before it durable.
    func append(_ payload: [UInt8], sync: Bool) throws {
        let isFirstSinceSync = written.isEmpty
        let write = try prepare(payload)
        let end = write.end
        if sync, isFirstSinceSync {
            if try !writer.perform(write, durably: true) { try storage.sync() }
        } else {
            try writer.perform(write, durably: false)
            if sync { try storage.sync() }
        }
        if sync { didSync(to: end) }
    }

    func sync() throws {
        try storage.sync()
        didSync(to: writer.end)
    }

    private func didSync(to end: LogSequenceNumber) {
        durable = end
        startsOnNewSector = true
        acknowledged.formUnion(written)
        written = []
    }

    /// Groups that a replay from ``start`` has to find.
    var live: ArraySlice<Group> { groups.drop { $0.lsn < start.position.lsn } }

    /// Lets the log start at `position` and writes one superblock slot, or both.
    func truncate(to position: LogPosition, bothSlots: Bool) {
        start = writer.start(at: position)
        let last = generation
        generation = generation.next
        writer.truncate(to: start, lastNamedIn: last)
        if bothSlots { generation = generation.next }
        writer.recycle(oldestSlot: Generation(rawValue: generation.rawValue - 1))
        file.allocator.reclaim(oldestSlot: Generation(rawValue: generation.rawValue - 1))
        keepToLog()
    }

    /// Forgets about sectors that are no longer part of the log.
    private func keepToLog() {
        let sector = UInt64(SectorDevice.sector)
        let live = (try? replay().log.segments.map(\.range)) ?? []
        func isLive(_ number: Int) -> Bool {
            live.contains { $0.contains(FileRange(offset: UInt64(number) * sector, length: sector)) }
        }
        acknowledged = acknowledged.filter(isLive)
        written = written.filter(isLive)
    }

    func close() throws {
        truncate(to: writer.position, bothSlots: true)
        start = try writer.moveToLowest(born: generation)
        let last = generation
        generation = generation.next.next
        writer.releaseOthers(lastNamedIn: last)
        file.allocator.reclaim(oldestSlot: Generation(rawValue: generation.rawValue - 1))
        durable = start.position.lsn
        recycled += writer.statistics.segmentsRecycled
        keepToLog()
    }

    func reopen() throws {
        let replay = try Self.replay(storage, from: start, mustReach: start.position.lsn).log
        // A new process knows of no sync.
        startsOnNewSector = false
        writer = try LogWriter(resuming: replay, in: file, maximumSpares: 4) {
            LogSite(floor: 0, generation: Generation(rawValue: 1))
        }
    }

    struct Replayed {
        let payloads: [[UInt8]]
        let log: LogReplay
    }

    func replay(mustReach: LogSequenceNumber? = nil) throws(StoreError) -> Replayed {
        try Self.replay(storage, from: start, mustReach: mustReach)
    }

    static func replay(
        _ device: any StorageDevice, from start: LogStart, mustReach: LogSequenceNumber? = nil
    ) throws(StoreError) -> Replayed {
        var payloads: [[UInt8]] = []
        let reader = LogReader(device: device, identity: identity)
        let log = try reader.replay(from: start, mustReach: mustReach) { _, payload throws(StoreError) in
            payloads.append(payload.array)
        }
        return Replayed(payloads: payloads, log: log)
    }

    /// Sizes from nothing to several segments, small ones mostly.
    static func payload(largest: Int, using random: inout SeededGenerator) -> [UInt8] {
        let count: Int
        switch Int.random(in: 0..<10, using: &random) {
        case 0: count = 0
        case 1: count = Int.random(in: 0...largest, using: &random)
        case 2: count = Int.random(in: 0...1000, using: &random)
        default: count = Int.random(in: 1...200, using: &random)
        }
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
}
