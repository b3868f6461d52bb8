import LSMTxSimulation
import Testing

@testable import LSMTxSpecs

@Suite struct RunHistoryTests {
    @Test func textKeepsEveryByteAndTheirOrder() {
        var generator = SeededGenerator(seed: 1)
        var keys =
            (0...255).map { [UInt8($0)] } + [[], [0x61, 0xCC, 0x81], [0xC3, 0xA1], [0x0D, 0x0A], [0xFF, 0xFF]]
        for _ in 0..<300 {
            keys.append(
                (0..<Int.random(in: 0...6, using: &generator)).map { _ in .random(in: 0...255, using: &generator) })
        }
        let distinct = Set(keys)
        #expect(Set(distinct.map(RunHistory.text)).count == distinct.count)
        let sorted = distinct.sorted { $0.lexicographicallyPrecedes($1) }
        let texts = distinct.map(RunHistory.text).sorted(by: HistoryKey.precedes)
        #expect(texts == sorted.map(RunHistory.text))
        #expect(RunHistory.text(Array("plain ~key".utf8)) == "plain ~key")
    }

    private static func operations(_ lines: String, setup: String = "put a 0") throws -> [String] {
        let run = try SpecRuns.schedule(lines + "\nT commit -> ok\nverdict none", setup: setup)
        #expect(run.hasPassed, "\(run.lines)")
        return run.history.transactions[1].operations.map(\.description)
    }

    @Test func whatWasUndoneWasNeverMade() throws {
        let lines = "T put a 1\nT savepoint s\nT del a\nT get a\nT put b 1\nT scan a z\nT rollback-to s\nT get a"
        #expect(
            try Self.operations(lines) == [
                "put a 1", "scan a\\x00 b -> []", "scan b\\x00 z -> []", "get a -> 1",
            ])
        #expect(try Self.operations("T savepoint s\nT put b 1\nT release s\nT get b") == ["put b 1", "get b -> 1"])
    }

    @Test func aDeletedRangeIsTheKeysInIt() throws {
        #expect(
            try Self.operations("T get b\nT get q\nT del-range a c\nT put b 1\nT scan a c") == [
                "get b -> none", "get q -> none", "del a", "del b", "put b 1", "scan a c -> [b=1]",
            ])
    }

    @Test func aCursorIsOneScanAsFarAsItWasRead() throws {
        let setup = "put a 0\nput b 0\nput c 0"
        #expect(
            try Self.operations("T open c a z\nT put d 1\nT next c\nT next c", setup: setup) == [
                "scan a b\\x00 -> [a=0, b=0]", "put d 1",
            ])
        #expect(try Self.operations("T open c a z\nT next c 9", setup: setup) == ["scan a z -> [a=0, b=0, c=0]"])
        #expect(try Self.operations("T open c a z\nT get a", setup: setup) == ["get a -> 0"])
        #expect(
            try Self.operations("T open c a z reverse\nT next c", setup: setup) == ["scan c z reverse -> [c=0]"])
        #expect(try Self.operations("T scan a z limit 2", setup: setup) == ["scan a b\\x00 -> [a=0, b=0]"])
        #expect(try Self.operations("T prefix \"\\xff\"", setup: setup) == ["scan \\xff \\xff\\xff -> []"])
    }

    /// A backslash in a key is no escape in a history.
    @Test func keysThatLookLikeEscapesAreKeysOfTheirOwn() throws {
        let found = try Self.operations("T get A\nT get \"\\\\x41\"\nT get \"\\xff\"\nT prefix \"\\\\\"")
        #expect(
            found == [
                "get A -> none", "get \\\\x41 -> none", "get \\xff -> none", "scan \\\\ ] -> []",
            ])
    }
}
