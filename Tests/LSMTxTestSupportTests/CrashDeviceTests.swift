import LSMTx
import LSMTxSimulation
import Testing

@Suite struct CrashDeviceTests {
    private static let sector = CrashDevice.sectorBytes

    private static func filled(_ byte: UInt8, _ count: Int = sector) -> [UInt8] {
        [UInt8](repeating: byte, count: count)
    }

    /// Two durable sectors of ones.
    private static func device() -> CrashDevice { CrashDevice(filled(1, 2 * sector)) }

    @Test func aWriteIsVisibleAtOnceAndDurableAfterASync() throws {
        let device = Self.device()
        try device.write(Self.filled(2), at: 0)
        #expect(try device.readAll() == Self.filled(2) + Self.filled(1))
        #expect(try device.crashImage(choosing: .nothing).readAll() == Self.filled(1, 2 * Self.sector))
        #expect(try device.crashImage(choosing: .everything).readAll() == device.readAll())
        try device.sync()
        #expect(try device.crashImage(choosing: .nothing).readAll() == device.readAll())
        #expect(device.crashPoint().unsyncedSectors.isEmpty)
    }

    @Test func anImageIsDurableAndIndependent() throws {
        let device = Self.device()
        try device.write(Self.filled(2), at: 0)
        let image = device.crashImage(choosing: .everything)
        try image.write(Self.filled(3), at: 0)
        try device.write(Self.filled(4), at: 0)
        #expect(try image.crashImage(choosing: .nothing).readBytes(Self.sector, at: 0) == Self.filled(2))
        #expect(try image.readBytes(Self.sector, at: 0) == Self.filled(3))
        #expect(try device.readBytes(Self.sector, at: 0) == Self.filled(4))
    }

    @Test func aPointIsNotChangedByWhatFollows() throws {
        let device = Self.device()
        try device.write(Self.filled(2), at: 0)
        let point = device.crashPoint()
        try device.write(Self.filled(3), at: 512)
        try device.sync()
        #expect(point.unsyncedSectors == [0])
        #expect(try point.image(.everything).readAll() == Self.filled(2) + Self.filled(1))
        #expect(try point.image(.nothing).readAll() == Self.filled(1, 2 * Self.sector))
    }

    @Test func everyIntermediateContentOfASectorIsPossible() throws {
        let device = Self.device()
        for byte in [2, 3, 4] as [UInt8] { try device.write(Self.filled(byte), at: 0) }
        let point = device.crashPoint()
        #expect(point.unsyncedVersions(of: 0) == 3)
        for version in 0...3 {
            let image = point.image(CrashChoice(.old, fates: [0: .version(version)]))
            #expect(try image.readBytes(Self.sector, at: 0) == Self.filled(UInt8(version + 1)))
        }
        let states = Set(point.states(seed: 1, exhaustiveLimit: 16))
        #expect(states.count == 4)
    }

    @Test func aTearMixesTwoContentsAndGarbageIsNeither() throws {
        let device = Self.device()
        try device.write(Self.filled(2), at: 0)
        let point = device.crashPoint()
        let torn = point.image(CrashChoice(.old, fates: [0: .torn(first: 1, rest: 0, cut: 100)]))
        #expect(try torn.readBytes(Self.sector, at: 0) == Self.filled(2, 100) + Self.filled(1, 412))
        let garbage = point.image(CrashChoice(.old, fates: [0: .garbage(seed: 5)]))
        let bytes = try garbage.readBytes(Self.sector, at: 0)
        #expect(bytes != Self.filled(1) && bytes != Self.filled(2))
        #expect(try point.image(CrashChoice(.old, fates: [0: .garbage(seed: 5)])).readAll() == garbage.readAll())
    }

    @Test func aDurableWriteCoversItsOwnSectorsOnly() throws {
        let device = Self.device()
        try device.write(Self.filled(2), at: 0)
        try device.writeDurably(Self.filled(3, 10), at: 512)
        #expect(device.crashPoint().unsyncedSectors == [0])
        let expected = Self.filled(1) + Self.filled(3, 10) + Self.filled(1, 502)
        #expect(try device.crashImage(choosing: .nothing).readAll() == expected)
    }

    @Test func aDurableWritePastTheEndTakesTheLengthWithIt() throws {
        let device = Self.device()
        try device.reserve(FileRange(offset: 0, length: 8192))
        try device.writeDurably(Self.filled(3), at: 4096)
        let image = device.crashImage(choosing: .nothing)
        #expect(try image.length() >= 4608)
        #expect(try image.readBytes(Self.sector, at: 4096) == Self.filled(3))
        #expect(try image.readBytes(Self.sector, at: 1024) == Self.filled(0))
    }

