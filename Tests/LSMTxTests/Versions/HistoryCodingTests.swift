import LSMTxSimulation
import Testing

@testable import LSMTx

@Suite struct HistoryCodingTests {
    #if DEBUG
    private static let rounds = 3_000
    #else
    private static let rounds = 60_000
    #endif

    private static func edit(seed: UInt64) -> HistoryEdit {
        var random = SeededGenerator(seed: seed)
        var edit = HistoryEdit()
        func maybe(_ number: UInt64) -> UInt64? { Bool.random(using: &random) ? number : nil }
        if Bool.random(using: &random) {
            edit.retention = Retention(
                keep: maybe(random.next() >> 12).map { .milliseconds($0) }, commits: maybe(random.next()),
                logBytes: maybe(random.next()))
        }
        edit.collectedFloor = maybe(random.next() >> 2).map { Timestamp(rawValue: $0) }
        for number in 0..<Int.random(in: 0...3, using: &random) {
            edit.added.append(
                NamedSnapshot(
                    name: "näme \(number)", timestamp: Timestamp(rawValue: random.next() >> 2),
                    createdAt: Int64(random.next() >> 12)))
            edit.dropped.append("old \(number)")
        }
        var last: UInt64 = 0
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            last += UInt64.random(in: 1...1 << 40, using: &random)
            edit.samples.append(
                CommitTimeline.Sample(
                    timestamp: Timestamp(rawValue: last), milliseconds: last,
                    position: LogSequenceNumber(rawValue: last)))
            edit.skips.append(
                CommitTimeline.Skip(after: Timestamp(rawValue: last), through: Timestamp(rawValue: last + 1)))
        }
        return edit
    }

    private static func encoded(_ history: HistoryEdit) -> [UInt8] {
        var edit = VersionEdit()
        edit.history = history
        var writer = ByteWriter()
        edit.encode(to: &writer)
        return writer.bytes
    }

    private static func decoded(_ bytes: [UInt8]) throws(StoreError) -> HistoryEdit {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(StoreError) in
                var reader = ByteReader(BorrowedBytes(bytes), structure: "manifest edit", fileOffset: 0)
                return try VersionEdit(from: &reader).history
            }
        }
        return try result.get()
    }

    @Test func everyEditIsReadAsItWasWritten() throws {
        for seed in 0..<UInt64(200) {
            let edit = Self.edit(seed: seed)
            let read = try Self.decoded(Self.encoded(edit))
            #expect(read.retention == edit.retention, "seed \(seed)")
            #expect(read.collectedFloor == edit.collectedFloor, "seed \(seed)")
            #expect(read.added == edit.added && read.dropped == edit.dropped, "seed \(seed)")
            #expect(read.samples == edit.samples && read.skips == edit.skips, "seed \(seed)")
        }
    }

    @Test func bytesThatLieAreRefusedOrMakeSense() {
        var refused = 0
        for seed in 0..<UInt64(Self.rounds) {
            var random = SeededGenerator(seed: seed)
            var bytes = Self.encoded(Self.edit(seed: seed % 50))
            guard !bytes.isEmpty else { continue }
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            do {
                let edit = try Self.decoded(bytes)
                // Whatever was accepted can be applied, written and read again.
                var history = RetainedHistory()
                var applicable = edit
                applicable.dropped = []
                do { try history.apply(applicable) } catch { #expect(error.code == .corrupt) }
                _ = try Self.decoded(Self.encoded(history.asEdit))
                _ = history.timeline.timestamp(.max, before: Timestamp(rawValue: Superblock.maximumCounter))
            } catch {
                refused += 1
                #expect(error.code == .corrupt || error.code == .unsupportedFormat, "seed \(seed): \(error)")
            }
        }
        #expect(refused > Self.rounds / 10)
    }

    @Test func whatIsNotPossibleIsCorrupt() {
        func writer(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
            var writer = ByteWriter()
            body(&writer)
            return writer.bytes
        }
        let cases: [(String, [UInt8])] = [
            (
                "floor above every counter",
                writer {
                    $0.uint8(17); $0.varint(1 << 62 + 1)
                }
            ),
            (
                "retention of an unknown kind",
                writer {
                    $0.uint8(16); $0.uint8(8)
                }
            ),
            (
                "retention longer than any",
                writer {
                    $0.uint8(16); $0.uint8(1); $0.varint(.max)
                }
            ),
            (
                "name that is empty",
                writer {
                    $0.uint8(19); $0.varint(0)
                }
            ),
            (
                "name longer than the rest",
                writer {
                    $0.uint8(19); $0.varint(200)
                }
            ),
            (
                "name longer than any",
                writer {
                    $0.uint8(19); $0.lengthPrefixed([UInt8](repeating: 65, count: 256))
                }
            ),
            (
                "name that is not text",
                writer {
                    $0.uint8(19); $0.lengthPrefixed([0xff])
                }
            ),
            (
                "name of digits",
                writer {
                    $0.uint8(18); $0.lengthPrefixed(Array("12".utf8)); $0.varint(1); $0.varint(1)
                }
            ),
            (
                "more samples than bytes",
                writer {
                    $0.uint8(20); $0.varint(.max)
                }
            ),
            (
                "samples that stand still",
                writer {
                    $0.uint8(20); $0.varint(2); for _ in 0..<3 { $0.varint(5) }; for _ in 0..<3 { $0.varint(0) }
                }
            ),
            (
                "samples that overflow",
                writer {
                    $0.uint8(20); $0.varint(2); for _ in 0..<3 { $0.varint(5) }; $0.varint(.max); $0.varint(0);
                    $0.varint(0)
                }
            ),
            (
                "skip that goes back",
                writer {
                    $0.uint8(21); $0.varint(5); $0.varint(4)
                }
            ),
            (
                "skips that overlap",
                writer {
                    $0.uint8(21); $0.varint(5); $0.varint(9); $0.uint8(21); $0.varint(8); $0.varint(10)
                }
            ),
        ]
        for (what, bytes) in cases {
            #expect(EngineFixture.code { _ = try Self.decoded(bytes) } == .corrupt, "\(what)")
        }
    }

    @Test func namesAreGivenAndDroppedOnce() throws {
        var history = RetainedHistory()
        var edit = HistoryEdit()
        edit.added = ["b", "a", "é"].map { NamedSnapshot(name: $0, timestamp: .zero, createdAt: 0) }
        try history.apply(edit)
        #expect(history.snapshots.map(\.name) == ["a", "b", "é"])
        #expect(EngineFixture.code { try history.apply(edit) } == .corrupt)
        history = RetainedHistory()
        try history.apply(edit)
        var drop = HistoryEdit()
        drop.dropped = ["a"]
        try history.apply(drop)
        #expect(history.snapshots.map(\.name) == ["b", "é"])
        #expect(EngineFixture.code { try history.apply(drop) } == .corrupt)
    }

    @Test func namesAreNeitherTimestampsNorTimes() {
        for name in [
            "", "0", "123456", "2026-11-20", "2026-11-20T10:00:00Z", "2026-11-20 10:00", "2026-11-20t", "a\nb",
            "\u{7f}",
            String(repeating: "x", count: 256),
        ] {
            #expect(EngineFixture.code { try NamedSnapshot.check(name: name) } == .misuse, "\(name)")
        }
        for name in [
            "a", "v1", "12a", "2026", "2026-11", "2026-11-20-a", "2026-1-2", " ", "Größe",
            String(repeating: "x", count: 255),
        ] {
            // "2026" is all digits; the rest are names.
            #expect((EngineFixture.code { try NamedSnapshot.check(name: name) } == nil) == (name != "2026"), "\(name)")
        }
    }

    @Test func timesAreWrittenAsPeopleReadThem() {
        #expect(UnixTime.iso8601(0) == "1970-01-01T00:00:00.000Z")
        #expect(UnixTime.iso8601(-1) == "1969-12-31T23:59:59.999Z")
        #expect(UnixTime.iso8601(951_782_400_000) == "2000-02-29T00:00:00.000Z")
        #expect(UnixTime.iso8601(4_107_542_400_000) == "2100-03-01T00:00:00.000Z")
        #expect(UnixTime.iso8601(1_795_230_245_678) == "2026-11-21T03:04:05.678Z")
    }
}
