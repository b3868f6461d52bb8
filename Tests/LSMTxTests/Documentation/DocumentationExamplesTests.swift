import LSMTx
import LSMTxSimulation
import LSMTxTestSupport
import Testing

#if Foundation
#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#endif

/// The examples of the documentation as code that is compiled and run.
///
/// ``DocumentationDriftTests`` holds them against the text of the documentation, blanks aside. So an example is changed in
/// both places, or the test fails.
@Suite struct DocumentationExamplesTests {
    private static func filled() throws -> Database {
        let database = try Database.inMemory()
        try database.write { t in
            try t.put("k", "v")
            try t.put("user/1", "Ada")
            try t.put("user/2", "Grace")
            try t.put("picture/1", "12345")
        }
        return database
    }

    // MARK: Files

    /// Examples that open a file by a relative path: here, in a folder of the test's own.
    private struct InFolder {
        let folder: String

        // Found in place of the type by what is written inside of this one.
        // swift-format-ignore: AlwaysUseLowerCamelCase
        private func Database(
            path: String, configuration: Configuration = Configuration()
        ) throws(StoreError) -> LSMTx.Database {
            try LSMTx.Database(path: "\(folder)/\(path)", configuration: configuration)
        }

        func database() throws {
            let database = try Database(path: "app.lsmtx")
            try database.write { t in
                try t.put("user/1", "Ada")
                try t.put("user/2", "Grace")
            }
            let names = try database.read { snapshot in
                snapshot.scan(KeyRange(prefix: "user/")).map { String(decoding: $0.value, as: UTF8.self) }
            }
            try database.close()
            #expect(names == ["Ada", "Grace"])
        }

        func readme() throws {
            let database = try Database(path: "app.lsmtx")
            try database.write { transaction in
                let visits = try transaction.get("visits").flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
                try transaction.put("visits", String(visits + 1))
                try transaction.put("last", "home")
            }
            let snapshot = try database.snapshot()
            try database.write { try $0.delete("last") }
            for entry in snapshot.scan(.all, reverse: false, limit: 10) {
                print(String(decoding: entry.key, as: UTF8.self), String(decoding: entry.value, as: UTF8.self))
            }
            snapshot.close()  // It still saw "last".
            try database.close()
        }

        func configuration() throws {
            var configuration = Configuration()
            configuration.durability = .buffered
            configuration.cacheBytes = 512 << 20
            let database = try Database(path: "app.lsmtx", configuration: configuration)
            #expect(database.timestamp == .zero)
            try database.close()
        }

        func events() throws {
            var configuration = Configuration()
            configuration.onEvent = { event in
                print(event.isProblem ? "warning" : "info", event)
            }
            let database = try Database(path: "app.lsmtx", configuration: configuration)
            try database.close()
        }

        func firstProgram() throws {
            let database = try Database(path: "notes.lsmtx")
            try database.write { t in
                try t.put("note/1", "Buy bread")
                try t.put("note/2", "Call Ada")
            }
            try database.read { snapshot in
                for entry in snapshot.scan(KeyRange(prefix: "note/")) {
                    print(String(decoding: entry.key, as: UTF8.self), String(decoding: entry.value, as: UTF8.self))
                }
            }
            try database.close()
        }
    }

    @Test func aDatabaseIsOpenedWrittenReadAndClosed() throws {
        try withTemporaryFolder { try InFolder(folder: $0).database() }
    }

    @Test func aSnapshotOutlivesADeletion() throws {
        try withTemporaryFolder { try InFolder(folder: $0).readme() }
    }

    @Test func aDatabaseIsOpenedAsConfigured() throws {
        try withTemporaryFolder { try InFolder(folder: $0).configuration() }
    }

    @Test func eventsAreLogged() throws {
        try withTemporaryFolder { try InFolder(folder: $0).events() }
    }

    @Test func eventsAreCounted() {
        let record: @Sendable (StoreEvent) -> Void = { event in
            switch event {
            case .compacted(let work): print("lsmtx_compaction_bytes_total", work.bytesIn, work.bytesOut)
            case .stallEnded(let reason, let duration): print("lsmtx_stall_seconds", reason, duration)
            default: break
            }
        }
        record(.stallEnded(.log, .seconds(1)))
    }

