import LSMTxSimulation
import LSMTxSpecs
import Testing

/// Keys are bytes; texts are how a history writes them.
@Suite struct HistoryKeyTests {
    @Test func everyKeyComesBackFromItsText() {
        var random = SeededGenerator(seed: 3)
        for byte in UInt8.min...UInt8.max { #expect(HistoryKey.bytes(of: HistoryKey.text(of: [byte])) == [byte]) }
        for _ in 0..<2_000 {
            let key = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                [0x5C, 0x78, 0x34, 0xC3, 0xA9, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random)
                    ?? 0
            }
            #expect(HistoryKey.bytes(of: HistoryKey.text(of: key)) == key, "\(key)")
        }
        #expect(HistoryKey.text(of: [0x61, 0xFF, 0x5C]) == "a\\xff\\\\")
        #expect(HistoryKey.bytes(of: "a\\q\\x4\\") == Array("a\\q\\x4\\".utf8))
    }

    private static func history(_ operations: [[MicroOperation]]) throws -> History {
        var script = HistoryScript()
        for (place, steps) in operations.enumerated() {
            script.run(0, steps, commit: steps.contains(where: \.isWrite) ? UInt64(place + 1) : nil)
        }
        return try History(script.events)
    }

    private static func strongest(_ history: History) -> [IsolationModel?] {
        [
            TimestampReplay.check(history).strongest(), DependencyGraph.check(history).strongest(),
            BruteForce(history).strongest(),
        ]
    }

    /// The letter é has two forms that Swift's strings take for the same one.
    @Test func keysThatUnicodeTakesForOneAreTwo() throws {
        let (composed, decomposed) = ("\u{E9}", "e\u{301}")
        let two = try Self.history([[put(composed, 1)], [put(decomposed, 2)], [get(composed, 1), get(decomposed, 2)]])
        #expect(Self.strongest(two) == [.strictSerializable, .strictSerializable, .strictSerializable])
        let mixed = try Self.history([[put(composed, 1)], [get(decomposed, 1)]])
        #expect(Self.strongest(mixed) == [nil, nil, nil])
        // Written once as text and once by its bytes, it is one key.
        let same = try Self.history([[put(composed, 1)], [get("\\xc3\\xa9", 1)]])
        #expect(Self.strongest(same) == [.strictSerializable, .strictSerializable, .strictSerializable])
    }

    /// By bytes: "Z" < "a" < "z" < 0x7F < 0xC3… < 0xFF, whatever a language or the escapes make of it.
    @Test func rangesAreOfBytes() throws {
        let keys = ["Z", "a", "z", "\\x7f", "\u{E9}", "\\xff"]
        let writes = keys.enumerated().map { put($1, $0) }
        for (first, lower) in keys.enumerated() {
            for (last, upper) in keys.enumerated() where first <= last {
                let pairs = (first..<last).map {
                    ScanRecord.Pair(key: keys[$0], value: .integer($0))
                }
                let scan = MicroOperation.scan(ScanRecord(from: lower, to: upper, pairs: pairs))
                let right = try Self.history([writes, [scan]])
                #expect(Self.strongest(right) == [.strictSerializable, .strictSerializable, .strictSerializable])
                // Without its only entry it would be an older state.
                guard pairs.count > 1 else { continue }
                let short = MicroOperation.scan(ScanRecord(from: lower, to: upper, pairs: pairs.dropLast()))
                #expect(Self.strongest(try Self.history([writes, [short]])) == [nil, nil, nil])
            }
        }
    }

    @Test func keysOfAnyBytesSurviveBeingWrittenAndRead() throws {
        let operations = (UInt8.min...UInt8.max).map { put(HistoryKey.text(of: [$0]), Int($0)) }
        let event = HistoryEvent(index: 0, time: 0, process: 0, kind: .ok, operations: operations)
        #expect(try HistoryReader.events(of: HistoryWriter().line(event)) == [event])
    }
}
