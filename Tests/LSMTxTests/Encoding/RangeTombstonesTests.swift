import LSMTxSimulation
import Testing

@testable import LSMTx

#if DEBUG
private let setSize = 2
private let rounds = 300
#else
private let setSize = 3
private let rounds = 5000
#endif

/// Sets of range tombstones against the plain rule, over keys of one byte from 0 to 4.
@Suite struct RangeTombstonesTests {
    private static let keys: [[UInt8]] = [[], [0], [1], [2], [2, 0], [3], [4]]

    /// Every tombstone with bounds at 0, 1, 2 and 3 or no end, and timestamps 1 to 3.
    private static let all: [RangeTombstone] = {
        var all: [RangeTombstone] = []
        for lower in 0..<4 as Range<UInt8> {
            for upper in Array(lower + 1..<4).map({ [$0] as [UInt8]? }) + [nil] {
                for timestamp in 1...3 as ClosedRange<UInt64> {
                    all.append(
                        RangeTombstone(lower: [lower], upper: upper, timestamp: Timestamp(rawValue: timestamp)))
                }
            }
        }
        return all
    }()

    private static func covering(_ list: [RangeTombstone], _ key: [UInt8]) -> [UInt64] {
        let found = list.filter { KeyRange(from: $0.lower, upTo: $0.upper).contains(key) }
        return Set(found.map(\.timestamp.rawValue)).sorted(by: >)
    }

    private static func check(_ set: RangeTombstones, _ list: [RangeTombstone], _ context: @autoclosure () -> String) {
        for key in keys {
            let covering = covering(list, key)
            key.withBorrowed { bytes in
                let interval = set.interval(of: bytes)
                #expect(set.timestamps(covering: bytes).map(\.rawValue) == covering, "\(context()): \(key)")
                for point in 0...4 as ClosedRange<UInt64> {
                    let at = Timestamp(rawValue: point)
                    let newest = covering.first { $0 <= point } ?? 0
                    #expect(set.newest(covering: bytes, at: at).rawValue == newest, "\(context()): \(key) at \(point)")
                    let oldest = covering.last { $0 > point }
                    #expect(set.oldest(in: interval, above: at)?.rawValue == oldest, "\(context()): \(key)")
                    #expect(
                        set.timestamps(in: interval, above: at).map(\.rawValue) == covering.filter { $0 > point },
                        "\(context()): \(key)")
                }
            }
        }
    }

    private static func checkRanges(_ set: RangeTombstones, _ list: [RangeTombstone], _ context: String) {
        for lower in keys {
            for upper in keys.map({ $0 as [UInt8]? }) + [nil] where !KeyRange(from: lower, upTo: upper).isEmpty {
                let range = KeyRange(from: lower, upTo: upper)
                let met = list.filter { range.overlaps(KeyRange(from: $0.lower, upTo: $0.upper)) }
                let expected = met.map(\.timestamp.rawValue).max() ?? 0
                let found = lower.withBorrowed { low in
                    upper.map { $0.withBorrowed { set.newest(from: low, upTo: $0) } }
                        ?? set.newest(from: low, upTo: nil)
                }
                #expect(found.rawValue == expected, "\(context), \(range)")
                let clipped = set.clipped(to: range)
                for key in keys {
                    let expected = range.contains(key) ? covering(list, key) : []
                    let found = key.withBorrowed { clipped.timestamps(covering: $0).map(\.rawValue) }
                    #expect(found == expected, "\(context), clipped to \(range): \(key)")
                }
            }
        }
    }

    @Test func everySmallSetAnswersAsTheRuleSays() {
        var lists: [[RangeTombstone]] = [[]]
        for _ in 0..<setSize { lists += lists.flatMap { list in Self.all.map { list + [$0] } } }
        for list in lists { Self.check(RangeTombstones(list), list, "\(list)") }
    }

    @Test func setsOfAnySizeAnswerTheSameHoweverTheyWereMade() {
        for round in 0..<rounds {
            var random = SeededGenerator(seed: UInt64(round))
            let list = (0..<Int.random(in: 0..<9, using: &random)).map { _ in Self.all.randomElement(using: &random)! }
            let set = RangeTombstones(list)
            Self.check(set, list, "round \(round)")
            Self.checkRanges(set, list, "round \(round)")
            #expect(RangeTombstones(set.list.shuffled(using: &random)).list == set.list, "round \(round)")
            // What is cut becomes one again.
            let cut: [UInt8] = [UInt8.random(in: 0..<4, using: &random)]
            let halves = [
                set.clipped(to: KeyRange(upTo: cut.isEmpty ? nil : cut)), set.clipped(to: KeyRange(from: cut)),
            ]
            #expect(RangeTombstones(merging: halves).list == set.list, "round \(round)")
            var runs = RangeTombstoneRuns()
            for tombstone in list { runs = runs.adding(tombstone) }
            #expect(runs.merged.list == set.list, "round \(round)")
            #expect(runs.runs.count <= 4, "round \(round)")
            for key in Self.keys {
                key.withBorrowed { bytes in
                    #expect(Set(runs.timestamps(covering: bytes)) == Set(set.timestamps(covering: bytes)))
                    for point in 0...4 as ClosedRange<UInt64> {
                        let at = Timestamp(rawValue: point)
                        #expect(runs.newest(covering: bytes, at: at) == set.newest(covering: bytes, at: at))
                    }
                }
            }
        }
    }

    @Test func deletingFromTheFrontOfAQueueTakesMemoryInProportion() {
        func key(_ number: Int) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 255)] }
        let count = 2000
        var runs = RangeTombstoneRuns()
        for number in 1...count {
            let timestamp = Timestamp(rawValue: UInt64(number))
            runs = runs.adding(RangeTombstone(lower: [], upper: key(number), timestamp: timestamp))
        }
        let set = runs.merged
        #expect(set.count == count)
        #expect(set.memoryBytes < count * 150)
        for number in stride(from: 0, to: count, by: 37) {
            key(number).withBorrowed { bytes in
                #expect(set.newest(covering: bytes, at: .max).rawValue == UInt64(count))
                #expect(set.oldest(in: set.interval(of: bytes), above: .zero)?.rawValue == UInt64(number + 1))
                #expect(set.timestamps(covering: bytes).count == count - number)
            }
        }
    }

    @Test func boundsOneByteLongerThanAKeyBecomeKeys() {
        let long = [UInt8](repeating: 7, count: Limits.maximumKeyBytes)
        let last = [UInt8](repeating: 255, count: Limits.maximumKeyBytes)
        let successor = Array(long.dropLast()) + [8]
        #expect(KeyRange(from: long + [0]).withKeysForBounds == KeyRange(from: successor))
        #expect(KeyRange(from: long, upTo: long + [0]).withKeysForBounds == KeyRange(from: long, upTo: successor))
        #expect(KeyRange(from: long + [1], upTo: long + [9]).withKeysForBounds == nil)
        #expect(KeyRange(from: last + [0]).withKeysForBounds == nil)
        #expect(KeyRange(from: last, upTo: last + [3]).withKeysForBounds == KeyRange(from: last))
        #expect(KeyRange(from: [2], upTo: [1]).withKeysForBounds == nil)
        #expect(KeyRange(from: [], upTo: []).withKeysForBounds == nil)
        #expect(KeyRange.all.withKeysForBounds == .all)
    }
}
