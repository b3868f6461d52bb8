import LSMTx
import LSMTxTestSupport
import Testing

#if Foundation
#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#endif

/// From asynchronous code, and with the types of Foundation.
extension DocumentationExamplesTests {
    @Test func aTaskOpensAStore() async throws {
        let folder = try makeTemporaryFolder()
        defer { removeTemporaryFolder(folder) }
        // In place of the type, for an example with a relative path.
        // swift-format-ignore: AlwaysUseLowerCamelCase
        func Database(path: String) async throws -> LSMTx.Database {
            try await LSMTx.Database(path: "\(folder)/\(path)")
        }

        let database = try await Database(path: "app.lsmtx")
        try await database.close()
    }

    @Test func aTaskLooksAfterThePast() async throws {
        let database = try await Self.filledByTask()
        try await database.createSnapshot(named: "release 7")
        let users = try await database.read(at: .named("release 7")) { Array($0.scan(KeyRange(prefix: "user/"))) }
        try await database.dropSnapshot(named: "release 7")
        try await database.setRetention(Retention(keep: .seconds(24 * 3600), commits: 1_000_000))
        let versions = try await database.history(of: "user/1", limit: 10)
        #expect(users.count == 2 && versions.count == 1)
    }

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

    @Test func aTaskCountsVisits() async throws {
        func visit(_ page: String, of database: Database) async throws -> Int {
            try await database.write { t in
                let key = "visits/" + page
                let visits = try t.get(key).flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
                try t.put(key, String(visits + 1))
                return visits + 1
            }
        }

        let database = try Database.inMemory()
        #expect(try await visit("home", of: database) == 1)
        #expect(try await visit("home", of: database) == 2)
    }
}
