import LSMTx
import LSMTxSimulation
import Synchronization
import Testing

@Suite struct RangeDeletionTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static func range(_ lower: String, _ upper: String?) -> KeyRange {
        KeyRange(from: bytes(lower), upTo: upper.map(bytes))
    }

    private static func filled() throws -> Database {
        let database = try Database.inMemory(EngineFixture.configuration)
        try database.write { t in for key in ["a", "b", "c", "d"] { try t.put(key, key) } }
        return database
    }

    private static func keys(_ reader: some Readable) -> [String] {
        reader.scan(.all, reverse: false, limit: nil).map { String(decoding: $0.key, as: UTF8.self) }
    }

    @Test func aTransactionSeesItsOwnDeletionsAndWhatItWroteAfter() throws {
        let database = try Self.filled()
        let transaction = try database.begin(.snapshot)
        try transaction.put("bb", "1")
        try transaction.deleteRange(Self.range("b", "d"))
        #expect(Self.keys(transaction) == ["a", "d"])
        #expect(try transaction.get("bb") == nil && transaction.get("c") == nil)
        try transaction.put("c", "2")
        #expect(Self.keys(transaction) == ["a", "c", "d"])
        #expect(transaction.scan(.all, reverse: true, limit: 2).map(\.key) == [Self.bytes("d"), Self.bytes("c")])
        #expect(try database.read { Self.keys($0) } == ["a", "b", "c", "d"])
        try transaction.commit()
        #expect(try database.read { Self.keys($0) } == ["a", "c", "d"])
        #expect(try database.read { try $0.get("c") } == Self.bytes("2"))
        try database.flush()
        #expect(try database.read { Self.keys($0) } == ["a", "c", "d"])
    }

    @Test func anEmptyRangeIsLeftAlone() throws {
        let database = try Self.filled()
        let before = database.timestamp
        try database.write { t in
            try t.deleteRange(Self.range("c", "b"))
            try t.deleteRange(KeyRange(from: [], upTo: []))
        }
        #expect(database.timestamp == before)
        #expect(try database.read { Self.keys($0) }.count == 4)
    }

    @Test func boundsOfOneByteMoreThanAKeyAreTakenAndLongerOnesAreNot() throws {
        let database = try Self.filled()
        let longest = [UInt8](repeating: 0xff, count: Limits.maximumKeyBytes)
        try database.write { t in
            try t.put(longest, "last")
            try t.put([0xfe], "before")
        }
        try database.write { try $0.deleteRange(KeyRange(from: longest, upTo: longest + [0])) }
        #expect(try database.read { try $0.get(longest) } == nil)
        #expect(try database.read { try $0.get([0xfe]) } != nil)
        for range in [KeyRange(from: longest + [0, 0]), KeyRange(upTo: longest + [0, 0])] {
            #expect(EngineFixture.code { try database.write { try $0.deleteRange(range) } } == .tooLarge)
        }
        try database.flush()
        #expect(try database.check().findings.isEmpty)
    }

    @Test func theFirstToCommitWins() throws {
        // What is committed meanwhile, what the transaction does, and the keys that the conflict names.
        let cases: [(other: (Transaction) throws -> Void, own: (Transaction) throws -> Void, keys: KeyRange?)] = [
            ({ try $0.put("c", "1") }, { try $0.deleteRange(Self.range("b", "d")) }, Self.range("b", "d")),
            ({ try $0.put("new", "1") }, { try $0.deleteRange(Self.range("e", nil)) }, Self.range("e", nil)),
            ({ try $0.delete("c") }, { try $0.deleteRange(Self.range("b", "d")) }, Self.range("b", "d")),
            ({ try $0.put("d", "1") }, { try $0.deleteRange(Self.range("b", "d")) }, nil),
            ({ try $0.deleteRange(Self.range("b", "d")) }, { try $0.put("c", "1") }, KeyRange(prefix: "c")),
            ({ try $0.deleteRange(Self.range("b", "d")) }, { try $0.put("d", "1") }, nil),
            (
                { try $0.deleteRange(Self.range("b", "d")) }, { try $0.deleteRange(Self.range("c", "e")) },
                Self.range("c", "e")
            ),
            ({ try $0.deleteRange(Self.range("b", "d")) }, { try $0.deleteRange(Self.range("d", nil)) }, nil),
        ]
        for (number, test) in cases.enumerated() {
            for flushes in [false, true] {
                let database = try Self.filled()
                let transaction = try database.begin(.snapshot)
                try test.own(transaction)
                try database.write { try test.other($0) }
                if flushes { try database.flush() }
                do throws(StoreError) {
                    try transaction.commit()
                    #expect(test.keys == nil, "case \(number), flushed \(flushes)")
                } catch {
                    #expect(error.code == .conflict, "case \(number), flushed \(flushes)")
                    let keys = error.location.keys
                    #expect(
                        keys?.lowerBound == test.keys?.lowerBound, "case \(number), flushed \(flushes): \(error)")
                }
            }
        }
    }

    @Test func aSnapshotKeepsWhatIsDeletedAfterIt() throws {
        let database = try Self.filled()
        let snapshot = try database.snapshot()
        try database.write { try $0.deleteRange(.all) }
        for _ in 0..<6 {
            try database.write { try $0.put("x", [UInt8](repeating: 1, count: 100)) }
            try database.flush()
        }
        #expect(Self.keys(snapshot) == ["a", "b", "c", "d"])
        #expect(try database.read { Self.keys($0) } == ["x"])
        snapshot.close()
    }

    /// Writers put whole families of keys and delete them by range, while readers look: a family is there as a whole,
    /// of one writing, or not at all.
    @Test func familiesAreWholeOrGoneForEveryReader() throws {
        let database = try Database.inMemory(EngineFixture.configuration)
        #if DEBUG
        let rounds = 60
        #else
        let rounds = 1_500
        #endif
        let failures = Guarded<[String]>([])
        let running = Atomic<Int>(2)
        var threads: [WorkerThread] = []
        for writer in 0..<2 {
            threads.append(
                try WorkerThread(name: "test-write") {
                    defer { running.subtract(1, ordering: .releasing) }
                    var random = SeededGenerator(seed: UInt64(writer))
                    for round in 0..<rounds {
                        let family = UInt8.random(in: 0..<4, using: &random)
                        let value = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: 200)
                        do {
                            try database.write(durability: .buffered) { t in
                                try t.deleteRange(KeyRange(prefix: [family]))
                                guard round % 3 > 0 else { return }
                                for member in 0..<8 as Range<UInt8> { try t.put([family, member], value) }
                            }
                            if round % 20 == 19 { try database.flush() }
                        } catch {
                            failures.withLock { $0.append("writer \(writer), round \(round): \(error)") }
                        }
                    }
                })
        }
        for reader in 0..<2 {
            threads.append(
                try WorkerThread(name: "test-read") {
                    var family: UInt8 = 0
                    while running.load(ordering: .acquiring) > 0 {
                        family = (family + 1) & 3
                        do {
                            try database.read { snapshot in
                                let members = Array(snapshot.scan(KeyRange(prefix: [family]), reverse: reader == 1))
                                let isWhole = members.count == 8 && Set(members.map(\.value)).count == 1
                                let one = try snapshot.get([family, 3])
                                if !(members.isEmpty || isWhole) || (one == nil) != members.isEmpty {
                                    failures.withLock { $0.append("family \(family) has \(members.count) members") }
                                }
                            }
                        } catch {
                            failures.withLock { $0.append("reader \(reader): \(error)") }
                        }
                    }
                })
        }
        for thread in threads { thread.join() }
        #expect(failures.withLock { $0 } == [])
        #expect(try database.check().findings.isEmpty)
        try database.close()
    }
}
