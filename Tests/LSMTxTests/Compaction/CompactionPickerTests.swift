import LSMTxSimulation
import Testing

@testable import LSMTx

#if DEBUG
private let flushes = 45
#else
private let flushes = 200
#endif

/// A table of which only what a picker looks at is real. Keys are numbers of two bytes.
func plannedTable(_ id: UInt64, level: Int, keys: ClosedRange<Int>, bytes: UInt64) -> TableDescriptor {
    var statistics = TableStatistics()
    statistics.entryCount = 1
    statistics.smallestKey = [UInt8(keys.lowerBound >> 8), UInt8(keys.lowerBound & 255)]
    statistics.largestKey = [UInt8(keys.upperBound >> 8), UInt8(keys.upperBound & 255)]
    return TableDescriptor(
        id: TableID(rawValue: id), level: level, born: Generation(rawValue: 1),
        extents: [FileRange(offset: 0, length: bytes)],
        properties: BlockPointer(offset: 0, length: 0, checksum: 0), statistics: statistics)
}

@Suite struct CompactionPickerTests {
    private static var options: CompactionOptions {
        var options = CompactionOptions()
        options.baseBytes = 1000
        options.targetTableBytes = 100
        options.maximumLevels = 4
        return options
    }

    private static func ids(_ tables: [TableDescriptor]) -> [UInt64] { tables.map(\.id.rawValue) }

    private static func number(_ key: [UInt8]) -> Int { Int(key[0]) << 8 | Int(key[1]) }

    @Test func nothingIsPickedWithinTheLimits() {
        let zero = (1...3).map { plannedTable($0, level: 0, keys: 0...9, bytes: 500) }
        let one = [plannedTable(9, level: 1, keys: 0...9, bytes: 1000)]
        #expect(CompactionPicker.pick(levels: [[]], options: Self.options) == nil)
        #expect(CompactionPicker.pick(levels: [zero], options: Self.options) == nil)
        #expect(CompactionPicker.pick(levels: [zero, one], options: Self.options) == nil)
    }

    @Test func levelZeroGoesWhollyWithWhatItOverlaps() throws {
        let zero = [(14, 20...30), (13, 5...9), (12, 25...40), (11, 6...7)].map {
            plannedTable(UInt64($0.0), level: 0, keys: $0.1, bytes: 10)
        }
        let one = [(1, 0...4), (2, 5...5), (3, 10...15), (4, 40...50), (5, 51...60)].map {
            plannedTable(UInt64($0.0), level: 1, keys: $0.1, bytes: 10)
        }
        let two = [
            plannedTable(6, level: 2, keys: 0...4, bytes: 10), plannedTable(7, level: 2, keys: 45...47, bytes: 10),
        ]
        let plan = try #require(CompactionPicker.pick(levels: [zero, one, two], options: Self.options))
        #expect(Self.ids(plan.inputs) == [14, 13, 12, 11, 2, 3, 4])
        #expect(plan.targetLevel == 1 && !plan.isTrivialMove && plan.reason == .levelZero)
        #expect(Self.ids(plan.deeper) == [7] && !plan.isBottom)
    }

    @Test func theTableThatOverlapsLeastIsMergedDown() throws {
        let one = [(1, 0...9), (2, 10...19), (3, 20...29)].map {
            plannedTable(UInt64($0.0), level: 1, keys: $0.1, bytes: 500)
        }
        let two = [(4, 0...12, 300), (5, 15...25, 200), (6, 26...40, 99)].map {
            plannedTable(UInt64($0.0), level: 2, keys: $0.1, bytes: UInt64($0.2))
        }
        let plan = try #require(CompactionPicker.pick(levels: [[], one, two], options: Self.options))
        #expect(Self.ids(plan.inputs) == [3, 5, 6])
        #expect(plan.targetLevel == 2 && plan.isBottom && plan.reason == .levelSize(1))
    }

    @Test func aTableWithNothingBelowIsMoved() throws {
        let one = [(1, 0...9), (2, 10...19), (3, 20...29)].map {
            plannedTable(UInt64($0.0), level: 1, keys: $0.1, bytes: 500)
        }
        let opening = try #require(CompactionPicker.pick(levels: [[], one], options: Self.options))
        #expect(Self.ids(opening.inputs) == [1] && opening.isTrivialMove && opening.targetLevel == 2)
        let two = [plannedTable(4, level: 2, keys: 0...9, bytes: 10)]
        let next = try #require(CompactionPicker.pick(levels: [[], one, two], options: Self.options))
        #expect(Self.ids(next.inputs) == [2] && next.isTrivialMove && next.targetLevel == 2)
    }

