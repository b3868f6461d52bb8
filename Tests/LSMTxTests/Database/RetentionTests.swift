import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct RetentionTests {
    private static func code(_ database: Database, at point: PointInTime) -> StoreError.Code? {
        EngineFixture.code { try database.snapshot(at: point).close() }
    }

    @Test func aNewFileHasTheStandardRetentionUnlessToldOtherwise() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.lsmtx"
            var database = try Database(path: path)
            #expect(try database.retention == .standard)
            try database.close()
            var configuration = Configuration()
            configuration.retention = Retention(keep: .seconds(60))
            database = try Database(path: path, configuration: configuration)
            #expect(try database.retention == Retention(keep: .seconds(60)))
            try database.close()
            database = try Database(path: path)
            #expect(try database.retention == Retention(keep: .seconds(60)))
            try database.setRetention(.snapshotsOnly)
            try database.close()
            configuration.readOnly = true
            database = try Database(path: path, configuration: configuration)
            // Reading changes nothing.
            #expect(try database.retention == .snapshotsOnly)
            #expect(EngineFixture.code { try database.setRetention(.standard) } == .readOnly)
            try database.close()
            #expect(EngineFixture.code { _ = try database.retention } == .closed)
            configuration.retention = Retention(keep: .seconds(-1))
            #expect(EngineFixture.code { _ = try Database(path: path, configuration: configuration) } == .misuse)
        }
    }

    @Test func theBorderOfACountOfCommitsIsExact() throws {
        let (_, database) = try PastFixture.newStore(Retention(commits: 5))
        var commits: [Timestamp] = []
        for number in 0..<20 { commits.append(try PastFixture.put(database, "k", "\(number)")) }
        #expect(try database.oldestReadableTimestamp == commits[14])
        for index in 14..<20 {
            #expect(try PastFixture.text(database, "k", at: .timestamp(commits[index])) == "\(index)")
        }
        // The versions are all still there, but what can be read does not depend on that.
        #expect(Self.code(database, at: .timestamp(commits[13])) == .snapshotTooOld)
        #expect(Self.code(database, at: .timestamp(.zero)) == .snapshotTooOld)
        #expect(Self.code(database, at: .timestamp(commits[19].advanced(by: 1))) == .misuse)
        #expect(Self.code(database, at: .timestamp(.max)) == .misuse)
        // Wider limits bring back what was not dropped.
        try database.setRetention(Retention())
        #expect(try PastFixture.text(database, "k", at: .timestamp(commits[0])) == "0")
        #expect(try PastFixture.text(database, "k", at: .timestamp(.zero)) == nil)
    }

    @Test func theErrorNamesTheOldestTimestampAndItsTime() throws {
        let clock = ManualClock(1_795_230_245_678)
        let (_, database) = try PastFixture.newStore(.snapshotsOnly, clock: clock)
        let first = try PastFixture.put(database, "k", "1")
        clock.advance(1000)
        let second = try PastFixture.put(database, "k", "2")
        let error = #expect(throws: StoreError.self) { try database.snapshot(at: .timestamp(first)) }
        let message = try #require(error).message
        #expect(message.contains("timestamp \(second)") && message.contains("2026-11-21T03:04:06.678Z"), "\(message)")
    }

    @Test func theBorderOfATimeFollowsTheClock() throws {
        let clock = ManualClock()
        let start = Int64(clock.now)
        let (_, database) = try PastFixture.newStore(Retention(keep: .seconds(10)), clock: clock)
        var commits: [Timestamp] = []
        for number in 0..<20 {
            commits.append(try PastFixture.put(database, "k", "\(number)"))
            clock.advance(1000)
        }
        // It is 20 s now; ten seconds ago, commit 10 was current, since just then.
        #expect(try database.oldestReadableTimestamp == commits[10])
        #expect(Self.code(database, at: .timestamp(commits[9])) == .snapshotTooOld)
        #expect(try PastFixture.text(database, "k", at: .unixTime(milliseconds: start + 10_000)) == "10")
        #expect(try PastFixture.text(database, "k", at: .unixTime(milliseconds: start + 12_999)) == "12")
        #expect(Self.code(database, at: .unixTime(milliseconds: start + 9_999)) == .snapshotTooOld)
        #expect(Self.code(database, at: .unixTime(milliseconds: .min)) == .snapshotTooOld)
        #expect(try PastFixture.text(database, "k", at: .unixTime(milliseconds: .max)) == "19")
        clock.advance(-1)
        #expect(try database.oldestReadableTimestamp == commits[9])
        clock.advance(10_001)
        #expect(try database.oldestReadableTimestamp == commits[19])
        #expect(try PastFixture.text(database, "k", at: .latest) == "19")
    }

    @Test func theFloorThatWasUsedNeverGoesBack() throws {
        let clock = ManualClock()
        let keep = Retention(keep: .seconds(10))
        var (device, database) = try PastFixture.newStore(keep, clock: clock)
        let old = try PastFixture.put(database, "k", "old")
        clock.advance(60_000)
        let middle = try PastFixture.put(database, "k", "middle")
        clock.advance(60_000)
        try PastFixture.churn(database)
        let floor = try database.oldestReadableTimestamp
        #expect(floor > old && floor >= middle)

        // Neither the clock, nor wider limits, nor opening again.
        clock.advance(-100_000)
        try database.setRetention(Retention())
        #expect(try database.oldestReadableTimestamp == floor)
        #expect(Self.code(database, at: .timestamp(old)) == .snapshotTooOld)
        #expect(Self.code(database, at: .unixTime(milliseconds: 1_800_000_000_000)) == .snapshotTooOld)
        let killed = try EngineFixture.copy(device)
        try database.close()
        for device in [device, killed] {
            for readOnly in [true, false] {
                database = try PastFixture.open(device, clock: clock, readOnly: readOnly)
                #expect(try database.oldestReadableTimestamp >= middle)
                #expect(Self.code(database, at: .timestamp(old)) == .snapshotTooOld)
                #expect(try PastFixture.text(database, "k", at: .latest) == "middle")
                try database.close()
            }
        }
        device = killed
    }

    @Test func aStoreThatIsOpenForReadingServesAllThatIsThere() throws {
        let (device, database) = try PastFixture.newStore(.snapshotsOnly)
        let first = try PastFixture.put(database, "k", "1")
        _ = try PastFixture.put(database, "k", "2")
        #expect(Self.code(database, at: .timestamp(first)) == .snapshotTooOld)
        try database.close()
        let reader = try PastFixture.open(device, readOnly: true)
        #expect(try reader.oldestReadableTimestamp == .zero)
        #expect(try PastFixture.text(reader, "k", at: .timestamp(first)) == "1")
        try reader.close()
    }

    @Test func timestampsThatACrashSkippedDoNotCountAsCommits() throws {
        let (device, database) = try PastFixture.newStore(Retention(commits: 5))
        var commits: [Timestamp] = []
        for number in 0..<8 { commits.append(try PastFixture.put(database, "k", "\(number)")) }
        let killed = try EngineFixture.copy(device)
        try database.close()
        let again = try PastFixture.open(killed)
        #expect(again.timestamp.rawValue > commits[7].rawValue + Timestamp.uncleanOpenSkip - 1)
        #expect(try again.oldestReadableTimestamp == commits[2])
        for number in 8..<10 { commits.append(try PastFixture.put(again, "k", "\(number)")) }
        #expect(try again.oldestReadableTimestamp == commits[4])
        #expect(try PastFixture.text(again, "k", at: .timestamp(commits[4])) == "4")
        #expect(try PastFixture.text(again, "k", at: .timestamp(commits[7].advanced(by: 1000))) == "7")
        #expect(Self.code(again, at: .timestamp(commits[3])) == .snapshotTooOld)
        try again.close()
    }

    @Test func timesAreKnownAfterACloseAndAfterAKill() throws {
        let clock = ManualClock()
        let (device, database) = try PastFixture.newStore(Retention(), clock: clock)
        var commits: [(timestamp: Timestamp, time: Int64)] = []
        for number in 0..<200 {
            clock.advance(Int64(1 + number % 7 * 150))
            commits.append((try PastFixture.put(database, "k", "\(number)"), Int64(clock.now)))
            if number == 90 { try database.flush() }
        }
        func check(_ database: Database, _ what: String) throws {
            for (timestamp, time) in commits {
                let found = try #require(try database.unixTime(of: timestamp), "\(what)")
                #expect(found >= time && found - time <= 200, "\(what), \(timestamp)")
                let there = try database.timestamp(atUnixTime: time + 200)
                #expect(there >= timestamp, "\(what), \(timestamp)")
                #expect(try database.timestamp(atUnixTime: time - 1) < timestamp, "\(what), \(timestamp)")
            }
        }
        try check(database, "as written")
        let killed = try EngineFixture.copy(device)
        try database.close()
        for (device, what) in [(device, "closed"), (killed, "killed")] {
            for readOnly in [true, false] {
                let again = try PastFixture.open(device, clock: clock, readOnly: readOnly)
                try check(again, "\(what), read only \(readOnly)")
                try again.close()
            }
        }
    }

    @Test func aPauseBelongsToTheCommitBeforeIt() throws {
        let clock = ManualClock()
        let (_, database) = try PastFixture.newStore(Retention(), clock: clock)
        _ = try PastFixture.put(database, "k", "1")
        clock.advance(50)
        let last = try PastFixture.put(database, "k", "2")
        clock.advance(3_600_000)
        let halfway = Int64(clock.now) - 1_800_000
        #expect(try database.timestamp(atUnixTime: halfway) == last)
        _ = try PastFixture.put(database, "k", "3")
        #expect(try database.timestamp(atUnixTime: halfway) == last)
    }
}
