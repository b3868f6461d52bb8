import LSMTx
import LSMTxTestSupport
import Testing

/// The examples of the documentation as code that is compiled and run.
///
/// ``DocumentationDriftTests`` holds them against the text of the documentation, blanks aside. So an example is changed in
/// both places, or the test fails. The files beside this one go on with it.
@Suite struct DocumentationExamplesTests {
    static func filled() throws -> Database {
        let database = try Database.inMemory()
        try database.write { t in
            try t.put("k", "v")
            try t.put("user/1", "Ada")
            try t.put("user/2", "Grace")
            try t.put("picture/1", "12345")
        }
        return database
    }

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
            let before = database.timestamp
            try database.write { try $0.delete("last") }
            try database.read(at: .timestamp(before)) { snapshot in  // It still sees "last".
                for entry in snapshot.scan(.all, limit: 10) {
                    print(String(decoding: entry.key, as: UTF8.self), String(decoding: entry.value, as: UTF8.self))
                }
            }
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
}
