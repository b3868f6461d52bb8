import LSMTxSimulation
import Testing

@testable import LSMTx

@Suite struct LogDamageTests {
    /// What a replay of a changed image came to.
    private enum Outcome: Equatable {
        case payloads(Int)
        case failed(StoreError.Code)
        case wrong
    }

    private static func outcome(
        _ image: [UInt8], of fixture: LogFixture, mustReach: LogSequenceNumber? = nil
    ) -> Outcome {
        do throws(StoreError) {
            let replayed = try LogFixture.replay(SectorDevice(image: image), from: fixture.start, mustReach: mustReach)
            let expected = fixture.live.map(\.payload).prefix(replayed.payloads.count)
            return replayed.payloads == Array(expected) ? .payloads(replayed.payloads.count) : .wrong
        } catch {
            return .failed(error.code)
        }
    }

    /// Three segments, with fragments, gaps and a truncated start.
    private static func log() throws -> LogFixture {
        var random = SeededGenerator(seed: 5)
        let fixture = try LogFixture()
        for count in [10, 700, 0, 3_500, 33, 200] {
            let payload = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            try fixture.append(payload, sync: count != 33)
        }
        fixture.truncate(to: fixture.groups[0].end, bothSlots: true)
        try fixture.append([1, 2, 3], sync: true)
        return fixture
    }

    @Test func everyFlippedBitIsFoundOrLosesTheLastGroupAlone() throws {
        let fixture = try Self.log()
        let image = fixture.device.image
        let ranges = try fixture.replay().log.segments.map(\.range)
        let all = fixture.live.count
        let reach = fixture.writer.end
        var found = 0
        for range in ranges {
            for place in Int(range.offset)..<Int(range.end) {
                #if DEBUG
                let bits = [place % 8]
                #else
                let bits = Array(0..<8)
                #endif
                for bit in bits {
                    var changed = image
                    changed[place] ^= 1 << UInt8(bit)
                    switch Self.outcome(changed, of: fixture) {
                    case .payloads(all): break
                    case .payloads(all - 1):
                        found += 1
                        // With the end on record, even that is found.
                        #expect(Self.outcome(changed, of: fixture, mustReach: reach) == .failed(.corrupt))
                    case .failed(.corrupt): found += 1
                    case let other: Issue.record("byte \(place), bit \(bit): \(other)")
                    }
                }
            }
        }
        #expect(found > 3_500, "the payload alone has more bits than were found")
    }

    @Test func aFileThatWasCutOffIsDamaged() throws {
        let fixture = try Self.log()
        let image = fixture.device.image
        let end = try #require(try fixture.replay().log.segments.map(\.range.end).max())
        for length in stride(from: 0, to: image.count, by: 512) {
            let outcome = Self.outcome(Array(image[..<length]), of: fixture)
            #expect(outcome == (length < Int(end) ? .failed(.corrupt) : .payloads(fixture.live.count)))
        }
        #expect(Self.outcome(image + [1, 2, 3], of: fixture) == .payloads(fixture.live.count))
    }