    @Test func theFirstProgramRuns() throws {
        try withTemporaryFolder { try InFolder(folder: $0).firstProgram() }
    }

    // MARK: Reading

    @Test func aSnapshotIsRead() throws {
        let database = try Self.filled()
        let snapshot = try database.snapshot()
        defer { snapshot.close() }
        let value = try snapshot.get("k")
        #expect(value == Array("v".utf8))
    }

    @Test func anythingReadableIsRead() throws {
        func bytes(ofValuesIn source: some Readable) throws -> Int {
            var sum = 0
            try source.forEach(KeyRange(prefix: "picture/")) { _, value in
                sum += value.byteCount
                return true
            }
            return sum
        }
        #expect(try Self.filled().read { try bytes(ofValuesIn: $0) } == 5)
        #expect(try Self.filled().write { try bytes(ofValuesIn: $0) } == 5)
    }

    @Test func aRangeIsScanned() throws {
        let database = try Self.filled()
        try database.read { snapshot in
            for entry in snapshot.scan(KeyRange(prefix: "user/")) {
                print(String(decoding: entry.key, as: UTF8.self))
            }
        }
    }

    @Test func theLastEntryIsFound() throws {
        let database = try Self.filled()
        let newest = try database.read { $0.scan(.all, reverse: true, limit: 1).first { _ in true } }
        let key = newest.map { String(decoding: $0.key, as: UTF8.self) }
        #expect(key == "user/2")
    }

    @Test func bytesAreLent() throws {
        let database = try Database.inMemory()
        try database.write { try $0.put("note/1", "12345") }
        var bytes = 0
        try database.read { snapshot in
            try snapshot.forEach(KeyRange(prefix: "note/")) { _, value in
                bytes += value.byteCount
                return true
            }
        }
        #expect(bytes == 5)
    }

    @Test func severalKeysAreReadAtOnce() throws {
        let database = try Self.filled()
        let names = try database.read { try $0.get(keys: ["user/1", "user/2", "user/3"]) }
        #expect(names == [Array("Ada".utf8), Array("Grace".utf8), nil])
    }

    // MARK: Asynchronous code

    @Test func aTaskReads() async throws {
        let database = try await Self.filledByTask()
        let names = try await database.read { snapshot in
            snapshot.scan(KeyRange(prefix: "user/")).map { String(decoding: $0.value, as: UTF8.self) }
        }
        #expect(names == ["Ada", "Grace"])
    }

    @Test func aTaskWrites() async throws {
        let database = try await Self.filledByTask()
        let count = try await database.write { t in
            let old = try t.get("counter").flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
            try t.put("counter", String(old + 1))
            return old + 1
        }
        #expect(count == 1)
    }

    @Test func aTaskTakesNotes() async throws {
        let database = try Database.inMemory()
        try await database.write { t in try t.put("note/4", "Sweep the yard") }
        let note = try await database.read { try $0.get("note/4") }
        #expect(note == Array("Sweep the yard".utf8))
        let snapshot = try database.snapshot()
        defer { snapshot.close() }
        for try await entry in snapshot.stream(KeyRange(prefix: "note/")) {
            print(String(decoding: entry.key, as: UTF8.self))
        }
    }

    @Test func aTaskTendsTheFile() async throws {
        let database = try await Self.filledByTask()
        try await database.flush()
        try await database.compact(KeyRange(prefix: "user/"))
        let report = try await database.check()
        for finding in report.findings { print(finding) }
        try await database.close()
    }

    @Test func aTaskStreams() async throws {
        let database = try await Self.filledByTask()
        let snapshot = try database.snapshot()
        defer { snapshot.close() }
        for try await entry in snapshot.stream(KeyRange(prefix: "user/")) {
            print(String(decoding: entry.key, as: UTF8.self))
        }
        var bytes = 0
        for try await entry in snapshot.stream(.all, reverse: true, limit: 100) { bytes += entry.value.count }
        #expect(bytes == 14)
    }

