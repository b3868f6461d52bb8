import Dispatch
import LSMTxSimulation
import Testing

@testable import LSMTx

@Suite struct LogWriterTests {
    #if DEBUG
    private static let steps = 1_500
    #else
    private static let steps = 20_000
    #endif

    /// Appends, syncs, truncations, recycling and clean closes in random order: a replay always gives exactly what
    /// lies after the start, though the segments are full of records of earlier epochs.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func everyPayloadComesBackOverRecycledSegments(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let fixture = try LogFixture(segmentBytes: seed % 2 == 0 ? 4096 : 8192)
        for step in 0..<Self.steps {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<80:
                let payload = LogFixture.payload(largest: 20_000, using: &random)
                try fixture.append(payload, sync: Bool.random(using: &random))
            case 80..<88:
                if let group = fixture.live.randomElement(using: &random) {
                    fixture.truncate(to: group.end, bothSlots: Bool.random(using: &random))
                }
            case 88..<92:
                try fixture.writer.prepareSpares(target: Int.random(in: 0...3, using: &random))
            case 92..<94:
                try fixture.close()
                try fixture.reopen()
            default:
                let replayed = try fixture.replay(mustReach: fixture.durable)
                #expect(replayed.payloads == fixture.live.map(\.payload), "seed \(seed), step \(step)")
                #expect(replayed.log.end == fixture.writer.position, "seed \(seed), step \(step)")
                #expect(replayed.log.lastGroup == fixture.live.last?.lsn, "seed \(seed), step \(step)")
                #expect(Set(replayed.log.segments.map(\.range)).isSubset(of: fixture.writer.extents))
                #expect(fixture.writer.liveBytes == fixture.writer.end.rawValue - fixture.start.position.lsn.rawValue)
            }
            #expect(fixture.rewrittenSectors == 0, "seed \(seed), step \(step): acknowledged bytes were written again")
        }
        let owned = fixture.writer.extents + fixture.file.allocator.freeRanges + fixture.file.allocator.retiredRanges
        let all = [FileRange(offset: 0, length: 8192)] + owned
        #expect(all.reduce(0) { $0 + $1.length } == fixture.file.allocator.end, "seed \(seed): space leaked")
        #expect(fixture.recycled + fixture.writer.statistics.segmentsRecycled > 0, "seed \(seed)")
    }

    @Test func theStartOfTheLogSurvivesItsEncoding() throws {
        let start = LogStart(
            segment: FileRange(offset: 8192, length: 4096), epoch: 77,
            position: LogPosition(lsn: LogSequenceNumber(rawValue: 512), previousChecksum: 99))
        var writer = ByteWriter()
        start.encode(to: &writer)
        #expect(writer.bytes.count == LogStart.encodedBytes)
        try writer.bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(BorrowedBytes(bytes), structure: "superblock", fileOffset: 0)
            let decoded = try LogStart(from: &reader)
            #expect(decoded == start)
        }
    }

    @Test func theFirstWriteAfterASyncStartsOnANewSector() throws {
        let fixture = try LogFixture()
        try fixture.append([1], sync: false)
        try fixture.append([2], sync: true)
        try fixture.append([3], sync: false)
        try fixture.append([4], sync: false)
        let places = fixture.groups.map { $0.lsn.rawValue - fixture.groups[0].lsn.rawValue }
        #expect(places == [0, 56, 512, 568])
        #expect(try fixture.replay().payloads == [[1], [2], [3], [4]])
    }

    @Test func aFullDiskLeavesTheWriterUsable() throws {
        let device = SectorDevice()
        let fixture = try LogFixture(device: device)
        try fixture.append([1], sync: true)
        let before = (fixture.writer.position, fixture.file.allocator.end, fixture.writer.extents)
        device.configure { $0.capacity = 8192 + 4096 + 2 * 4096 }
        // Needs five more segments, and there is space for two.
        let large = [UInt8](repeating: 7, count: 15_000)
        #expect(throws: StoreError.self) { try fixture.append(large, sync: true) }
        #expect(fixture.writer.position == before.0)
        #expect(fixture.writer.extents == before.2)
        try fixture.append([2], sync: true)
        #expect(try fixture.replay().payloads == [[1], [2]])
        device.configure { $0.capacity = .max }
        try fixture.append(large, sync: true)
        #expect(try fixture.replay().payloads == [[1], [2], large])
    }

    @Test func aFailedSyncIsNotTakenForAFullDisk() throws {
        let device = SectorDevice()
        let fixture = try LogFixture(device: device)
        device.configure { $0.syncFails = true }
        do throws(StoreError) {
            try fixture.writer.prepareSpares(target: 1)
            Issue.record("the sync was to fail")
        } catch {
            #expect(error.code == .io)
        }
        device.configure { $0.syncFails = false }
        try fixture.writer.prepareSpares(target: 1)
        #expect(fixture.writer.statistics.readySegments == 1)
    }

    @Test func aFailedWriteWhileMakingASegmentGivesItsSpaceBack() throws {
        let device = SectorDevice()
        let fixture = try LogFixture(device: device)
        try fixture.append([1], sync: true)
        let owned = fixture.writer.extents
        device.configure { $0.writeFails = true }
        #expect(throws: StoreError.self) { try fixture.writer.prepareSpares(target: 3) }
        #expect(throws: StoreError.self) { try fixture.append([UInt8](repeating: 2, count: 9_000), sync: false) }
        #expect(fixture.writer.extents == owned)
        device.configure { $0.writeFails = false }
        try fixture.append([UInt8](repeating: 2, count: 9_000), sync: true)
        #expect(try fixture.replay().payloads.count == 2)
        #expect(fixture.file.allocator.end == 8192 + 4096 * UInt64(fixture.writer.extents.count))
    }

    @Test func aReadySpareCostsTheCommitNoSync() throws {
        let device = SectorDevice()
        let fixture = try LogFixture(device: device)
        try fixture.writer.prepareSpares(target: 2)
        let before = device.syncs
        try fixture.append([UInt8](repeating: 1, count: 5_000), sync: false)
        #expect(device.syncs == before)
        #expect(fixture.writer.statistics.segmentsAwaited == 0)
        #expect(fixture.writer.statistics.readySegments == 1)
    }

    @Test func aDroppedSegmentWaitsForBothSlots() throws {
        let fixture = try LogFixture()
        try fixture.append([UInt8](repeating: 1, count: 5_000), sync: true)
        fixture.truncate(to: fixture.writer.position, bothSlots: false)
        #expect(fixture.writer.statistics.retiredSegments == 1)
        #expect(fixture.writer.statistics.blankSegments == 0)
        fixture.truncate(to: fixture.writer.position, bothSlots: false)
        #expect(fixture.writer.statistics.retiredSegments == 0)
        #expect(fixture.writer.statistics.blankSegments == 1)
    }

    /// After a crash, numbers that lost groups had can be given again: then the epoch alone tells old from new.
    @Test func everyUseOfAnExtentHasAnEpochOfItsOwn() throws {
        let fixture = try LogFixture()
        var epochs: [UInt64: LogSegment] = [:]
        for _ in 0..<100 {
            try fixture.append([UInt8](repeating: 1, count: 3_000), sync: true)
            for segment in try fixture.replay().log.segments {
                #expect(epochs.updateValue(segment, forKey: segment.epoch) ?? segment == segment)
            }
            fixture.truncate(to: fixture.writer.position, bothSlots: true)
        }
        #expect(epochs.count > 50)
        #expect(Set(epochs.values.map(\.range)).count < 10)
    }

    @Test func surplusSegmentsGoBackToTheFile() throws {
        let fixture = try LogFixture(maximumSpares: 1)
        try fixture.append([UInt8](repeating: 1, count: 12_000), sync: true)
        let count = fixture.writer.statistics.liveSegments
        fixture.truncate(to: fixture.writer.position, bothSlots: true)
        #expect(fixture.writer.statistics.blankSegments == 1)
        #expect(fixture.file.allocator.freeRanges.reduce(0) { $0 + $1.length } == UInt64(4096 * (count - 2)))
    }

    @Test func aCleanCloseKeepsTheLowestSegmentAlone() throws {
        let fixture = try LogFixture()
        let lowest = fixture.writer.extents[0]
        for _ in 0..<50 { try fixture.append([UInt8](repeating: 1, count: 300), sync: true) }
        try fixture.close()
        #expect(fixture.writer.extents == [lowest])
        #expect(fixture.file.allocator.cutTail() == lowest.end)
        #expect(try fixture.replay(mustReach: fixture.start.position.lsn).payloads == [])
        // Closed again at once, it stays where it is: both slots name that header.
        try fixture.reopen()
        try fixture.append([5], sync: true)
        let epoch = fixture.start.epoch
        try fixture.close()
        #expect(fixture.start.epoch == epoch)
        try fixture.reopen()
        try fixture.append([6], sync: true)
        #expect(try fixture.replay().payloads == [[6]])
    }

    @Test func aLogThatFollowsAnotherTakesOverItsExtents() throws {
        let fixture = try LogFixture()
        for _ in 0..<50 { try fixture.append([UInt8](repeating: 1, count: 300), sync: true) }
        let old = try fixture.replay().log
        let next = try LogWriter(creatingIn: fixture.file, following: old) {
            LogSite(floor: 0, generation: Generation(rawValue: 9))
        }
        #expect(next.end > old.end.lsn)
        next.retire(old.segments, lastNamedIn: Generation(rawValue: 9))
        next.recycle(oldestSlot: Generation(rawValue: 9))
        #expect(next.statistics.retiredSegments == old.segments.count)
        next.recycle(oldestSlot: Generation(rawValue: 10))
        #expect(next.statistics.blankSegments == old.segments.count)
    }

    private struct Traffic {
        var numbers: [UInt64] = []
        var inFlight = 0
        var start: LogStart
        /// How many of the numbers lie before the start.
        var dropped = 0
    }

    /// Groups are prepared one after the other and written by several threads at once, while another makes spares
    /// and truncates the log.
    @Test func writesOverlap() throws {
        let device = MemoryDevice()
        let file = StoreFile(
            device: device, identity: LogFixture.identity, allocator: try ExtentAllocator(used: []),
            extentBytes: 16 << 10)
        let writer = try LogWriter(creatingIn: file) { LogSite(floor: 0, generation: Generation(rawValue: 1)) }
        let traffic = Guarded(Traffic(start: writer.start(at: writer.position)))
        let failures = Guarded(0)
        let each = Self.steps
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            do {
                for step in 0..<each where thread < 3 {
                    let number = UInt64(thread * each + step)
                    let size = 8 * (1 + step % 40)
                    var prepared: LogWrite?
                    try traffic.withLock { traffic in
                        prepared = try writer.prepare(
                            payloadBytes: size, startsOnNewSector: step % 3 == 0, durable: .zero
                        ) { payload in
                            for _ in 0..<size / 8 { payload.append(number) }
                        }
                        traffic.numbers.append(number)
                        traffic.inFlight += 1
                    }
                    guard let write = prepared.take() else { continue }
                    try writer.perform(write, durably: step % 2 == 0)
                    traffic.withLock { $0.inFlight -= 1 }
                    traffic.notifyAll()
                }
                for round in 0..<each / 20 where thread == 3 {
                    try writer.prepareSpares(target: 2)
                    _ = (writer.end, writer.liveBytes, writer.statistics, writer.extents)
                    let generation = Generation(rawValue: UInt64(round))
                    let position = traffic.wait(timeoutMilliseconds: 5) { traffic -> LogPosition? in
                        guard traffic.inFlight == 0 else { return nil }
                        traffic.start = writer.start(at: writer.position)
                        traffic.dropped = traffic.numbers.count
                        return traffic.start.position
                    }
                    guard let position else { continue }
                    writer.truncate(to: writer.start(at: position), lastNamedIn: generation)
                    writer.recycle(oldestSlot: generation)
                }
            } catch {
                failures.withLock { $0 += 1 }
            }
        }
        #expect(failures.withLock { $0 } == 0)
        var found: [UInt64] = []
        let (start, numbers) = traffic.withLock { ($0.start, Array($0.numbers.dropFirst($0.dropped))) }
        _ = try LogReader(device: device, identity: LogFixture.identity).replay(from: start) {
            _, payload throws(StoreError) in
            let number = UInt64(littleEndian: payload.base.loadUnaligned(as: UInt64.self))
            #expect(payload.count == 8 * (1 + Int(number) % each % 40))
            found.append(number)
        }
        #expect(found == numbers)
    }
}
