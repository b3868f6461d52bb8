import LSMTxTestSupport
import Testing

@testable import LSMTx

#if DEBUG
private let timestampCount = 3
#else
private let timestampCount = 5
#endif

/// Every small history of a key and of the ranges that cover it, under every set of read points and every oldest
/// writer, against a model that knows only what reads and conflict checks ask for.
@Suite struct RangeTombstoneFilterTests {
    /// A history is a row of these, one for each timestamp.
    private enum Slot: Int, CaseIterable {
        case none, value, tombstone, range
        /// A commit that deletes the range and then writes the key.
        case rangeThenValue

        var hasPoint: Bool { self == .value || self == .tombstone || self == .rangeThenValue }
        var hasRange: Bool { self == .range || self == .rangeThenValue }
        var hasValue: Bool { self == .value || self == .rangeThenValue }
    }

    /// What is there of a history: a bit for each timestamp.
    private struct Kept: Equatable {
        var points = 0
        var ranges = 0
    }

    private struct Case: CustomStringConvertible {
        var slots: [Slot]
        var floor: Int
        /// Bit t: there is a read point at t. All bits from `floor` on are set.
        var points: Int
        var writer: Int?
        var hasOlderElsewhere: Bool

        var description: String {
            "\(slots.map { "\($0)" }.joined(separator: " ")), floor \(floor), points \(String(points, radix: 2)), "
                + "writer \(writer.map(String.init) ?? "none"), older elsewhere \(hasOlderElsewhere)"
        }

        var readPoints: ReadPoints {
            ReadPoints(
                floor: Self.timestamp(floor),
                older: (0..<floor).filter { points & (1 << $0) != 0 }.map(Self.timestamp),
                oldestWriter: writer.map(Self.timestamp))
        }

        static func timestamp(_ number: Int) -> Timestamp { Timestamp(rawValue: UInt64(number)) }

        var all: Kept {
            var all = Kept()
            for (number, slot) in slots.enumerated() {
                if slot.hasPoint { all.points |= 1 << number }
                if slot.hasRange { all.ranges |= 1 << number }
            }
            return all
        }

        /// Which value a read gives: the number of a version, -1 for one elsewhere, nil for none.
        func read(at point: Int, _ kept: Kept) -> Int? {
            let seen = (1 << (point + 1)) - 1
            let version = Self.highest(kept.points & seen)
            let range = Self.highest(kept.ranges & seen)
            guard let version, version >= range ?? -1 else {
                return range == nil && version == nil && hasOlderElsewhere ? -1 : nil
            }
            return slots[version].hasValue ? version : nil
        }

        static func highest(_ set: Int) -> Int? { set == 0 ? nil : Int.bitWidth - 1 - set.leadingZeroBitCount }

        func readsAreEqual(_ a: Kept, _ b: Kept) -> Bool {
            for point in 0...slots.count where points & (1 << point) != 0 {
                if read(at: point, a) != read(at: point, b) { return false }
            }
            return true
        }
    }

    private static let key: [UInt8] = [5]

    /// A table that may hold the key.
    private static let deeper: TableDescriptor = {
        var statistics = TableStatistics()
        statistics.smallestKey = [4]
        statistics.largestKey = [6]
        return TableDescriptor(
            id: TableID(rawValue: 1), level: 2, born: Generation(rawValue: 1), extents: [],
            properties: BlockPointer(offset: 0, length: 24, checksum: 0), statistics: statistics)
    }()

    private func filtered(_ test: Case) -> Kept {
        let list = test.slots.indices.filter { test.slots[$0].hasRange }.map {
            RangeTombstone(lower: [3], upper: [7], timestamp: Case.timestamp($0))
        }
        var ranges = RangeTombstoneFilter(
            RangeTombstones(list), readPoints: test.readPoints, deeper: test.hasOlderElsewhere ? [Self.deeper] : [])
        var filter = VersionFilter(readPoints: test.readPoints)
        var kept = Kept()
        Self.key.withBorrowed { ranges.move(to: $0) }
        for number in test.slots.indices.reversed() where test.slots[number].hasPoint {
            let timestamp = Case.timestamp(number)
            let verdict = filter.judge(
                timestamp, kind: test.slots[number].hasValue ? .value : .tombstone, hidden: ranges.hidden(timestamp),
                mayHaveOlderElsewhere: test.hasOlderElsewhere)
            guard verdict == .keep else { continue }
            for timestamp in filter.held { kept.points |= 1 << Int(timestamp.rawValue) }
            filter.takeOutHeld()
            kept.points |= 1 << number
            ranges.keep(timestamp)
        }
        let result = ranges.finish()
        for timestamp in Self.key.withBorrowed({ result.timestamps(covering: $0) }) {
            kept.ranges |= 1 << Int(timestamp.rawValue)
        }
        return kept
    }