    private static func filledByTask() async throws -> Database { try filled() }

    #if Foundation
    @Test func foundationsTypesServe() throws {
        let database = try Self.filled()
        try database.write { try $0.put(Data([1, 2]), Data("Ada".utf8)) }
        let picture = try database.read { try $0.data(for: "picture/1") }
        let names = try database.read(at: .date(Date())) { $0.scan(KeyRange(prefix: "user/")).count { _ in true } }
        let committed = try database.date(of: database.timestamp)
        #expect(picture == Data("12345".utf8) && names <= 2 && committed != nil)
    }
    #endif

    // MARK: Writing

    @Test func aTransactionIsBegunAndCommitted() throws {
        let database = try Database.inMemory()
        let transaction = try database.begin()
        try transaction.put("k", "v")
        let commit = try transaction.commit()
        #expect(commit == database.timestamp)
    }

    @Test func aWriteIsRetriedAsToldTo() throws {
        let database = try Database.inMemory()
        try database.write(retry: RetryPolicy(maximumAttempts: 10, timeout: .seconds(2))) { t in
            try t.put("k", "v")
        }
        #expect(try database.read { try $0.get("k") } != nil)
    }

    @Test func aRangeIsDeleted() throws {
        let database = try Database.inMemory()
        try database.write { try $0.put("session/0", "old") }
        try database.write { t in
            try t.deleteRange(KeyRange(prefix: "session/"))
            try t.put("session/1", "new")
        }
        #expect(try database.read { $0.scan().map(\.key) } == [Array("session/1".utf8)])
    }

    @Test func aWriteMovesTheTimestamp() throws {
        let database = try Database.inMemory()
        let before = database.timestamp
        try database.write { t in try t.put("k", "v") }
        precondition(before < database.timestamp)
    }

    @Test func aCounterCounts() throws {
        let database = try Database.inMemory()
        let count = try database.write { t in
            let old = try t.get("counter").flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
            try t.put("counter", String(old + 1))
            return old + 1
        }
        #expect(count == 1)
    }

    // MARK: Isolation

    @Test func whatIsNotThereIsGuardedToo() throws {
        let database = try Database.inMemory()
        try database.write { t in
            let booked = t.scan(KeyRange(prefix: "room 3/")).contains { _ in true }  // Guards what is not there, too.
            if !booked { try t.put("room 3/10:00", "Ada") }
        }
        #expect(try database.read { $0.scan().map(\.value) } == [Array("Ada".utf8)])
    }

    @Test func aLevelIsChosen() throws {
        let database = try Database.inMemory()
        let transaction = try database.begin(.snapshot)
        try transaction.put("k", "v")
        try transaction.commit()
        #expect(try database.read { try $0.get("k") } == Array("v".utf8))
    }

    @Test func theSecondToWriteAKeyLoses() throws {
        let database = try Database.inMemory()
        let first = try database.begin(.snapshot)
        let second = try database.begin(.snapshot)
        try first.put("seat/12A", "Ada")
        try second.put("seat/12A", "Grace")
        try first.commit()
        do {
            try second.commit()
        } catch {
            print(error.code)  // conflict
        }
        #expect(try database.read { try $0.get("seat/12A") } == Array("Ada".utf8))
    }

    @Test func writeSkewIsPossibleAndCanBeGuardedAgainst() throws {
        let database = try Database.inMemory()
        try database.write { t in
            try t.put("on call/Ada", "yes")
            try t.put("on call/Grace", "yes")
        }
        let ada = try database.begin(.snapshot)
        let grace = try database.begin(.snapshot)
        if try grace.get("on call/Ada") != nil { try grace.delete("on call/Grace") }
        if try ada.get("on call/Grace") != nil { try ada.delete("on call/Ada") }
        try ada.commit()
        try grace.commit()  // Nobody is on call.
        #expect(try database.read { $0.scan().map(\.key).isEmpty })

        try database.write { t in
            try t.put("on call/Ada", "yes")
            try t.put("on call/Grace", "yes")
        }
        try database.write(.snapshot) { t in
            try t.addReadConflict(key: "on call/Grace")
            if try t.get("on call/Grace") != nil { try t.delete("on call/Ada") }
        }
        #expect(try database.read { $0.scan().map(\.key) } == [Array("on call/Grace".utf8)])
    }

