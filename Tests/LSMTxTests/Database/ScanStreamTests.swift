import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Streams show what scans show, in batches that nobody sees.
@Suite struct ScanStreamTests {
    private static func filled(_ count: Int, valueBytes: Int = 10) async throws -> Database {
        let database = try Database.inMemory()
        try await database.write { t in
            for number in 0..<count {
                try t.put("key \(1_000_000 + number)", [UInt8](repeating: UInt8(number & 255), count: valueBytes))
            }
        }
        return database
    }

    private static func collect(_ stream: ScanStream) async throws -> [Entry] {
        var entries: [Entry] = []
        for try await entry in stream { entries.append(entry) }
        return entries
    }

    @Test func aStreamHasTheEntriesOfTheScan() async throws {
        // Sizes around those of the batches: 32, 64, ...
        for count in [0, 1, 31, 32, 33, 95, 96, 97, 5_000] {
            let database = try await Self.filled(count)
            let snapshot = try database.snapshot()
            for reverse in [false, true] {
                for limit in [nil, 0, 1, 32, 33, 1_000] {
                    let expected = Array(snapshot.scan(.all, reverse: reverse, limit: limit))
                    let found = try await Self.collect(snapshot.stream(reverse: reverse, limit: limit))
                    #expect(found == expected, "\(count) entries, reverse \(reverse), limit \(limit ?? -1)")
                }
            }
            let some = KeyRange(from: Array("key 1000010".utf8), upTo: Array("key 1000050".utf8))
            #expect(try await Self.collect(snapshot.stream(some)) == Array(snapshot.scan(some)))
            snapshot.close()
            try await database.close()
        }
    }

    @Test func longValuesMakeShortBatches() async throws {
        let database = try await Self.filled(40, valueBytes: 70_000)
        let snapshot = try database.snapshot()
        #expect(try await Self.collect(snapshot.stream()) == Array(snapshot.scan()))
        snapshot.close()
        try await database.close()
    }

    @Test func aStreamGoesOnAfterItsSnapshotWasClosed() async throws {
        let database = try await Self.filled(1_000)
        let snapshot = try database.snapshot()
        var iterator = snapshot.stream().makeAsyncIterator()
        var count = 0
        while try await iterator.next() != nil {
            if count == 0 {
                snapshot.close()
                try await database.write { try $0.deleteRange(.all) }
                try await database.flush()
                try await database.compact()
            }
            count += 1
        }
        #expect(count == 1_000)
        #expect(try await iterator.next() == nil)
        await #expect { for try await _ in snapshot.stream() {} } throws: { ($0 as? StoreError)?.code == .closed }
        try await database.close()
    }

    @Test func aCloseEndsAStreamWithAnError() async throws {
        let database = try await Self.filled(10_000)
        let snapshot = try database.snapshot()
        var iterator = snapshot.stream().makeAsyncIterator()
        #expect(try await iterator.next() != nil)
        try await database.close()
        var count = 1
        await #expect {
            while try await iterator.next() != nil { count += 1 }
        } throws: {
            ($0 as? StoreError)?.code == .closed
        }
        // What had been read.
        #expect(count == 32)
        #expect(try await iterator.next() == nil)
    }

    @Test func twoIteratorsOfAStreamDoNotMeet() async throws {
        let database = try await Self.filled(500)
        let snapshot = try database.snapshot()
        let stream = snapshot.stream()
        let expected = Array(snapshot.scan())
        var first = stream.makeAsyncIterator()
        var second = stream.makeAsyncIterator()
        for entry in expected {
            #expect(try await first.next() == entry)
            #expect(try await second.next() == entry)
            // One that is let go of before its first entry, and one within a batch.
            _ = stream.makeAsyncIterator()
            for try await some in stream {
                #expect(some == expected[0])
                break
            }
        }
        #expect(try await first.next() == nil)
        #expect(try await second.next() == nil)
        snapshot.close()
        try await database.close()
    }

    @Test func aStreamThatWasLeftKeepsNothing() async throws {
        for round in 0..<100 {
            let base = MemoryDevice()
            try EngineFixture.format(base)
            let database = try EngineFixture.open(base)
            try await database.write { t in
                for number in 0..<200 { try t.put("key \(number)", "v") }
            }
            func look() async throws {
                let snapshot = try database.snapshot()
                defer { snapshot.close() }
                for try await _ in snapshot.stream() { return }
            }
            try await look()
            #expect(database.core.snapshots.openTimestamps.first == nil, "round \(round)")
            try await database.close()
        }
    }

    @Test func aCancelledTaskGetsNoFurtherEntry() async throws {
        let database = try await Self.filled(10_000)
        let snapshot = try database.snapshot()
        let task = Task {
            var count = 0
            for try await _ in snapshot.stream() {
                count += 1
                if count == 40 { withUnsafeCurrentTask { $0?.cancel() } }
                if count > 40 { Issue.record("An entry after the cancellation.") }
            }
        }
        #expect(await AsyncFixture.failure(of: task) is CancellationError)
        snapshot.close()
        try await database.close()
    }

    @Test func manyStreamsAreReadAtOnce() async throws {
        let database = try await Self.filled(3_000)
        let snapshot = try database.snapshot()
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    var count = 0
                    for try await _ in snapshot.stream() { count += 1 }
                    return count
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == [Int](repeating: 3_000, count: 100))
        snapshot.close()
        try await database.close()
    }

    @Test func damageIsThrown() async throws {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let database = try EngineFixture.open(base)
        try await database.write { t in
            for number in 0..<100 { try t.put("key \(number)", [UInt8](repeating: 7, count: 1_000)) }
        }
        try EngineControl(database).flush()
        let table = try #require(database.engine.versions.current.tables.first)
        let extent = table.descriptor.extents[0]
        try [UInt8](repeating: 0xA5, count: 40_000).withUnsafeBytes { bytes in
            try base.write(UnsafeRawBufferPointer(bytes), at: extent.offset)
        }
        let snapshot = try database.snapshot()
        await #expect { for try await _ in snapshot.stream() {} } throws: { ($0 as? StoreError)?.code == .corrupt }
    }
}