    @Test func noEarlierLengthCutsADurableWriteOff() throws {
        let device = Self.device()
        try device.reserve(FileRange(offset: 0, length: 8192))
        try device.truncate(to: 512)
        try device.writeDurably(Self.filled(3), at: 1024)
        let point = device.crashPoint()
        for choice in point.states(seed: 1, exhaustiveLimit: 64) {
            #expect(try point.image(choice).readBytes(Self.sector, at: 1024) == Self.filled(3), "\(choice)")
        }
    }

    @Test func theLengthIsUndecidedUntilASync() throws {
        let device = Self.device()
        try device.reserve(FileRange(offset: 0, length: 4096))
        try device.truncate(to: 512)
        let point = device.crashPoint()
        #expect(point.unsyncedLengths == 2)
        let lengths = try (0...2).map { try point.image(CrashChoice(.old, lengthVersion: $0)).length() }
        #expect(lengths == [1024, 4096, 512])
        // The cut is not durable either: what it removed may be back.
        #expect(try point.image(.nothing).readAll() == Self.filled(1, 2 * Self.sector))
        try device.sync()
        #expect(try device.crashImage(choosing: .nothing).readAll() == Self.filled(1))
        try device.reserve(FileRange(offset: 0, length: 1024))
        #expect(try device.readAll() == Self.filled(1) + Self.filled(0))
    }

    @Test func bytesWrittenPastALostLengthAreLostWithIt() throws {
        let device = Self.device()
        try device.write(Self.filled(2), at: 1024)
        let point = device.crashPoint()
        let image = point.image(CrashChoice(.new, lengthVersion: 0))
        #expect(try image.readAll() == Self.filled(1, 2 * Self.sector))
        try image.reserve(FileRange(offset: 0, length: 2048))
        #expect(try image.readBytes(Self.sector, at: 1024) == Self.filled(0))
        let holed = point.image(CrashChoice(.old, lengthVersion: 1))
        #expect(try holed.readAll() == Self.filled(1, 2 * Self.sector) + Self.filled(0))
    }

    @Test func aPunchIsAWriteOfZeros() throws {
        let device = Self.device()
        try device.punch(FileRange(offset: 100, length: 100_000))
        #expect(try device.readAll() == Self.filled(1, 100) + Self.filled(0, 924))
        #expect(try device.crashImage(choosing: .nothing).readAll() == Self.filled(1, 2 * Self.sector))
    }

    @Test func aSyncDoesNotCoverWhatIsWrittenWhileItRuns() throws {
        let device = Self.device()
        try device.write(Self.filled(2), at: 0)
        let once = Guarded(false)
        device.onCrashPoint { [unowned device] point in
            guard point.moment == .beforeSync, once.withLock({ !$0 }) else { return }
            once.withLock { $0 = true }
            do {
                try device.write(Self.filled(3), at: 0)
                try device.write(Self.filled(3), at: 512)
            } catch {
                Issue.record(error)
            }
        }
        try device.sync()
        #expect(try device.crashImage(choosing: .nothing).readAll() == Self.filled(2) + Self.filled(1))
        #expect(try device.crashImage(choosing: .everything).readAll() == Self.filled(3, 2 * Self.sector))
        try device.sync()
        #expect(try device.crashImage(choosing: .nothing).readAll() == Self.filled(3, 2 * Self.sector))
    }

    @Test func afterAFailedSyncALaterOneSavesOnlyWhatIsWrittenAgain() throws {
        let device = Self.device()
        try device.write(Self.filled(2), at: 0)
        try device.write(Self.filled(2), at: 512)
        device.loseUnsynced()
        try device.write(Self.filled(3), at: 512)
        try device.sync()
        #expect(try device.readAll() == Self.filled(2) + Self.filled(3))
        #expect(try device.crashImage(choosing: .nothing).readAll() == Self.filled(1) + Self.filled(3))
        #expect(try device.crashImage(choosing: .everything).readAll() == Self.filled(2) + Self.filled(3))
        try device.write(Self.filled(4), at: 0)
        try device.sync()
        #expect(try device.crashImage(choosing: .nothing).readAll() == Self.filled(4) + Self.filled(3))
    }

    @Test func theHookSeesEverySyncAndEveryKthWrite() throws {
        let device = Self.device()
        let moments = Guarded<[CrashDevice.Moment]>([])
        device.onCrashPoint(everyWrites: 2) { point in moments.withLock { $0.append(point.moment) } }
        for offset in 0..<4 as Range<UInt64> { try device.write([1], at: offset) }
        try device.writeDurably([1], at: 0)
        try device.sync()
        device.removeHook()
        try device.sync()
        let expected: [CrashDevice.Moment] = [
            .afterWrite, .afterWrite, .beforeDurableWrite, .afterDurableWrite, .beforeSync, .afterSync,
        ]
        #expect(moments.withLock { $0 } == expected)
    }

