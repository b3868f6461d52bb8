import LSMTxSimulation
import Testing

@testable import LSMTx

@Suite struct LogCrashTests {
    #if DEBUG
    private static let rounds = 6
    private static let exhaustiveSectors = 5
    private static let randomImages = 30
    #else
    private static let rounds = 60
    private static let exhaustiveSectors = 10
    private static let randomImages = 300
    #endif

    private enum Fate: CaseIterable {
        case lost, kept, torn, garbage
    }

    private static func apply(
        _ fate: Fate, old: [UInt8], new: [UInt8], using random: inout SeededGenerator
    ) -> [UInt8] {
        switch fate {
        case .lost: return old
        case .kept: return new
        case .torn:
            let cut = Int.random(in: 0...new.count, using: &random)
            return Array(new[..<cut] + old[cut...])
        case .garbage: return new.map { _ in UInt8.random(in: 0...255, using: &random) }
        }
    }

    /// A log in recycled segments with a synced part and an unsynced tail.
    private static func tornLog(
        using random: inout SeededGenerator
    ) throws -> (fixture: LogFixture, synced: Int) {
        let fixture = try LogFixture()
        for _ in 0..<40 {
            try fixture.append(LogFixture.payload(largest: 6_000, using: &random), sync: true)
        }
        fixture.truncate(to: fixture.writer.position, bothSlots: true)
        for _ in 0..<Int.random(in: 0...10, using: &random) {
            let sync = Bool.random(using: &random)
            try fixture.append(LogFixture.payload(largest: 6_000, using: &random), sync: sync)
        }
        try fixture.sync()
        let synced = fixture.live.count
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            try fixture.append(LogFixture.payload(largest: 9_000, using: &random), sync: false)
        }
        return (fixture, synced)
    }

    private static func check(
        _ image: [UInt8], of fixture: LogFixture, synced: Int, _ what: @autoclosure () -> String
    ) throws {
        let payloads = fixture.live.map(\.payload)
        let replayed = try LogFixture.replay(SectorDevice(image: image), from: fixture.start)
        let count = replayed.payloads.count
        #expect(count >= synced && replayed.payloads == Array(payloads.prefix(count)), "\(what())")
        if count > 0 { #expect(replayed.log.end == fixture.live[fixture.live.startIndex + count - 1].end) }

        // Recovery gives all space that the log does not own to others; a crash inside it replays the log again.
        var reused = [UInt8](repeating: 0xAB, count: image.count)
        for range in replayed.log.segments.map(\.range) {
            reused.replaceSubrange(
                Int(range.offset)..<Int(range.end), with: image[Int(range.offset)..<Int(range.end)])
        }
        let again = try LogFixture.replay(SectorDevice(image: reused), from: fixture.start)
        #expect(again.payloads == replayed.payloads && again.log.end == replayed.log.end, "\(what())")
    }

    @Test func anySubsetOfTheUnsyncedSectorsLeavesAPrefixWithAllThatWasSynced() throws {
        for seed in 1...UInt64(Self.rounds) {
            var random = SeededGenerator(seed: seed)
            let (fixture, synced) = try Self.tornLog(using: &random)
            let unsynced = fixture.device.unsynced.count
            if unsynced <= Self.exhaustiveSectors {
                for subset in 0..<(1 << unsynced) {
                    let image = fixture.device.crashed { index, old, new in subset >> index & 1 == 1 ? new : old }
                    try Self.check(image, of: fixture, synced: synced, "seed \(seed), subset \(subset)")
                }
            }
            for special in 0..<unsynced {
                for fate in Fate.allCases {
                    let only = fixture.device.crashed { index, old, new in
                        Self.apply(index == special ? fate : .lost, old: old, new: new, using: &random)
                    }
                    try Self.check(only, of: fixture, synced: synced, "seed \(seed), only \(special) \(fate)")
                    let allBut = fixture.device.crashed { index, old, new in
                        Self.apply(index == special ? fate : .kept, old: old, new: new, using: &random)
                    }
                    try Self.check(allBut, of: fixture, synced: synced, "seed \(seed), all but \(special) \(fate)")
                }
            }
            for number in 0..<Self.randomImages {
                let image = fixture.device.crashed { _, old, new in
                    let fate = Fate.allCases.randomElement(using: &random) ?? .kept
                    return Self.apply(fate, old: old, new: new, using: &random)
                }
                try Self.check(image, of: fixture, synced: synced, "seed \(seed), random image \(number)")
            }
        }
    }

    /// Power is lost at every call of a log's life: while segments are made, recycled and moved for a close too.
    @Test func aCrashAtAnyMomentLeavesAPrefixWithAllThatWasSynced() throws {
        for seed in 1...UInt64(Self.rounds) {
            let device = CrashDevice()
            // Unsafe: the hook runs inside the calls that this thread makes, and nobody else has the fixture.
            nonisolated(unsafe) let fixture = try LogFixture(device: device)
            nonisolated(unsafe) var random = SeededGenerator(seed: seed)
            let failures = Guarded<[String]>([])
            device.onCrashPoint(everyWrites: 1) { point in
                var choices = [CrashChoice.nothing, .everything]
                for _ in 0..<3 {
                    var choice = CrashChoice(Bool.random(using: &random) ? .old : .new)
                    for sector in point.unsyncedSectors where Bool.random(using: &random) {
                        let versions = point.unsyncedVersions(of: sector)
                        let version = Int.random(in: 0...versions, using: &random)
                        switch Int.random(in: 0..<3, using: &random) {
                        case 0: choice.fates[sector] = .version(version)
                        case 1:
                            let cut = Int.random(in: 0...512, using: &random)
                            choice.fates[sector] = .torn(first: versions, rest: version, cut: cut)
                        default: choice.fates[sector] = .garbage(seed: random.next())
                        }
                    }
                    choices.append(choice)
                }
                let payloads = fixture.live.map(\.payload)
                let synced = fixture.live.prefix { $0.end.lsn <= fixture.durable }.count
                for choice in choices {
                    do throws(StoreError) {
                        let found = try LogFixture.replay(point.image(choice), from: fixture.start).payloads
                        if found.count >= synced, found == Array(payloads.prefix(found.count)) { continue }
                        failures.withLock { $0.append("\(point.moment), \(choice): \(found.count) of \(synced)") }
                    } catch {
                        failures.withLock { $0.append("\(point.moment), \(choice): \(error)") }
                    }
                }
            }
            var steps = SeededGenerator(seed: ~seed)
            for _ in 0..<60 {
                switch Int.random(in: 0..<20, using: &steps) {
                case 0..<15:
                    let payload = LogFixture.payload(largest: 9_000, using: &steps)
                    try fixture.append(payload, sync: Bool.random(using: &steps))
                case 15..<17:
                    try fixture.sync()
                    if let group = fixture.live.randomElement(using: &steps) {
                        fixture.truncate(to: group.end, bothSlots: Bool.random(using: &steps))
                    }
                case 17..<19: try fixture.writer.prepareSpares(target: 2)
                default:
                    try fixture.sync()
                    try fixture.close()
                    try fixture.reopen()
                }
            }
            device.removeHook()
            #expect(failures.withLock { Array($0.prefix(3)) } == [], "seed \(seed)")
        }
    }

    /// Groups whose writes overlap may reach the medium in any order.
    @Test func aGroupAfterALostOneIsLostToo() throws {
        let fixture = try LogFixture()
        try fixture.append([1], sync: true)
        let lost = try fixture.prepare([2])
        let kept = try fixture.prepare([3])
        try fixture.writer.perform(kept, durably: false)
        #expect(try fixture.replay().payloads == [[1]])
        try fixture.writer.perform(lost, durably: false)
        #expect(try fixture.replay().payloads == [[1], [2], [3]])
    }

    @Test func theLogGoesOnInAnotherExtentAfterACrash() throws {
        for seed in 1...UInt64(Self.rounds) {
            var random = SeededGenerator(seed: seed)
            let (fixture, _) = try Self.tornLog(using: &random)
            let image = fixture.device.crashed { _, old, new in Bool.random(using: &random) ? old : new }
            let device = SectorDevice(image: image)
            let old = try LogFixture.replay(device, from: fixture.start)
            let file = StoreFile(
                device: device, identity: LogFixture.identity,
                allocator: try ExtentAllocator(
                    used: [FileRange(offset: 0, length: 8192)] + old.log.segments.map(\.range)),
                extentBytes: 4096)
            let writer = try LogWriter(creatingIn: file, following: old.log) {
                LogSite(floor: 0, generation: Generation(rawValue: 50))
            }
            let start = writer.start(at: writer.position)
            let survivors = old.payloads
            for payload in survivors {
                let write = try writer.prepare(
                    payloadBytes: payload.count, startsOnNewSector: false, durable: start.position.lsn
                ) { target in payload.withUnsafeBytes { target.append(BorrowedBytes($0)) } }
                try writer.perform(write, durably: false)
            }
            #expect(try LogFixture.replay(device, from: start).payloads == survivors, "seed \(seed)")
            #expect(try LogFixture.replay(device, from: fixture.start).payloads == survivors, "seed \(seed)")
        }
    }
}