    @Test func aRangeIsGuarded() throws {
        let database = try Database.inMemory()
        try database.write(.snapshot) { t in
            let slot = KeyRange(prefix: "booking/room 3/")
            try t.addReadConflict(slot)
            guard t.scan(slot).first(where: { _ in true }) == nil else { return }
            try t.put("booking/room 3/10:00", "Ada")
        }
        #expect(try database.read { $0.scan().map(\.value) } == [Array("Ada".utf8)])
    }

    @Test func someReadsAreUnguarded() throws {
        let database = try Database.inMemory()
        try database.write { try $0.put("member/1", "Ada") }
        try database.write { t in
            let members = t.unguarded.scan(KeyRange(prefix: "member/")).count { _ in true }
            try t.put("about how many members", String(members))
        }
        #expect(try database.read { try $0.get("about how many members") } == Array("1".utf8))
    }

    @Test func aConflictIsExplained() throws {
        let database = try Database.inMemory()
        do {
            try database.write(.serializable, label: "transfer", retry: .never) { t in
                try t.put("balance", try t.get("balance") ?? [])
            }
        } catch let error as StoreError {
            if let conflict = error.conflict {
                print("\(conflict.keys) was changed by \(conflict.otherLabel ?? "another") at \(conflict.committedAt)")
            }
        }
        #expect(try database.read { try $0.get("balance") } == [])
    }

    // MARK: Savepoints

    @Test func aSavepointIsComeBackTo() throws {
        let database = try Database.inMemory()
        let transaction = try database.begin()
        try transaction.put("order/7", "2 seats")
        let savepoint = try transaction.savepoint()
        try transaction.put("order/7", "3 seats")
        try transaction.rollback(to: savepoint)
        try transaction.commit()  // 2 seats.
        #expect(try database.read { try $0.get("order/7") } == Array("2 seats".utf8))
    }

    @Test func whatCannotBeReservedAsAWholeIsNotReserved() throws {
        let database = try Database.inMemory()
        try database.write { t in
            try t.put("stock/apples", "3")
            let savepoint = try t.savepoint()
            for item in ["apples", "pears"] {
                guard try t.get("stock/\(item)") != nil else {
                    try t.rollback(to: savepoint)
                    break
                }
                try t.put("reserved/\(item)", "1")
            }
        }
        #expect(try database.read { $0.scan().map(\.key) } == [Array("stock/apples".utf8)])
    }

    @Test func aSavepointIsReleased() throws {
        let database = try Database.inMemory()
        try database.write { t in
            let savepoint = try t.savepoint()
            try t.put("draft", "1")
            try t.release(savepoint)  // "draft" stays, and cannot be undone any more.
        }
        #expect(try database.read { try $0.get("draft") } == Array("1".utf8))
    }

    @Test func aPartThatFailsIsUndone() throws {
        let database = try Database.inMemory()
        try database.write { t in
            for (name, text) in [("1", "Ada"), ("2", "")] {
                do {
                    try t.savepoint {
                        try t.put("imported/\(name)", "yes")
                        guard !text.isEmpty else { throw CancellationError() }
                        try t.put("user/\(name)", text)
                    }
                } catch is CancellationError {
                    print("\(name) was left out.")
                }
            }
        }
        #expect(try database.read { $0.scan().map(\.key) } == ["imported/1", "user/1"].map { Array($0.utf8) })
    }

    @Test func aDeletedCacheComesBack() throws {
        let database = try Database.inMemory()
        try database.write { try $0.put("cache/1", "1") }
        try database.write { t in
            try t.put("log", "two steps")
            do {
                try t.savepoint {
                    try t.deleteRange(KeyRange(prefix: "cache/"))
                    try t.put("cache/built", "no")
                    throw CancellationError()
                }
            } catch is CancellationError {
                try t.put("log", "one step")  // What was in the cache is there.
            }
        }
        #expect(try database.read { $0.scan().map(\.key) } == ["cache/1", "log"].map { Array($0.utf8) })
    }

