import Testing

@testable import LSMTx

@Suite struct SettlingPickerTests {
    private static func zero(_ bytes: UInt64...) -> [TableDescriptor] {
        bytes.enumerated().map { plannedTable(UInt64(100 - $0.offset), level: 0, keys: 10...19, bytes: $0.element) }
    }

    @Test func oneTableAloneIsSettled() {
        #expect(CompactionPicker.pickSettling(levels: [[]]) == nil)
        #expect(CompactionPicker.pickSettling(levels: [Self.zero(10)]) == nil)
        let besides = plannedTable(1, level: 1, keys: 20...29, bytes: 1)
        #expect(CompactionPicker.pickSettling(levels: [Self.zero(10), [besides]]) == nil)
        #expect(
            CompactionPicker.pickSettling(levels: [[], [besides], [plannedTable(2, level: 2, keys: 0...9, bytes: 9)]])
                == nil)
    }

    @Test func tablesOfLevelZeroGoTogetherNewestFirst() throws {
        let two = [plannedTable(3, level: 2, keys: 0...12, bytes: 1000)]
        let plan = try #require(CompactionPicker.pickSettling(levels: [Self.zero(10, 5), [], two]))
        #expect(plan.inputs.map(\.id.rawValue) == [100, 99])
        #expect(plan.targetLevel == 1 && plan.reason == .settling && !plan.isTrivialMove)
        #expect(plan.deeper.map(\.id.rawValue) == [3])
    }

    /// What joins is that of level 1 alone that overlaps, and at most twice what comes down.
    @Test(arguments: [(UInt64(29), true), (30, true), (31, false)])
    func whatJoinsIsAtMostTwiceAsLarge(bytes: UInt64, isPicked: Bool) {
        let one = [
            plannedTable(1, level: 1, keys: 0...9, bytes: 1000), plannedTable(2, level: 1, keys: 15...16, bytes: bytes),
        ]
        let plan = CompactionPicker.pickSettling(levels: [Self.zero(10, 5), one])
        #expect(plan?.inputs.map(\.id.rawValue) == (isPicked ? [100, 99, 2] : nil))
    }

    @Test func oneTableOverAnotherIsMergedIntoIt() throws {
        let one = [plannedTable(2, level: 1, keys: 15...16, bytes: 20)]
        #expect(try #require(CompactionPicker.pickSettling(levels: [Self.zero(10), one])).inputs.count == 2)
    }

    @Test(arguments: [100, 99, 2] as [UInt64]) func damagedTablesStayWhereTheyAre(damaged: UInt64) {
        let one = [plannedTable(2, level: 1, keys: 15...16, bytes: 20)]
        let levels = [Self.zero(10, 5), one]
        #expect(CompactionPicker.pickSettling(levels: levels, avoiding: [TableID(rawValue: damaged)]) == nil)
        #expect(CompactionPicker.pickSettling(levels: levels, avoiding: [TableID(rawValue: 77)]) != nil)
    }
}