    @Test func everyZeroedSectorIsFoundOrLosesTheLastGroupAlone() throws {
        let fixture = try Self.log()
        let image = fixture.device.image
        for place in stride(from: 8192, to: image.count, by: 512) {
            var changed = image
            changed.replaceSubrange(place..<place + 512, with: repeatElement(0, count: 512))
            let outcome = Self.outcome(changed, of: fixture)
            #expect(
                outcome == .payloads(fixture.live.count) || outcome == .payloads(fixture.live.count - 1)
                    || outcome == .failed(.corrupt), "offset \(place)")
        }
    }

    @Test func aFailedReadIsNeverTheEndOfTheLog() throws {
        let fixture = try Self.log()
        for range in try fixture.replay().log.segments.map(\.range) {
            fixture.device.configure { $0.readFailure = range }
            do throws(StoreError) {
                _ = try fixture.replay()
                Issue.record("the read was to fail")
            } catch {
                #expect(error.code == .io)
            }
        }
    }

    /// A reading process reads a segment while it is being written: an old sector beside a new one is no damage.
    @Test func whatWasReadWhileItWasBeingWrittenIsReadAgain() throws {
        let fixture = try LogFixture()
        for number in 1...4 { try fixture.append([UInt8(number)], sync: true) }
        let place = fixture.start.segment.offset + 2 * 512
        fixture.device.configure { $0.staleOnce = FileRange(offset: place, length: 512) }
        #expect(try fixture.replay().payloads == [[1], [2], [3], [4]])
    }

    @Test func aLogThatEndsBeforeACleanCloseSaidSoIsDamaged() throws {
        let fixture = try LogFixture()
        try fixture.append([1], sync: true)
        let end = fixture.writer.end
        #expect(try fixture.replay(mustReach: end).payloads == [[1]])
        #expect(throws: StoreError.self) { try fixture.replay(mustReach: end.advanced(by: 8)) }
    }

    // MARK: Files that were made to deceive

    private static let first = FileRange(offset: 0, length: 4096)

    /// A segment at `range` with a header, whose records `fill` writes.
    private static func hostileSegment(
        _ range: FileRange, number: UInt64, base: UInt64, epoch: UInt64,
        fill: (UnsafeMutableRawBufferPointer, LogSegment) -> Void
    ) -> [UInt8] {
        let segment = LogSegment(
            range: range, epoch: epoch, number: number, base: LogSequenceNumber(rawValue: base))
        var bytes = [UInt8](repeating: 0, count: Int(range.length))
        bytes.withUnsafeMutableBytes { bytes in
            segment.encodeHeader(
                to: UnsafeMutableRawBufferPointer(rebasing: bytes[..<512]), file: LogFixture.identity,
                born: Generation(rawValue: 1))
            fill(bytes, segment)
        }
        return bytes
    }

    private static func start(epoch: UInt64, base: UInt64) -> LogStart {
        LogStart(
            segment: first, epoch: epoch,
            position: LogPosition(lsn: LogSequenceNumber(rawValue: base + 512), previousChecksum: 0))
    }

    private static func code(_ image: [UInt8], _ start: LogStart) -> StoreError.Code? {
        do throws(StoreError) {
            _ = try LogFixture.replay(SectorDevice(image: image), from: start)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func aChainThatLeadsBackIsDamaged() {
        let image = Self.hostileSegment(Self.first, number: 1, base: 0, epoch: 5) { bytes, segment in
            _ = LogRecordHeader.sealSegmentEnd(
                bytes.baseAddress! + 512, seed: LogFixture.identity.seed, epoch: 5, lsn: 512, previousChecksum: 0,
                durable: 0, next: segment)
        }
        #expect(Self.code(image, Self.start(epoch: 5, base: 0)) == .corrupt)
    }

    @Test(
        arguments: [
            (4096, 4096), (1, 4096), (.max - 4095, 4096), (4096, .max), (0, 0), (1 << 44, 64 << 20),
        ] as [(UInt64, UInt64)])
    func aSegmentThatCannotBeThereIsDamage(offset: UInt64, length: UInt64) {
        let range = FileRange(offset: offset, length: length)
        let next = LogSegment(range: range, epoch: 6, number: 2, base: LogSequenceNumber(rawValue: 4096))
        let image = Self.hostileSegment(Self.first, number: 1, base: 0, epoch: 5) { bytes, _ in
            _ = LogRecordHeader.sealSegmentEnd(
                bytes.baseAddress! + 512, seed: LogFixture.identity.seed, epoch: 5, lsn: 512, previousChecksum: 0,
                durable: 0, next: next)
        }
        #expect(Self.code(image, Self.start(epoch: 5, base: 0)) == .corrupt)
    }

    @Test func numbersAtTheEndOfTheirRangeDoNotTrap() {
        for base in [0, LogStart.maximumLSN, LogStart.maximumLSN + 512, UInt64.max - 511] {
            let image = Self.hostileSegment(Self.first, number: .max, base: base, epoch: 5) { _, _ in }
            #expect(Self.code(image, Self.start(epoch: 5, base: min(base, .max - 1024))) == .corrupt || base == 0)
            let other = Self.hostileSegment(Self.first, number: 1, base: base, epoch: 5) { bytes, _ in
                _ = LogRecordHeader.seal(
                    bytes.baseAddress! + 512, seed: LogFixture.identity.seed, epoch: 5, lsn: base &+ 512,
                    previousChecksum: 0, durable: .max, payloadBytes: 100, kind: .group, flags: 0)
            }
            #expect(Self.code(other, Self.start(epoch: 5, base: min(base, .max - 1024))) == .corrupt)
        }
    }

    @Test func aRecordOfAnUnknownKindIsRefused() {
        let image = Self.hostileSegment(Self.first, number: 1, base: 0, epoch: 5) { bytes, _ in
            _ = LogRecordHeader.seal(
                bytes.baseAddress! + 512, seed: LogFixture.identity.seed, epoch: 5, lsn: 512, previousChecksum: 0,
                durable: 0, payloadBytes: 8, kind: .group, flags: 2)
        }
        #expect(Self.code(image, Self.start(epoch: 5, base: 0)) == .unsupportedFormat)
    }

    /// Changes with the checksums made right again: whatever the log then says, reading it and going on after it ends
    /// in an error or in a log that works.
    @Test func aForgedLogNeverTraps() throws {
        let original = try Self.log()
        let image = original.device.image
        let segments = try original.replay().log.segments
        let seed = LogFixture.identity.seed
        #if DEBUG
        let rounds = 1_500
        #else
        let rounds = 30_000
        #endif
        var random = SeededGenerator(seed: 11)
        let extremes: [UInt64] = [0, 1, 48, 512, 4096, 1 << 32, 1 << 44, 1 << 62, .max - 511, .max]
        for round in 0..<rounds {
            var changed = image
            var start = original.start
            changed.withUnsafeMutableBytes { bytes in
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let segment = segments.randomElement(using: &random)!
                    let extent = UnsafeMutableRawBufferPointer(
                        rebasing: bytes[Int(segment.range.offset)..<Int(segment.range.end)])
                    let value = extremes.randomElement(using: &random)! &+ UInt64.random(in: 0...8, using: &random)
                    var hashed = 0
                    let places = stride(from: 512, to: segment.length, by: 8).filter { place in
                        let all = UnsafeRawBufferPointer(extent)
                        return segment.record(at: place, in: all, seed: seed, hashed: &hashed) != nil
                    }
                    guard let place = places.randomElement(using: &random), Int.random(in: 0..<4, using: &random) > 0
                    else {
                        let field = 8 * Int.random(in: 1...9, using: &random)
                        extent.storeBytes(of: value, toByteOffset: field, as: UInt64.self)
                        let header = UnsafeRawBufferPointer(rebasing: extent[8..<512])
                        let headerSeed = seed ^ (segment.range.offset &* 0x9E37_79B9_7F4A_7C15)
                        extent.storeBytes(
                            of: xxh3(BorrowedBytes(header), seed: headerSeed), toByteOffset: 0, as: UInt64.self)
                        continue
                    }
                    let field = place + 8 * Int.random(in: 3...8, using: &random)
                    if field + 8 <= extent.count {
                        extent.storeBytes(of: value, toByteOffset: field, as: UInt64.self)
                    }
                    let count = extent.loadUnaligned(fromByteOffset: place + 40, as: UInt32.self)
                    let end = min(place + 48 + Int(count), extent.count)
                    let record = UnsafeRawBufferPointer(rebasing: extent[place + 8..<end])
                    extent.storeBytes(of: xxh3(BorrowedBytes(record), seed: seed), toByteOffset: place, as: UInt64.self)
                }
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                let value = extremes.randomElement(using: &random)! &+ UInt64.random(in: 0...8, using: &random)
                start = LogStart(
                    segment: Bool.random(using: &random)
                        ? FileRange(offset: value, length: start.segment.length) : start.segment,
                    epoch: start.epoch,
                    position: LogPosition(
                        lsn: LogSequenceNumber(rawValue: value), previousChecksum: start.position.previousChecksum))
            }
            let device = SectorDevice(image: changed)
            do throws(StoreError) {
                let replay = try LogFixture.replay(device, from: start).log
                let used = [FileRange(offset: 0, length: 8192)] + replay.segments.map(\.range)
                let file = StoreFile(
                    device: device, identity: LogFixture.identity, allocator: try ExtentAllocator(used: used),
                    extentBytes: 4096)
                let writer = try LogWriter(resuming: replay, in: file) {
                    LogSite(floor: 0, generation: Generation(rawValue: 1))
                }
                for size in [0, 5_000] {
                    let zeros = [UInt8](repeating: 0, count: size)
                    let write = try writer.prepare(payloadBytes: size, startsOnNewSector: true, durable: .zero) {
                        target in zeros.withUnsafeBytes { target.append(BorrowedBytes($0)) }
                    }
                    try writer.perform(write, durably: false)
                }
                let again = try LogFixture.replay(device, from: start).log
                #expect(again.groups == replay.groups + 2, "round \(round)")
            } catch {
                #expect([.corrupt, .unsupportedFormat].contains(error.code), "round \(round): \(error)")
            }
        }
    }

    /// Headers wherever they fit, each promising a record up to the segment's end.
    @Test func aSegmentFullOfFalseHeadersDoesNotKeepTheSearchBusy() {
        let image = Self.hostileSegment(
            FileRange(offset: 0, length: 256 << 10), number: 1, base: 0, epoch: 5
        ) { bytes, segment in
            for offset in stride(from: 560, to: segment.length - 64, by: 48) {
                bytes.storeBytes(of: 5, toByteOffset: offset + 8, as: UInt64.self)
                bytes.storeBytes(of: UInt64(offset), toByteOffset: offset + 16, as: UInt64.self)
                let rest = UInt64(segment.length - offset - 48) | 1 << 32
                bytes.storeBytes(of: rest, toByteOffset: offset + 40, as: UInt64.self)
            }
        }
        let start = LogStart(
            segment: FileRange(offset: 0, length: 256 << 10), epoch: 5,
            position: LogPosition(lsn: LogSequenceNumber(rawValue: 512), previousChecksum: 0))
        #expect(Self.code(image, start) == .corrupt)
    }
}