    /// The two rules, said backward: oldest first, by sets.
    private func ruled(_ test: Case) -> Kept {
        var kept = Kept()
        let numbers = test.slots.indices
        func isRead(from number: Int, before end: Int) -> Bool {
            (number..<end).contains { test.points & (1 << $0) != 0 }
        }
        func isIdle(_ number: Int) -> Bool {
            number <= test.floor && number <= test.writer ?? .max && kept.points & ((1 << number) - 1) == 0
                && !test.hasOlderElsewhere
        }
        for number in numbers where test.slots[number].hasPoint {
            let next = numbers.first { $0 > number && test.slots[$0] != .none } ?? numbers.count + 1
            guard isRead(from: number, before: next) else { continue }
            if test.slots[number].hasValue || !isIdle(number) { kept.points |= 1 << number }
        }
        for number in numbers where test.slots[number].hasRange {
            let next = numbers.first { $0 > number && test.slots[$0].hasRange } ?? numbers.count + 1
            if isRead(from: number, before: next), !isIdle(number) { kept.ranges |= 1 << number }
        }
        return kept
    }

    private static let histories: [[Slot]] = {
        var histories: [[Slot]] = [[.none]]
        for _ in 0..<timestampCount {
            histories = histories.flatMap { history in Slot.allCases.map { history + [$0] } }
        }
        return histories
    }()

    private func forEachCase(_ body: (Case) -> Bool) {
        for slots in Self.histories {
            for floor in 0...timestampCount + 1 {
                for older in 0..<(1 << floor) {
                    let atOrAbove = ((1 << (timestampCount + 2)) - 1) & ~((1 << floor) - 1)
                    for writer in -1...timestampCount {
                        for hasOlderElsewhere in [false, true] {
                            let test = Case(
                                slots: slots, floor: floor, points: older | atOrAbove,
                                writer: writer < 0 ? nil : writer, hasOlderElsewhere: hasOlderElsewhere)
                            guard body(test) else { return }
                        }
                    }
                }
            }
        }
    }

    @Test func noReadChangesNoConflictIsLostAndNothingDroppableStays() {
        var count = 0
        forEachCase { test in
            count += 1
            let all = test.all
            let kept = filtered(test)
            var problem: String?
            if kept.points & ~all.points != 0 || kept.ranges & ~all.ranges != 0 { problem = "something was made up" }
            if !test.readsAreEqual(all, kept) { problem = "a read changed" }
            if let writer = test.writer {
                // Who began at `begin` must see that the key was changed since.
                for begin in writer...timestampCount {
                    let before = (all.points | all.ranges) >> (begin + 1) != 0
                    if before != ((kept.points | kept.ranges) >> (begin + 1) != 0) { problem = "a conflict was lost" }
                }
            }
            for number in test.slots.indices where kept.points & (1 << number) != 0 && test.slots[number].hasValue {
                let less = Kept(points: kept.points & ~(1 << number), ranges: kept.ranges)
                if test.readsAreEqual(kept, less) { problem = "value \(number) stays for nothing" }
            }
            if kept != ruled(test) { problem = "the rules keep \(ruled(test))" }
            guard let problem else { return true }
            Issue.record("\(test): \(problem), kept \(kept)")
            return false
        }
        #expect(count > 20_000)
    }

    @Test func aTombstoneIsDroppedWhereItHidesNothingAndKeptElsewhere() {
        let points = ReadPoints(floor: Timestamp(rawValue: 9), older: [], oldestWriter: nil)
        let tombstone = RangeTombstone(lower: [0], upper: [9], timestamp: Timestamp(rawValue: 5))
        var filter = RangeTombstoneFilter(RangeTombstones([tombstone]), readPoints: points, deeper: [Self.deeper])
        // One table ends at 5, in the middle of what the deeper table has: from 4 to 6, included.
        [5].withBorrowed { key in
            let first = filter.cut(at: key)
            #expect(first.list == [RangeTombstone(lower: [0], upper: [5], timestamp: tombstone.timestamp)])
        }
        [8].withBorrowed { filter.move(to: $0) }
        let rest = filter.finish()
        #expect(rest.list == [RangeTombstone(lower: [5], upper: [9], timestamp: tombstone.timestamp)])
    }
}
