import LSMTxTestSupport
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
