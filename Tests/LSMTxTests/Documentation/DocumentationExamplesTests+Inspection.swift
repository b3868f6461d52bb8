import LSMTx
import Testing

/// Keys and errors, and looking inside.
extension DocumentationExamplesTests {
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
}