    @Test func theStatesHoldEachSectorMissingAndAlone() throws {
        let device = CrashDevice()
        try device.write(Self.filled(2, 5 * Self.sector), at: 0)
        let point = device.crashPoint()
        let states = point.states(seed: 9, random: 10)
        #expect(states.count == 4 + 2 * 5 + 10)
        #expect(states == point.states(seed: 9, random: 10))
        #expect(states != point.states(seed: 10, random: 10))
        for sector in 0..<5 as Range<UInt64> {
            #expect(states.contains(CrashChoice(.new, fates: [sector: .version(0)])))
            #expect(states.contains(CrashChoice(.old, fates: [sector: .version(1)], lengthVersion: 1)))
        }
        #expect(point.states(seed: 9, random: 0, singles: 2).count == 4 + 2 * 2)
        #expect(Set(point.states(seed: 9, exhaustiveLimit: 64)).count == 64)
        try device.sync()
        #expect(device.crashPoint().states(seed: 9) == [.nothing])
    }

    /// Random operations against a model that keeps every version of every sector.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func everyImageIsMadeOfVersionsThatExisted(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let device = CrashDevice()
        var current: [UInt8] = []
        var versions: [Int: Set<[UInt8]>] = [:]
        var lengths: Set<Int> = [0]
        func contents(_ sector: Int) -> [UInt8] {
            let start = min(current.count, sector * Self.sector)
            let bytes = current[start..<min(current.count, start + Self.sector)]
            return bytes + Self.filled(0, Self.sector - bytes.count)
        }
        #if DEBUG
        let steps = 120
        #else
        let steps = 1000
        #endif
        for step in 0..<steps {
            let offset = Int.random(in: 0..<20_000, using: &random)
            let count = Int.random(in: 1...3000, using: &random)
            let bytes = Self.filled(UInt8.random(in: 1...255, using: &random), count)
            let kind = Int.random(in: 0..<8, using: &random)
            switch kind {
            case 0:
                try device.sync()
                versions.removeAll()
                lengths = [current.count]
                continue
            case 1:
                let length = min(offset, current.count)
                try device.truncate(to: UInt64(length))
                for sector in 0..<60 { versions[sector, default: []].insert(contents(sector)) }
                current.removeSubrange(length...)
            default:
                for sector in 0..<60 { versions[sector, default: []].insert(contents(sector)) }
                if kind == 2 {
                    try device.writeDurably(bytes, at: UInt64(offset))
                } else {
                    try device.write(bytes, at: UInt64(offset))
                }
                if current.count < offset + count { current += Self.filled(0, offset + count - current.count) }
                current.replaceSubrange(offset..<offset + count, with: bytes)
                if kind == 2 {
                    for sector in offset / Self.sector...(offset + count - 1) / Self.sector { versions[sector] = [] }
                    lengths = lengths.filter { $0 >= offset + count }
                }
            }
            lengths.insert(current.count)
            for sector in 0..<60 { versions[sector, default: []].insert(contents(sector)) }
            #expect(try device.readAll() == current, "seed \(seed), step \(step)")

            let point = device.crashPoint()
            for choice in point.states(seed: seed + UInt64(step), random: 4, singles: 1) {
                let image = try point.image(choice).readAll()
                #expect(lengths.contains(image.count), "seed \(seed), step \(step), \(choice)")
                for sector in 0..<image.count / Self.sector {
                    switch choice.fates[UInt64(sector)] {
                    case .torn, .garbage: continue
                    default: break
                    }
                    let content = Array(image[sector * Self.sector..<(sector + 1) * Self.sector])
                    #expect(
                        versions[sector]?.contains(content) ?? (content == contents(sector)),
                        "seed \(seed), step \(step), sector \(sector), \(choice)")
                }
            }
        }
    }

    /// The size of a real crash test: an image must cost microseconds, not a copy of the file.
    @Test func tenThousandsOfImagesAreCheap() throws {
        let device = CrashDevice(Self.filled(1, 4 << 20))
        for index in 0..<64 as Range<UInt64> { try device.write(Self.filled(2), at: index * 65_536) }
        let point = device.crashPoint()
        #if DEBUG
        let rounds = 5
        #else
        let rounds = 100
        #endif
        var sum = 0
        for round in 0..<rounds {
            for choice in point.states(seed: UInt64(round), random: 70) {
                sum += Int(try point.image(choice).readBytes(1, at: 65_536)[0])
            }
        }
        #expect(sum > 0)
    }
}
