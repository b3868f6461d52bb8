import Testing

@testable import LSMTx

#if DEBUG
private let timestampCount = 5
#else
private let timestampCount = 7
#endif

/// Every small history of a key, under every set of read points and every oldest writer, against a model that knows
/// only what reads and conflict checks ask for.
@Suite struct VersionFilterTests {
    /// A history is a row of these, one for each timestamp.
    private enum Slot: Int, CaseIterable { case none, value, tombstone }

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

        /// Which value a read at `point` gives, when only the versions in `kept` are there: the number of a version,
        /// -1 for one elsewhere, nil for none.
        func read(at point: Int, kept: Int) -> Int? {
            var number = min(point, slots.count - 1)
            while number >= 0 {
                if kept & (1 << number) != 0 { return slots[number] == .value ? number : nil }
                number -= 1
            }
            return hasOlderElsewhere ? -1 : nil
        }

        func readsAreEqual(_ a: Int, _ b: Int) -> Bool {
            for point in 0...slots.count where points & (1 << point) != 0 {
                if read(at: point, kept: a) != read(at: point, kept: b) { return false }
            }
            return true
        }
    }

    /// What a filter keeps, as a set of timestamps, and what it counted.
    private func filtered(
        _ test: Case, with filter: inout VersionFilter
    ) -> (kept: Int, superseded: Int, idle: Int) {
        var kept = 0
        var superseded = 0
        var number = test.slots.count - 1
        while number >= 0 {
            defer { number -= 1 }
            guard test.slots[number] != .none else { continue }
            let verdict = filter.judge(
                Case.timestamp(number), kind: test.slots[number] == .value ? .value : .tombstone,
                mayHaveOlderElsewhere: test.hasOlderElsewhere)
            switch verdict {
            case .keep:
                for timestamp in filter.held { kept |= 1 << Int(timestamp.rawValue) }
                filter.takeOutHeld()
                kept |= 1 << number
            case .dropSuperseded, .dropCovered: superseded += 1
            case .hold: break
            }
        }
        return (kept, superseded, filter.beginKey())
    }

    /// The rule of ``VersionFilter``, said backward: oldest first, by sets.
    private func ruled(_ test: Case) -> Int {
        let numbers = test.slots.indices.filter { test.slots[$0] != .none }
        var kept = 0
        for (index, number) in numbers.enumerated() {
            let next = index + 1 < numbers.count ? numbers[index + 1] : test.slots.count + 1
            guard (number..<next).contains(where: { test.points & (1 << $0) != 0 }) else { continue }
            let isIdle =
                test.slots[number] == .tombstone && number <= test.floor && kept == 0 && !test.hasOlderElsewhere
                && number <= test.writer ?? .max
            if !isIdle { kept |= 1 << number }
        }
        return kept
    }

    private static let histories: [[Slot]] = {
        var histories: [[Slot]] = [[]]
        for _ in 0..<timestampCount {
            histories = histories.flatMap { history in Slot.allCases.map { history + [$0] } }
        }
        return histories.filter { history in (1...5).contains(history.count { $0 != .none }) }
    }()

    private func forEachCase(_ body: (Case) -> Bool) {
        for slots in Self.histories {
            for floor in 0...timestampCount {
                for older in 0..<(1 << floor) {
                    let atOrAbove = ((1 << (timestampCount + 1)) - 1) & ~((1 << floor) - 1)
                    for writer in -1..<timestampCount {
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
            var all = 0
            for number in test.slots.indices where test.slots[number] != .none { all |= 1 << number }
            var filter = VersionFilter(readPoints: test.readPoints)
            let result = filtered(test, with: &filter)
            let kept = result.kept
            var problem: String?
            if kept & ~all != 0 || kept.nonzeroBitCount + result.superseded + result.idle != all.nonzeroBitCount {
                problem = "versions were made up or lost"
            }
            if !test.readsAreEqual(all, kept) { problem = "a read changed" }
            if let writer = test.writer {
                // Who began at `begin` must see that the key was written since.
                for begin in writer...timestampCount where (all >> (begin + 1) != 0) != (kept >> (begin + 1) != 0) {
                    problem = "a conflict was lost"
                }
            }
            for number in test.slots.indices where kept & (1 << number) != 0 {
                // Two tombstones in a row hide the same; the upper one is not idle, though, while the lower stays.
                let older = kept & ((1 << number) - 1)
                let hidesTombstone =
                    older != 0 && test.slots[Int.bitWidth - 1 - older.leadingZeroBitCount] == .tombstone
                let mayStay =
                    test.slots[number] == .tombstone
                    && (number > test.floor || number > test.writer ?? .max || hidesTombstone)
                if !mayStay, test.readsAreEqual(kept, kept & ~(1 << number)) {
                    problem = "version \(number) stays for nothing"
                }
            }
            if kept != ruled(test) { problem = "the rule keeps \(String(ruled(test), radix: 2))" }
            guard let problem else { return true }
            Issue.record("\(test): \(problem), kept \(String(kept, radix: 2))")
            return false
        }
        #expect(count > 50_000)
    }

    @Test func aFilterForgetsTheKeyBefore() {
        var filter = VersionFilter(
            readPoints: ReadPoints(floor: Timestamp(rawValue: 9), older: [], oldestWriter: nil))
        let first = Case(slots: [.none, .value, .tombstone], floor: 9, points: 0, hasOlderElsewhere: false)
        let second = Case(slots: [.none, .value, .none], floor: 9, points: 0, hasOlderElsewhere: false)
        #expect(filtered(first, with: &filter) == (kept: 0, superseded: 1, idle: 1))
        #expect(filtered(second, with: &filter) == (kept: 2, superseded: 0, idle: 0))
    }

    @Test func anOldReadPointKeepsOnlyTheVersionThatItSees() {
        let older = [Timestamp(rawValue: 50)]
        var filter = VersionFilter(
            readPoints: ReadPoints(floor: Timestamp(rawValue: 1000), older: older, oldestWriter: nil))
        var kept: [UInt64] = []
        for timestamp in stride(from: 990 as UInt64, through: 10, by: -10) {
            let verdict = filter.judge(
                Timestamp(rawValue: timestamp), kind: .value, mayHaveOlderElsewhere: false)
            if verdict == .keep { kept.append(timestamp) }
        }
        #expect(kept == [990, 50])
    }
}