    @Test func theFullestLevelComesFirst() throws {
        let zero = (21...24).map { plannedTable($0, level: 0, keys: 0...5, bytes: 10) }
        let one = [plannedTable(1, level: 1, keys: 0...9, bytes: 1500)]
        let two = [plannedTable(2, level: 2, keys: 0...9, bytes: 3000)]
        let sized = try #require(CompactionPicker.pick(levels: [zero, one, two], options: Self.options))
        #expect(sized.reason == .levelSize(1))
        let more = zero + (25...28).map { plannedTable($0, level: 0, keys: 0...5, bytes: 10) }
        let counted = try #require(CompactionPicker.pick(levels: [more, one, two], options: Self.options))
        #expect(counted.reason == .levelZero)
    }

    @Test func everythingGoesToTheLastLevel() throws {
        let zero = [plannedTable(5, level: 0, keys: 0...5, bytes: 10)]
        let two = [plannedTable(2, level: 2, keys: 0...9, bytes: 10)]
        #expect(CompactionPicker.everything(levels: [[], []]) == nil)
        #expect(CompactionPicker.everything(levels: [zero])?.targetLevel == 1)
        let plan = try #require(CompactionPicker.everything(levels: [zero, [], two]))
        #expect(Self.ids(plan.inputs) == [5, 2] && plan.targetLevel == 2 && plan.isBottom)
    }

    /// Flushes of random ranges, each followed by plans until there is none. What a plan merges becomes tables of the
    /// target size over the same keys.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func plansKeepLevelsDisjointAndComeToAnEnd(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var levels: [[TableDescriptor]] = [[]]
        var nextID: UInt64 = 1
        for _ in 0..<flushes {
            let lower = Int.random(in: 0...900, using: &random)
            let keys = lower...Int.random(in: lower...1000, using: &random)
            levels[0].insert(
                plannedTable(nextID, level: 0, keys: keys, bytes: UInt64.random(in: 50...900, using: &random)), at: 0)
            nextID += 1
            let before = levels.joined().reduce(0 as UInt64) { $0 + $1.fileBytes }
            var steps = 0
            while let plan = CompactionPicker.pick(levels: levels, options: Self.options) {
                steps += 1
                try #require(steps < 5000, "seed \(seed): no end")
                try #require(plan.targetLevel < Self.options.maximumLevels, "seed \(seed)")
                apply(plan, to: &levels, &nextID)
                try check(levels, "seed \(seed), \(plan.reason) to \(plan.targetLevel)")
            }
            #expect(levels.joined().reduce(0 as UInt64) { $0 + $1.fileBytes } == before, "seed \(seed)")
            #expect(levels[0].count < Self.options.levelZeroTables, "seed \(seed)")
        }
        #expect(levels.count == 4, "seed \(seed): only \(levels.count) levels came into use")
    }

    private func apply(_ plan: CompactionPlan, to levels: inout [[TableDescriptor]], _ nextID: inout UInt64) {
        let removed = Set(plan.inputs.map(\.id))
        for level in levels.indices { levels[level].removeAll { removed.contains($0.id) } }
        while levels.count <= plan.targetLevel { levels.append([]) }
        if plan.isTrivialMove {
            levels[plan.targetLevel] += plan.inputs.map { $0.moved(toLevel: plan.targetLevel) }
        } else {
            let lower = plan.inputs.map { Self.number($0.smallestKey) }.min()!
            let upper = plan.inputs.map { Self.number($0.largestKey) }.max()!
            let bytes = plan.inputs.reduce(0 as UInt64) { $0 + $1.fileBytes }
            let count = max(1, min(Int(bytes / Self.options.targetTableBytes), upper - lower + 1))
            for index in 0..<count {
                let from = lower + (upper - lower + 1) * index / count
                let to = lower + (upper - lower + 1) * (index + 1) / count - 1
                let share = bytes * UInt64(index + 1) / UInt64(count) - bytes * UInt64(index) / UInt64(count)
                levels[plan.targetLevel].append(
                    plannedTable(nextID, level: plan.targetLevel, keys: from...to, bytes: share))
                nextID += 1
            }
        }
        levels[plan.targetLevel].sort { $0.smallestKey.lexicographicallyPrecedes($1.smallestKey) }
    }

    private func check(_ levels: [[TableDescriptor]], _ context: String) throws {
        for level in levels.dropFirst() {
            for (left, right) in zip(level, level.dropFirst()) {
                try #require(Self.number(left.largestKey) < Self.number(right.smallestKey), "\(context)")
            }
        }
    }
}
