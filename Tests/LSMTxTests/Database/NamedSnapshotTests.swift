import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct NamedSnapshotTests {
    private func code(_ body: () throws -> Void) -> StoreError.Code? { EngineFixture.code(body) }

    @Test func aNameOutlivesCompactionsClosesAndKills() throws {
        var (device, database) = try PastFixture.newStore(.snapshotsOnly)
        _ = try PastFixture.put(database, "k", "old")
        let timestamp = try database.createSnapshot(named: "before")
        #expect(timestamp == database.timestamp)
        _ = try PastFixture.put(database, "k", "new")
        for round in 0..<6 {
            try PastFixture.churn(database)
            #expect(try PastFixture.text(database, "k", at: .named("before")) == "old")
            #expect(try PastFixture.text(database, "k", at: .timestamp(timestamp)) == "old")
            #expect(try PastFixture.text(database, "k", at: .latest) == "new")
            #expect(try database.snapshots().map(\.timestamp) == [timestamp])
            #expect(try database.check().findings.isEmpty)
            if round % 2 == 0 {
                try database.close()
            } else {
                let killed = try EngineFixture.copy(device)
                try database.close()
                device = killed
            }
            database = try PastFixture.open(device)
        }
        try database.dropSnapshot(named: "before")
        #expect(code { _ = try database.snapshot(at: .named("before")) } == .noSuchSnapshot)
        #expect(code { _ = try database.snapshot(at: .timestamp(timestamp)) } == .snapshotTooOld)
        #expect(try database.snapshots().isEmpty)
        try database.close()
        database = try PastFixture.open(device)
        #expect(try database.snapshots().isEmpty)
        try database.close()
    }

    @Test func droppingANameLetsItsVersionsGoAndKeepsOpenSnapshots() throws {
        let (_, database) = try PastFixture.newStore(.snapshotsOnly)
        for key in 0..<100 { _ = try PastFixture.put(database, "key \(key)", "old") }
        try database.createSnapshot(named: "before")
        for key in 0..<100 { _ = try PastFixture.put(database, "key \(key)", "new") }
        try PastFixture.churn(database)
        func entries() throws -> UInt64 { try database.statistics.levels.reduce(0) { $0 + $1.entries } }
        #expect(try entries() >= 200)
        let open = try database.snapshot(at: .named("before"))
        try database.dropSnapshot(named: "before")
        try PastFixture.churn(database)
        #expect(try open.get("key 50") == Array("old".utf8))
        open.close()
        for key in 0..<100 { _ = try PastFixture.put(database, "key \(key)", "newer") }
        try PastFixture.churn(database)
        #expect(try entries() < 200)
    }

    @Test func namesAreTakenFreeOrNotPossible() throws {
        let (_, database) = try PastFixture.newStore(Retention(commits: 2))
        let first = try PastFixture.put(database, "k", "1")
        try database.createSnapshot(named: "a")
        #expect(code { try database.createSnapshot(named: "a") } == .misuse)
        for name in ["", "17", "2026-11-20", "2026-11-20T10:00:00Z", String(repeating: "x", count: 256)] {
            #expect(code { try database.createSnapshot(named: name) } == .misuse, "\(name)")
        }
        for number in 2..<9 { _ = try PastFixture.put(database, "k", "\(number)") }
        #expect(code { try database.createSnapshot(named: "b", at: .timestamp(.zero)) } == .snapshotTooOld)
        #expect(code { try database.createSnapshot(named: "b", at: .timestamp(.max)) } == .misuse)
        #expect(code { try database.createSnapshot(named: "b", at: .named("c")) } == .noSuchSnapshot)
        #expect(code { try database.dropSnapshot(named: "b") } == .noSuchSnapshot)
        // A state that only a name holds can get another one.
        #expect(try database.createSnapshot(named: "b", at: .named("a")) == first)
        #expect(try database.createSnapshot(named: "c", at: .timestamp(first)) == first)
        try database.dropSnapshot(named: "a")
        #expect(try PastFixture.text(database, "k", at: .named("b")) == "1")
        #expect(try database.snapshots().map(\.name) == ["b", "c"])
        try database.close()
        #expect(code { try database.createSnapshot(named: "d") } == .closed)
        #expect(code { _ = try database.snapshots() } == .closed)
    }

    @Test func aFileOpenForReadingServesNamesAndChangesNone() throws {
        let (device, database) = try PastFixture.newStore(.snapshotsOnly)
        _ = try PastFixture.put(database, "k", "1")
        try database.createSnapshot(named: "a")
        _ = try PastFixture.put(database, "k", "2")
        try PastFixture.churn(database)
        let killed = try EngineFixture.copy(device)
        try database.close()
        for device in [device, killed] {
            let reader = try PastFixture.open(device, readOnly: true)
            #expect(try PastFixture.text(reader, "k", at: .named("a")) == "1")
            #expect(code { try reader.createSnapshot(named: "b") } == .readOnly)
            #expect(code { try reader.dropSnapshot(named: "a") } == .readOnly)
            try reader.close()
        }
    }

    @Test func aCheckFindsNothingWhileNamesComeAndGo() throws {
        let (_, database) = try PastFixture.newStore(.snapshotsOnly, background: true)
        _ = try PastFixture.put(database, "k", "1")
        let isDone = Guarded(false)
        let failure = Guarded<String?>(nil)
        let namer = try WorkerThread(name: "namer") {
            do {
                while !isDone.withLock({ $0 }) {
                    try database.createSnapshot(named: "a")
                    try database.dropSnapshot(named: "a")
                }
            } catch {
                failure.withLock { $0 = "\(error)" }
            }
        }
        for _ in 0..<20 { #expect(try database.check().findings.map(\.message) == []) }
        isDone.withLock { $0 = true }
        namer.join()
        #expect(failure.withLock { $0 } == nil)
        try database.close()
    }

    @Test func aNameWithoutCommitsLeavesTheFileClosed() throws {
        let (device, database) = try PastFixture.newStore(.snapshotsOnly)
        try database.close()
        let again = try PastFixture.open(device)
        #expect(try again.createSnapshot(named: "empty") == .zero)
        let killed = try EngineFixture.copy(device)
        try again.close()
        for device in [device, killed] {
            let last = try PastFixture.open(device)
            #expect(last.timestamp == .zero)
            #expect(try last.snapshots().map(\.name) == ["empty"])
            #expect(ExtentAudit.findings(in: last.engine) == [])
            try last.close()
        }
    }

    @Test func aBufferedCommitIsDurableOnceItsStateHasAName() throws {
        let device = CrashDevice()
        try EngineFixture.format(device)
        let database = try PastFixture.open(device)
        try database.write(durability: .buffered) { try $0.put("k", "1") }
        try database.createSnapshot(named: "a")
        let image = device.crashImage(choosing: .nothing)
        let again = try PastFixture.open(image)
        #expect(try PastFixture.text(again, "k", at: .named("a")) == "1")
        #expect(try PastFixture.text(again, "k", at: .latest) == "1")
        try again.close()
        try database.close()
    }

    @Test func theStatisticsSayWhatHoldsTheOldestState() throws {
        let clock = ManualClock()
        let (_, database) = try PastFixture.newStore(Retention(commits: 1), clock: clock)
        let first = try PastFixture.put(database, "k", "1")
        let snapshot = try database.snapshot()
        let second = try PastFixture.put(database, "k", "2")
        try database.createSnapshot(named: "a")
        for number in 3..<7 { _ = try PastFixture.put(database, "k", "\(number)") }
        var past = try database.statistics.past
        #expect(past.oldestHeld == first && past.holder == .reader)
        snapshot.close()
        past = try database.statistics.past
        #expect(past.oldestHeld == second && past.holder == .named("a"))
        #expect(past.snapshots.map(\.name) == ["a"] && past.snapshots[0].createdAt == Int64(clock.now))
        try database.dropSnapshot(named: "a")
        past = try database.statistics.past
        #expect(past.oldestHeld == past.oldestReadable && past.holder == .retention)
        #expect(past.oldestReadable.rawValue == database.timestamp.rawValue - 1)
        #expect(past.retention == Retention(commits: 1))
    }
}
