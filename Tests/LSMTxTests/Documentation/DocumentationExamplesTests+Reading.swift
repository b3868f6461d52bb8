import LSMTx
import Testing

/// Reading, now and in the past.
extension DocumentationExamplesTests {
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

    @Test func aScanIsChecked() throws {
        let database = try Self.filled()
        let snapshot = try database.snapshot()
        let names = snapshot.scan(KeyRange(prefix: "user/")).map { String(decoding: $0.value, as: UTF8.self) }
        try snapshot.checkScans()  // So these are all.
        #expect(names == ["Ada", "Grace"])
    }

    @Test func aCursorSeeks() throws {
        let database = try Self.filled()
        try database.read { snapshot in
            let cursor = try snapshot.cursor(KeyRange(prefix: "user/"))
            cursor.seek(to: "user/m")
            while try cursor.next() {
                try cursor.withEntry { key, value in print(key.byteCount, value.byteCount) }
            }
            let last = try cursor.previous() ? try cursor.entry() : nil
            print(last?.key ?? [])
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

    @Test func whatBelongsTogetherIsReadTogether() throws {
        let database = try Self.filled()
        try database.write { t in
            try t.put("balance/Ada", "3")
            try t.put("balance/Grace", "4")
        }
        let (ada, grace) = try database.read { snapshot in
            (try snapshot.get("balance/Ada"), try snapshot.get("balance/Grace"))  // Of one and the same moment.
        }
        #expect(ada == Array("3".utf8) && grace == Array("4".utf8))
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
