import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Files that are not what they should be: the right error, and not a byte changed.
@Suite struct BadInputTests {
    private static func make(_ path: String, _ bytes: [UInt8]) throws {
        let device = try #require(
            try PosixDevice.create(path: path) { device throws(StoreError) in
                if !bytes.isEmpty { try device.write(bytes, at: 0) }
            })
        device.close()
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        let device = try PosixDevice.open(path: path, writable: false)
        defer { device.close() }
        return try device.readAll()
    }

    private static func code(_ path: String, readOnly: Bool = false, createIfMissing: Bool = true) -> StoreError.Code? {
        var configuration = EngineFixture.configuration
        configuration.readOnly = readOnly
        configuration.createIfMissing = createIfMissing
        return EngineFixture.code { try Database(path: path, configuration: configuration).close() }
    }

    /// A file in which a store of some size was closed, or killed.
    private static func store(closed: Bool) throws -> [UInt8] {
        let (device, database) = try EngineFixture.newStore()
        for number in 0..<200 {
            try database.write { try $0.put("k\(number)", [UInt8](repeating: UInt8(number), count: 500)) }
        }
        if closed { try database.close() }
        let bytes = try EngineFixture.copy(device).readAll()
        try database.close()
        return bytes
    }

    private static func expect(_ code: StoreError.Code, _ bytes: [UInt8], _ what: String) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/store"
            try make(path, bytes)
            for readOnly in [true, false] {
                #expect(self.code(path, readOnly: readOnly) == code, "\(what), for reading only: \(readOnly)")
            }
            #expect(try self.bytes(path) == bytes, "\(what) was changed")
            #expect(entries(of: folder) == ["store"])
        }
    }

    @Test func whatIsNotAStoreIsRefused() throws {
        var random = SeededGenerator(seed: 3)
        try Self.expect(.notADatabase, [], "an empty file")
        try Self.expect(.notADatabase, Array("Dear diary,\n".utf8), "a letter")
        try Self.expect(.notADatabase, [UInt8](repeating: 0, count: 200_000), "a file of zeros")
        let noise = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        try Self.expect(.notADatabase, noise, "noise")
        try withTemporaryFolder { folder in
            #expect(Self.code(folder) == .notADatabase)
            #expect(Self.code(folder, readOnly: true) == .notADatabase)
            #expect(Self.code("\(folder)/none", createIfMissing: false) == .notFound)
            #expect(Self.code("\(folder)/none", readOnly: true) == .notFound)
            #expect(EngineFixture.code { _ = try Database(path: "\(folder)/no/such/folder") } != nil)
            #expect(entries(of: folder).isEmpty)
        }
    }

    @Test func anotherFormatVersionIsNamed() throws {
        var bytes = try Self.store(closed: true)
        for offset in Superblock.slotOffsets { bytes[Int(offset) + Superblock.magic.count] = 9 }
        try Self.expect(.unsupportedFormat, bytes, "another version")
    }

    @Test func aFileWithoutSlotsIsCorrupt() throws {
        var bytes = try Self.store(closed: true)
        for offset in Superblock.slotOffsets { bytes[Int(offset) + 100] ^= 1 }
        try Self.expect(.corrupt, bytes, "a file without slots")
    }

    @Test(arguments: [false, true]) func aTruncatedFileGivesAnErrorOrTheTruth(closed: Bool) throws {
        let whole = try Self.store(closed: closed)
        for length in stride(from: 0, to: whole.count, by: 4096) {
            let device = MemoryDevice()
            try device.write(Array(whole[..<length]), at: 0)
            let before = try device.readAll()
            var options = EngineFixture.options()
            options.isReadOnly = true
            do {
                let database = try Database(
                    device: device, path: nil, configuration: EngineFixture.configuration, options: options)
                // What a missing table or log held is an error, never a hole.
                try database.read { snapshot in
                    for number in 0..<200 {
                        let value: [UInt8]?
                        do { value = try snapshot.get("k\(number)") } catch { continue }
                        #expect(value == [UInt8](repeating: UInt8(number), count: 500), "cut at \(length)")
                    }
                }
                try database.close()
            } catch {
                let code = (error as? StoreError)?.code
                #expect(code == .corrupt || code == .notADatabase, "cut at \(length): \(error)")
            }
            #expect(try device.readAll() == before)
        }
    }

    @Test(arguments: [false, true]) func openingForReadingChangesNoByte(closed: Bool) throws {
        let whole = try Self.store(closed: closed)
        try withTemporaryFolder { folder in
            let path = "\(folder)/store"
            try Self.make(path, whole)
            var configuration = EngineFixture.configuration
            configuration.readOnly = true
            let database = try Database(path: path, configuration: configuration)
            #expect(try EngineFixture.contents(database).count == 200)
            #expect(EngineFixture.code { _ = try database.begin(.snapshot) } == .readOnly)
            #expect(EngineFixture.code { try database.flush() } == .readOnly)
            // Two readers at once, and no writer beside them.
            #expect(Self.code(path, readOnly: true) == nil)
            #expect(Self.code(path) == .locked)
            try database.close()
            #expect(try Self.bytes(path) == whole)
            #expect(Self.code(path) == nil)
        }
    }

    @Test func aSecondWriterIsRefusedAndTheFirstGoesOn() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/store"
            let database = try Database(path: path, configuration: EngineFixture.configuration)
            try database.write { try $0.put("k", "1") }
            #expect(Self.code(path) == .locked)
            try database.write { try $0.put("k", "2") }
            #expect(try database.read { try $0.get("k") } == Array("2".utf8))
            try database.close()
            #expect(Self.code(path) == nil)
            #expect(entries(of: folder) == ["store"])
        }
    }
}
