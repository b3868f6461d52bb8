import LSMTxSimulation
import Testing

@testable import LSMTx

@Suite struct ReadSetTests {
    private static func bytes(_ number: Int) -> [UInt8] { Array("key \(1_000 + number)".utf8) }

    private static func hash(_ key: [UInt8]) -> UInt64 { key.withUnsafeBytes { xxh3(BorrowedBytes($0)) } }

    private static func insert(_ key: [UInt8], into set: ReadSet) {
        key.withUnsafeBytes { set.insert(BorrowedBytes($0), hash: hash(key)) }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func itHoldsWhatWasReadAndNothingElse(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let set = ReadSet()
        defer { set.deallocate() }
        var keys: Set<Int> = []
        var ranges: [(Int, Int?)] = []
        for _ in 0..<Int.random(in: 0..<200, using: &random) {
            if Int.random(in: 0..<3, using: &random) == 0 {
                let low = Int.random(in: 0..<300, using: &random)
                let high =
                    Int.random(in: 0..<20, using: &random) == 0 ? nil : low + Int.random(in: 0..<9, using: &random)
                ranges.append((low, high))
                set.insert(KeyRange(from: Self.bytes(low), upTo: high.map(Self.bytes)))
            } else {
                let key = Int.random(in: 0..<300, using: &random)
                keys.insert(key)
                Self.insert(Self.bytes(key), into: set)
            }
        }
        set.seal()
        #expect(set.pointCount == keys.count, "seed \(seed)")
        for number in 0..<320 {
            let key = Self.bytes(number)
            key.withUnsafeBytes { bytes in
                let isPoint = set.find(BorrowedBytes(bytes), hash: Self.hash(key)) != nil
                #expect(isPoint == keys.contains(number), "seed \(seed), key \(number)")
                let isInRange = set.range(holding: BorrowedBytes(bytes)) != nil
                let expected = ranges.contains { number >= $0.0 && ($0.1.map { number < $0 } ?? true) }
                #expect(isInRange == expected, "seed \(seed), key \(number)")
            }
        }
        for (left, right) in zip(set.ranges, set.ranges.dropFirst()) {
            #expect(left.upperBound.map { $0.lexicographicallyPrecedes(right.lowerBound) } == true, "seed \(seed)")
        }
    }

    @Test func readingAgainCostsNothing() {
        let set = ReadSet()
        defer { set.deallocate() }
        for _ in 0..<3 { for number in 0..<1_000 { Self.insert(Self.bytes(number), into: set) } }
        let cost = set.cost
        #expect(set.pointCount == 1_000)
        for number in 0..<1_000 { Self.insert(Self.bytes(number), into: set) }
        #expect(set.cost == cost)
    }

    @Test func adjacentRangesBecomeOne() {
        let set = ReadSet()
        defer { set.deallocate() }
        for number in (0..<500).reversed() {
            set.insert(KeyRange(from: Self.bytes(number), upTo: Self.bytes(number + 1)))
        }
        set.seal()
        #expect(set.ranges == [KeyRange(from: Self.bytes(0), upTo: Self.bytes(500))])
    }
}
