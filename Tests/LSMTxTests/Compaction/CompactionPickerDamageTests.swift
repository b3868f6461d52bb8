import LSMTxSimulation
import Testing

@testable import LSMTx

/// Plans around tables that must not be read.
@Suite struct CompactionPickerDamageTests {
    private static var options: CompactionOptions {
        var options = CompactionOptions()
        options.baseBytes = 1000
        options.targetTableBytes = 100
        options.maximumLevels = 4
        return options
    }

    private static func tables(_ level: Int, _ tables: [(Int, ClosedRange<Int>)], bytes: UInt64 = 10)
        -> [TableDescriptor]
    {
        tables.map { plannedTable(UInt64($0.0), level: level, keys: $0.1, bytes: bytes) }
    }

    private static func pick(_ levels: [[TableDescriptor]], avoiding damaged: Set<UInt64>) -> CompactionPlan? {
        CompactionPicker.pick(
            levels: levels, options: options, avoiding: Set(damaged.map { TableID(rawValue: $0) }))
    }

    private static func ids(_ plan: CompactionPlan?) -> [UInt64]? { plan?.inputs.map(\.id.rawValue) }

    @Test func ofLevelZeroGoesWhatDoesNotMeetTheDamage() {
        let zero = Self.tables(0, [(14, 60...70), (13, 0...9), (12, 50...55), (11, 65...80)])
        let one = Self.tables(1, [(1, 0...20), (2, 40...58), (3, 59...90)])
        #expect(Self.ids(Self.pick([zero, one], avoiding: [])) == [14, 13, 12, 11, 1, 2, 3])
        #expect(Self.ids(Self.pick([zero, one], avoiding: [1])) == [14, 12, 11, 2, 3])
        // 13 would have to reach over what is damaged.
        #expect(Self.ids(Self.pick([zero, one], avoiding: [2])) == [14, 11, 3])
        #expect(Self.ids(Self.pick([zero, one], avoiding: [3])) == [13, 12, 1, 2])
        #expect(Self.pick([zero, one], avoiding: [1, 2, 3]) == nil)
    }

    @Test func aTableStaysAboveAnOlderOneThatStays() {
        let zero = Self.tables(0, [(14, 0...5), (13, 4...9), (12, 8...20), (11, 18...30)])
        #expect(Self.ids(Self.pick([zero, []], avoiding: [12])) == [11])
        #expect(Self.ids(Self.pick([zero, []], avoiding: [14])) == [13, 12, 11])
        #expect(Self.pick([zero, []], avoiding: [11]) == nil)
        #expect(Self.ids(Self.pick([zero, []], avoiding: [13])) == [12, 11])
    }

    @Test func ofADeeperLevelAnotherTableGoes() {
        let one = Self.tables(1, [(1, 0...9), (2, 10...19), (3, 20...29)], bytes: 500)
        let two = Self.tables(2, [(4, 0...12), (5, 15...25), (6, 26...40)], bytes: 100)
        #expect(Self.ids(Self.pick([[], one, two], avoiding: [])) == [1, 4])
        #expect(Self.ids(Self.pick([[], one, two], avoiding: [1])) == [2, 4, 5])
        #expect(Self.ids(Self.pick([[], one, two], avoiding: [4])) == [3, 5, 6])
        #expect(Self.pick([[], one, two], avoiding: [4, 5]) == nil)
        // Another level that is due has its turn instead.
        let zero = Self.tables(0, (7...10).reversed().map { ($0, 50...60) })
        #expect(Self.ids(Self.pick([zero, one, two], avoiding: [4, 5])) == [10, 9, 8, 7])
    }

    @Test(arguments: 0..<300 as Range<UInt64>) func noPlanBreaksTheOrder(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var next = 1
        func level(_ number: Int) -> [TableDescriptor] {
            var lower = Int.random(in: 0...30, using: &random)
            var result: [(Int, ClosedRange<Int>)] = []
            while lower < 200 {
                let upper = lower + Int.random(in: 0...40, using: &random)
                result.append((next, lower...upper))
                next += 1
                lower = upper + Int.random(in: 1...30, using: &random)
            }
            return Self.tables(number, result, bytes: UInt64.random(in: 50...900, using: &random))
        }
        let deeper = [level(1), level(2)]
        let zero = Self.tables(
            0,
            (0..<Int.random(in: 1...12, using: &random)).map { number in
                let lower = Int.random(in: 0...200, using: &random)
                return (1000 - number, lower...(lower + Int.random(in: 0...40, using: &random)))
            })
        let levels = [zero] + deeper
        let all = levels.joined().map(\.id)
        let damaged = Set(all.filter { _ in Int.random(in: 0..<8, using: &random) == 0 })
        guard let plan = CompactionPicker.pick(levels: levels, options: Self.options, avoiding: damaged) else { return }
        let taken = Set(plan.inputs.map(\.id))
        #expect(taken.isDisjoint(with: damaged), "seed \(seed)")
        let reach = CompactionPicker.range(plan.inputs)
        for table in levels[plan.targetLevel] where table.bounds.overlaps(reach) && !plan.isTrivialMove {
            #expect(taken.contains(table.id), "seed \(seed)")
        }
        for (place, table) in zero.enumerated() where taken.contains(table.id) {
            for older in zero[(place + 1)...] where older.bounds.overlaps(table.bounds) {
                #expect(taken.contains(older.id), "seed \(seed)")
            }
        }
    }
}
