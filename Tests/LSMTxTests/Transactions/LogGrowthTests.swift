import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Whoever commits finds the space that the commit needs: the background has made the file longer before.
@Suite struct LogGrowthTests {
    private static func open(_ device: any StorageDevice) throws -> Database {
        try EngineFixture.format(device)
        return try EngineFixture.open(device, background: true)
    }

    private static func byCommits(_ growths: [GrowthDevice.Growth]) -> [GrowthDevice.Growth] {
        growths.filter { $0.thread == "commit" }
    }

    /// Waits until the keeper has made all the segments that it keeps ready.
    private static func waitForSpares(_ database: Database, atLeast count: Int) throws {
        let log = try #require(database.engine.log)
        var turns = 0
        while log.statistics.readySegments < count, turns < 20_000 {
            SystemClock.sleep(microseconds: 1000)
            turns += 1
        }
        #expect(log.statistics.readySegments >= count)
    }

    /// The keeper is given the time that it needs between commits, so that what commits do is theirs by design and not
    /// by its lateness.
    @Test(arguments: [Durability.sync, .buffered])
    func commitsNeverMakeTheFileLongerWhenTheBackgroundKeepsUp(durability: Durability) throws {
        let device = GrowthDevice(MemoryDevice())
        let database = try Self.open(device)
        _ = device.takeGrowths()
        let failure = Guarded<String?>(nil)
        let log = try #require(database.engine.log)
        let committer = try WorkerThread(name: "commit") {
            device.nameThread("commit")
            do {
                for number in 0..<800 {
                    try database.write(durability: durability) { t in
                        try t.put("key \(number % 50)", [UInt8](repeating: UInt8(number % 200), count: 1500))
                    }
                    // More than half of the first segment is used then.
                    if number >= 6 { try Self.waitForSpares(database, atLeast: 7) }
                }
            } catch {
                failure.withLock { $0 = "\(error)" }
            }
        }
        committer.join()
        #expect(failure.withLock { $0 } == nil)
        let growths = device.takeGrowths()
        #expect(Self.byCommits(growths) == [])
        #expect(try database.statistics.log.segmentsAwaited == 0)
        // There was enough to do: flushes, compactions, and segments of the log.
        #expect(log.statistics.segmentsMade + log.statistics.segmentsRecycled > 60)
        #expect(try database.statistics.flushes > 8)
        #expect(Set(growths.map(\.kind)) == [.reservation, .firstWrite])
        try database.close()
    }

    /// At full speed over the smallest segments the keeper may come late, and the commits that then make segments are
    /// counted: nothing else that they do gives the file space.
    @Test func whatCommitsHadToWaitForIsCounted() throws {
        let device = GrowthDevice(MemoryDevice())
        let database = try Self.open(device)
        _ = device.takeGrowths()
        let threads = try (0..<2).map { thread in
            try WorkerThread(name: "commit") {
                device.nameThread("commit")
                for number in 0..<400 {
                    try? database.write(durability: number % 3 == 0 ? .sync : .buffered) { t in
                        try t.put("key \(thread) \(number % 50)", [UInt8](repeating: 1, count: 1500))
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        let growths = Self.byCommits(device.takeGrowths())
        let awaited = try database.statistics.log.segmentsAwaited
        #expect(UInt64(growths.filter { $0.kind == .reservation }.count) <= awaited)
        let segments = FileRangeSet(
            growths.filter { $0.kind == .reservation }.map(\.range).sorted { $0.offset < $1.offset })
        for growth in growths {
            #expect(FileRangeSet([growth.range]).subtracting(segments).byteCount == 0, "\(growth)")
        }
        #expect(try database.statistics.commits == 800)
        try database.close()
    }

    /// One that is longer than all segments which are kept ready needs more than those.
    @Test func aCommitLongerThanWhatIsReadyIsCounted() throws {
        let device = GrowthDevice(MemoryDevice())
        let database = try Self.open(device)
        try database.write { t in try t.put("first", [UInt8](repeating: 1, count: 12_000)) }
        try Self.waitForSpares(database, atLeast: 8)
        let before = try database.statistics.log.segmentsAwaited
        try database.write { t in
            for number in 0..<20 { try t.put("key \(number)", [UInt8](repeating: 1, count: 10_000)) }
        }
        #expect(try database.statistics.log.segmentsAwaited > before)
        try database.close()
    }
    /// The keeper has them for as long as a sync takes, which may be long.
    @Test func segmentsThatAreBeingMadeAreTheLogs() throws {
        let device = GateDevice(MemoryDevice())
        let database = try Self.open(device)
        device.hold(.sync)
        try database.write(durability: .buffered) { t in try t.put("first", [UInt8](repeating: 1, count: 12_000)) }
        try #require(device.waitUntilHeld(.sync))
        #expect(try database.check().findings.map(\.message) == [])
        device.release(.sync)
        try database.close()
    }
}
