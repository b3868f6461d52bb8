import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Stores whose compactions are split in two, as seen from outside.
@Suite struct SplitCompactionStoreTests {
    private static let keys = 400

    private static func options(background: Bool, partBytes: UInt64? = 4 << 10) -> EngineOptions {
        var options = EngineFixture.options(background: background)
        options.compactionPartBytes = partBytes
        options.mergesTogether = true
        options.largeValueBytes = 600
        // Nothing is compacted before it is asked for.
        options.levelZeroTables = 100
        options.levelZeroSlow = 100
        options.levelZeroStop = 200
        return options
    }

    /// Overwrites, deletions of keys and of ranges, and large values, with a named snapshot in the middle.
    private static func fill(_ database: Database, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<6 {
            for start in stride(from: 0, to: keys, by: 50) {
                try database.write { t in
                    for key in start..<start + 50 where (key + round) % 4 > 0 {
                        let isLarge = Int.random(in: 0..<20, using: &random) == 0
                        let count = isLarge ? 5000 : Int.random(in: 0...120, using: &random)
                        try t.put("key \(1000 + key)", [UInt8](repeating: UInt8(round), count: count))
                    }
                    if Int.random(in: 0..<4, using: &random) == 0 {
                        let lower = Int.random(in: 0..<keys, using: &random)
                        try t.deleteRange(
                            KeyRange(from: Array("key \(1000 + lower)".utf8), upTo: Array("key \(1040 + lower)".utf8)))
                    }
                }
            }
            if round == 2 { try database.createSnapshot(named: "middle") }
            try database.flush()
        }
    }

    private static func past(_ database: Database) throws -> [Entry] {
        try database.read(at: .named("middle")) { Array($0.scan()) }
    }

    /// The tables of a level meet only where the keys were split or a table was full.
    @Test(arguments: UInt64(1)...4) func theOutcomeIsTheSameAsWithoutSplitting(seed: UInt64) throws {
        func outcome(_ options: EngineOptions) throws -> (now: [Entry], past: [Entry], entries: UInt64, owned: Int) {
            let device = MemoryDevice()
            try EngineFixture.format(device)
            let database = try EngineFixture.open(device, options)
            try Self.fill(database, seed: seed)
            try database.compact()
            #expect(ExtentAudit.findings(in: database.engine) == [], "seed \(seed)")
            #expect(try database.check().findings.isEmpty, "seed \(seed)")
            let version = database.engine.versions.current
            let entries = version.tables.reduce(0) { $0 + $1.descriptor.statistics.entryCount }
            let found = (
                try EngineFixture.contents(database), try Self.past(database), entries, version.largeValueCount
            )
            try database.close()
            return found
        }
        let whole = try outcome(Self.options(background: false, partBytes: .max))
        for background in [false, true] {
            let split = try outcome(Self.options(background: background))
            #expect(split.now == whole.now && split.past == whole.past, "seed \(seed), background \(background)")
            #expect(split.entries == whole.entries, "seed \(seed), background \(background)")
            #expect(split.owned == whole.owned, "seed \(seed), background \(background)")
        }
    }

    /// Power is lost at some of all moments of compactions whose parts are merged in turn.
    @Test func everyLossOfPowerLeavesEverything() throws {
        #if DEBUG
        let (seeds, pointsOneIn) = (UInt64(1)...2, 1)
        #else
        let (seeds, pointsOneIn) = (UInt64(1)...8, 1)
        #endif
        // Where the filling has left garbage enough to be compacted at once, nothing is left to do.
        var states = 0
        for seed in seeds {
            let device = CrashDevice()
            try EngineFixture.format(device)
            let options = Self.options(background: false)
            let database = try EngineFixture.open(device, options)
            try Self.fill(database, seed: seed)
            let (now, past) = (try EngineFixture.contents(database), try Self.past(database))
            let points = Guarded<[CrashPoint]>([])
            device.onCrashPoint(everyWrites: 1) { point in points.withLock { $0.append(point) } }
            try database.compact()
            device.removeHook()
            var random = SeededGenerator(seed: seed)
            for point in points.withLock({ $0 }) where Int.random(in: 0..<pointsOneIn, using: &random) == 0 {
                let outcomes = point.states(seed: random.next(), random: 6, singles: 2).shuffled(using: &random)
                for outcome in outcomes.prefix(4) {
                    states += 1
                    let what = "seed \(seed), \(point.moment), \(outcome)"
                    let again = try EngineFixture.open(point.image(outcome), options)
                    #expect(try EngineFixture.contents(again) == now, "\(what)")
                    #expect(try Self.past(again) == past, "\(what)")
                    #expect(ExtentAudit.findings(in: again.engine) == [], "\(what)")
                    try again.compact()
                    #expect(try EngineFixture.contents(again) == now, "\(what), compacted")
                    try again.close()
                }
            }
            try database.close()
        }
        #expect(states > 20 * seeds.count)
    }