    // MARK: Keys, sizes, errors

    @Test func aTypeLendsItsBytes() throws {
        struct UserID: ByteSource {
            var raw: UInt64
            func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
                let bytes = (0..<8).map { UInt8(truncatingIfNeeded: raw >> UInt64(56 - 8 * $0)) }
                return try body(bytes.span.bytes)
            }
        }
        let database = try Database.inMemory()
        try database.write { try $0.put(UserID(raw: 258), "Ada") }
        #expect(try database.read { $0.scan().map(\.key) } == [[0, 0, 0, 0, 0, 0, 1, 2]])
    }

    @Test func numbersInKeysAreBigEndian() {
        func key(ofNote number: UInt64) -> [UInt8] {
            var key = Array("note/".utf8)
            for shift in stride(from: 56, through: 0, by: -8) {
                key.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
            }
            return key
        }
        #expect(key(ofNote: 255).lexicographicallyPrecedes(key(ofNote: 256)))
    }

    @Test func rangesAreMade() {
        let users = KeyRange(prefix: "user/")
        let some = KeyRange(from: Array("a".utf8), upTo: Array("m".utf8))
        #expect(users.contains("user/1") && !users.contains("user0"))
        #expect(some.contains("lzz") && !some.contains("m"))
    }

    @Test func aKeyIsMeasured() {
        let key = "a"
        precondition(key.utf8.count <= Limits.maximumKeyBytes)
    }

    @Test func aDurabilityIsChosen() {
        var configuration = Configuration()
        configuration.durability = .buffered
        #expect(configuration.durability == .buffered)
    }

    @Test func aFullDiskIsHandled() throws {
        let database = try Database.inMemory()
        do {
            try database.write { try $0.put("balance", "10") }
        } catch let error as StoreError where error.code == .diskFull {
            // Nothing was committed; free some space and try again.
        }
        do {
            try database.write { try $0.put("note/3", "Water the plants") }
        } catch let error as StoreError where error.code == .diskFull {
            print(error)
        }
    }

    @Test func aStoreInMemoryServesTests() throws {
        let database = try Database.inMemory()
        try database.write { try $0.put("k", "v") }
        #expect(try database.read { try $0.get("k") } != nil)
    }

    // MARK: Looking inside

    @Test func statisticsAreTaken() throws {
        let database = try Self.filled()
        let statistics = try database.statistics
        print(statistics.fileBytes, statistics.levels.count)
    }

    @Test func damagedTablesAreListed() throws {
        let database = try Self.filled()
        for table in try database.statistics.damagedTables {
            print("Since \(table.since): \(table.error)")
        }
        #expect(try database.statistics.damagedTables.isEmpty)
    }

    @Test func aFileIsChecked() throws {
        let database = try Self.filled()
        try database.flush()
        let report = try database.check()
        for finding in report.findings { print(finding) }
        #expect(report.tables == 1)
    }

    @Test func aCheckSaysHowFarItIs() throws {
        let database = try Self.filled()
        let report = try database.check { progress in
            print("\(progress.doneBytes) of \(progress.totalBytes) bytes")
        }
        #expect(report.findings.map(\.message) == [])
    }

    @Test func aRangeIsCompacted() throws {
        let database = try Self.filled()
        try database.compact(KeyRange(prefix: "user/")) { progress in
            print("\(progress.doneBytes) of \(progress.totalBytes) bytes")
        }
        try database.compact { progress in
            print("\(progress.doneBytes) of \(progress.totalBytes) bytes")
        }
        #expect(try database.statistics.levels.map(\.tables) == [0, 1])
    }

    @Test func findingsSayWhatTheyCost() throws {
        let database = try Self.filled()
        for finding in try database.check().findings {
            print(finding.message, finding.location.keys ?? .all)
        }
    }

    @Test func aSoundFileHasNoFindings() throws {
        let database = try Self.filled()
        let report = try database.check()
        let isSound = report.findings.isEmpty
        #expect(isSound)
    }

    // MARK: Mutations

    @Test func valuesAreMutated() throws {
        let database = try Self.filled()
        try database.write { t in
            try t.mutate("visits", .add(1))
            try t.mutate("longest visit", .max(340))
            try t.mutate("opened by", .setIfAbsent(Array("Ada".utf8)))
        }
        try database.write { t in
            try t.put("order/7", "2 seats")
            try t.mutate("seats left", .add(-2))
        }
        #expect(try database.read { try $0.get("visits") } == [1, 0, 0, 0, 0, 0, 0, 0])
        #expect(try database.read { try $0.get("opened by") } == Array("Ada".utf8))
        #expect(try database.read { try $0.get("seats left") } == [254] + [UInt8](repeating: 255, count: 7))
    }

    @Test func versionstampsAreThoseOfTheCommit() throws {
        let database = try Self.filled()
        let transaction = try database.begin()
        try transaction.mutate("latest", .versionstamped([UInt8](repeating: 0, count: 10), at: 0))
        let committed = try transaction.commit()
        let latest = try database.read { try $0.get("latest") }
        precondition(latest == committed.versionstamp)
        let stamp = [UInt8](repeating: 0, count: 10)
        try database.write { t in
            try t.put(versionstampedKey: Array("event/".utf8) + stamp, at: 6, "Ada has come")
        }
        let key = Array("event/".utf8) + database.timestamp.versionstamp
        #expect(try database.read { try $0.get(key) } == Array("Ada has come".utf8))
    }

    // MARK: The past

    @Test func thePastIsRead() throws {
        let database = try Self.filled()
        let before = database.timestamp
        try database.write { try $0.delete("k") }
        let value = try database.read(at: .timestamp(before)) { try $0.get("k") }
        #expect(value == Array("v".utf8))
    }

    @Test func aStateGetsANameAndLosesIt() throws {
        let database = try Self.filled()
        try database.createSnapshot(named: "release 7")
        let users = try database.read(at: .named("release 7")) { Array($0.scan(KeyRange(prefix: "user/"))) }
        try database.dropSnapshot(named: "release 7")
        #expect(users.count == 2)
    }

    @Test func namedSnapshotsAreListed() throws {
        let database = try Self.filled()
        try database.createSnapshot(named: "before the import")
        for snapshot in try database.snapshots() { print(snapshot.name, snapshot.timestamp) }
        #expect(try database.snapshots().map(\.name) == ["before the import"])
    }

    @Test func theRetentionIsChosen() throws {
        let database = try Self.filled()
        try database.setRetention(Retention(keep: .seconds(7 * 24 * 3600)))
        let limits = try database.retention
        #expect(limits.keep == .seconds(604_800) && limits.commits == nil)
        try database.setRetention(Retention(keep: .seconds(24 * 3600), commits: 1_000_000))
        #expect(try database.retention.commits == 1_000_000)
    }

    @Test func aKeyHasAHistory() throws {
        let database = try Self.filled()
        for version in try database.history(of: "user/1", limit: 10) {
            let text = version.value.map { String(decoding: $0, as: UTF8.self) } ?? "deleted"
            print(version.timestamp, version.unixTime ?? 0, text)
        }
        #expect(try database.history(of: "user/1").count == 1)
    }

    @Test func theReadmesPast() throws {
        let database = try Database.inMemory()
        try database.write { try $0.put("draft/1", "text") }
        let before = database.timestamp
        try database.write { try $0.deleteRange(KeyRange(prefix: "draft/")) }
        let draft = try database.read(at: .timestamp(before)) { past in try past.get("draft/1") }
        try database.createSnapshot(named: "release 7")  // Readable until it is dropped, over restarts too.
        let versions = try database.history(of: "draft/1")  // The deletion, and the value before it.
        #expect(draft == Array("text".utf8) && versions.map(\.value) == [nil, draft])
        #expect(try database.read(at: .named("release 7")) { try $0.get("draft/1") } == nil)
    }
}
