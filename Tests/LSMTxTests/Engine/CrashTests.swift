import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct CrashTests {
    #if DEBUG
    static let seeds = 2
    static let creations = 1
    static let commits = 120
    static let pointsOneIn = 12
    static let statesPerPoint = 8
    #else
    static let seeds = 64
    static let creations = 8
    static let commits = 260
    static let pointsOneIn = 12
    static let statesPerPoint = 16
    #endif

    @Test(arguments: 0..<seeds)
    func everyLossOfPowerLeavesAPrefixOfTheCommits(seed: Int) throws {
        let run = CrashRun(
            seed: UInt64(seed), statesPerPoint: Self.statesPerPoint, pointsOneIn: Self.pointsOneIn)
        do { try run.run(commits: Self.commits) } catch { Issue.record("seed \(seed): \(error)") }
        // A workload that is never looked at proves nothing.
        #expect(run.states >= 5 * Self.statesPerPoint && run.statesInRecovery > 0 && run.lostSlots > 0)
        #if !DEBUG
        #expect(run.compactions > 0, "seed \(seed)")
        #expect(min(run.namedReads, run.pastReads, run.rangeDeletes, run.largeValues) > 0, "seed \(seed)")
        #endif
    }

    @Test func theCreationOfAStoreLeavesAStoreOrNone() throws {
        var states = 0
        for seed in 0..<UInt64(Self.creations) {
            let device = CrashDevice()
            let points = Guarded<[CrashPoint]>([])
            device.onCrashPoint(everyWrites: 1) { point in points.withLock { $0.append(point) } }
            try EngineFixture.format(device, seed: seed)
            device.removeHook()
            for point in points.withLock({ $0 }) {
                for outcome in point.states(seed: seed, random: 24, singles: 6) {
                    states += 1
                    do {
                        let database = try EngineFixture.open(point.image(outcome))
                        #expect(try EngineFixture.contents(database).isEmpty)
                        #expect(ExtentAudit.findings(in: database.engine) == [])
                        try database.close()
                    } catch {
                        let code = (error as? StoreError)?.code
                        #expect(
                            code == .notADatabase || code == .corrupt,
                            "seed \(seed), \(point.moment), \(outcome): \(error)")
                    }
                }
            }
        }
        #expect(states > 100)
    }

    @Test func damageInsideTheSyncedLogRefusesTheOpen() throws {
        let device = MemoryDevice()
        try EngineFixture.format(device)
        let database = try EngineFixture.open(device)
        for number in 0..<40 {
            try database.write { try $0.put("k\(number)", [UInt8](repeating: UInt8(number + 1), count: 100)) }
        }
        let killed = try EngineFixture.copy(device).readAll()
        try database.close()
        for number in 0..<38 {
            // The value of an early commit: the records after it say that it was durable.
            let value = [UInt8](repeating: UInt8(number + 1), count: 100)
            let place = try #require(killed.firstRange(of: value))
            var damaged = killed
            damaged[place.lowerBound + 50] ^= 0x10
            let copy = MemoryDevice()
            try copy.write(damaged, at: 0)
            #expect(
                EngineFixture.code { _ = try EngineFixture.open(copy) } == .corrupt, "commit \(number) was damaged")
            #expect(try copy.readAll() == damaged)
        }
    }
}