    /// The device fails while two threads write: nothing that was committed is gone, whichever of them met it.
    @Test(arguments: [StoreError.Code.diskFull, .io]) func aFailureInEitherPartLosesNothing(code: StoreError.Code)
        throws
    {
        #if DEBUG
        let calls = stride(from: 0, to: 120, by: 17)
        #else
        let calls = stride(from: 0, to: 400, by: 3)
        #endif
        let base = MemoryDevice()
        try EngineFixture.format(base)
        var options = Self.options(background: false)
        let filled = try EngineFixture.open(base, options)
        try Self.fill(filled, seed: 1)
        let (now, past) = (try EngineFixture.contents(filled), try Self.past(filled))
        let image = try EngineFixture.copy(base)
        try filled.close()
        options.hasBackgroundThreads = true
        var failures = 0
        for call in calls {
            let device = FaultDevice(try EngineFixture.copy(image))
            let database = try EngineFixture.open(device, options)
            device.setFault(.init(.write, call: call, .failure(code)))
            let found = EngineFixture.code { try database.compact() }
            if found != nil { failures += 1 }
            device.setFault(nil)
            #expect(found == nil || found == code || found == .poisoned, "call \(call)")
            #expect(try EngineFixture.contents(database) == now, "call \(call)")
            if found == code, code == .diskFull {
                #expect(ExtentAudit.findings(in: database.engine) == [], "call \(call)")
                try database.compact()
            }
            try? database.close()
            let again = try EngineFixture.open(device, options)
            #expect(try EngineFixture.contents(again) == now && Self.past(again) == past, "call \(call)")
            #expect(try again.check().findings.isEmpty, "call \(call)")
            try again.close()
        }
        #expect(failures > 0)
    }

    /// Commits, flushes and readers go on while compactions are asked for again and again.
    @Test func commitsAndReadsGoOnBesideBothThreads() throws {
        let device = MemoryDevice()
        try EngineFixture.format(device)
        let database = try EngineFixture.open(device, Self.options(background: true))
        let isDone = Guarded(false)
        let compactor = try WorkerThread(name: "compact") {
            while !isDone.withLock({ $0 }) {
                try? database.compact()
                SystemClock.sleep(microseconds: 300)
            }
        }
        var model: [Int: Int] = [:]
        var random = SeededGenerator(seed: 5)
        #if DEBUG
        let rounds = 60
        #else
        let rounds = 600
        #endif
        for round in 0..<rounds {
            for _ in 0..<20 {
                let key = Int.random(in: 0..<Self.keys, using: &random)
                model[key] = round
                try database.write(durability: .buffered) { t in
                    try t.put("key \(1000 + key)", "\(round) " + String(repeating: "x", count: 150))
                }
            }
            // Long enough for a lull now and then.
            if round % 10 == 9 { SystemClock.sleep(microseconds: 60_000) }
            let found = try EngineFixture.contents(database)
            #expect(found.count == model.count, "round \(round)")
        }
        isDone.withLock { $0 = true }
        compactor.join()
        for (key, round) in model {
            let value = try database.read { try $0.get("key \(1000 + key)") }
            #expect(value.map { String(decoding: $0, as: UTF8.self).hasPrefix("\(round) ") } == true, "key \(key)")
        }
        #expect(try database.check().findings.isEmpty)
        try database.close()
        let again = try EngineFixture.open(device)
        #expect(try EngineFixture.contents(again).count == model.count)
        try again.close()
    }
}
