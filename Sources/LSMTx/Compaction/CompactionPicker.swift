/// Leveled compaction: says from the tables of each level alone what should be compacted next.
///
/// Levels are numbered from the top, and a new one is opened when the last is full, so that a read never passes
/// empty levels. (Rejected: a fixed last level that fills first, with the levels above opened upwards. It gives the
/// same sizes, but small stores then have five empty levels.)
///
/// What a level may hold follows from the last level's size, which is nearly that of the live data:
/// 1. The last level, number d, may hold `baseBytes` times `levelRatio` to the power of d - 1; past that, tables go
///    to a new level.
/// 2. A level n above it may hold the last level's size divided by `levelRatio` to the power of d - n, but at least
///    `baseBytes`. So what is superseded above the last level stays a small share of the whole.
/// 3. Level 0 is measured by its number of tables.
///
/// Each has a score: what it holds, divided by what it may. The highest one that is above 1 (level 0: at least 1)
/// is compacted, the upper one if two are equal. Each plan moves bytes down, so there is an end to them.
package enum CompactionPicker {
    /// The next plan, or `nil` when every level is within its limits.
    ///
    /// - Parameters:
    ///   - levels: Level 0 newest first, the others in key order.
    ///   - damaged: Tables that no plan takes. What they keep from being compacted is passed over.
    package static func pick(
        levels: [[TableDescriptor]], options: CompactionOptions, avoiding damaged: Set<TableID> = []
    ) -> CompactionPlan? {
        var due: [(level: Int, score: Double)] = []
        for level in levels.indices {
            let score = score(of: level, in: levels, options: options)
            if level == 0 ? score >= 1 : score > 1 { due.append((level, score)) }
        }
        due.sort { ($1.score, $0.level) < ($0.score, $1.level) }
        for (level, _) in due {
            let plan =
                level == 0
                ? levelZero(levels, avoiding: damaged) : table(ofLevel: level, levels, avoiding: damaged)
            if let plan { return plan }
        }
        return nil
    }

    /// Everything into one level: the last one, or one below level 0 when that is all there is. `nil` without tables.
    package static func everything(levels: [[TableDescriptor]]) -> CompactionPlan? {
        guard let last = levels.lastIndex(where: { !$0.isEmpty }) else { return nil }
        return CompactionPlan(
            inputs: levels.flatMap { $0 }, targetLevel: max(last, 1), isTrivialMove: false, deeper: [],
            reason: .requested)
    }

    private static func score(of level: Int, in levels: [[TableDescriptor]], options: CompactionOptions) -> Double {
        if level == 0 { return Double(levels[0].count) / Double(options.levelZeroTables) }
        guard level + 1 < options.maximumLevels, let last = levels.lastIndex(where: { !$0.isEmpty }), level <= last
        else { return 0 }
        let ratio = Double(options.levelRatio)
        var limit = Double(options.baseBytes)
        if level == last {
            for _ in 1..<level { limit *= ratio }
        } else {
            var share = Double(bytes(levels[last]))
            for _ in level..<last { share /= ratio }
            limit = max(limit, share)
        }
        return Double(bytes(levels[level])) / limit
    }

    /// All of level 0, whose tables overlap, into level 1.
    static func levelZero(
        _ levels: [[TableDescriptor]], reason: CompactionPlan.Reason = .levelZero
    ) -> CompactionPlan {
        let range = Self.range(levels[0])
        return plan(
            levels[0], targetLevel: 1, overlaps: overlapping(range, in: levels, level: 1), levels: levels,
            reason: reason)
    }

    /// The table of the level that costs least to merge into the next; the first in key order of several.
    private static func table(
        ofLevel level: Int, _ levels: [[TableDescriptor]], avoiding damaged: Set<TableID>
    ) -> CompactionPlan? {
        var best: (table: TableDescriptor, overlaps: [TableDescriptor], cost: UInt64)?
        for table in levels[level] where !damaged.contains(table.id) {
            let overlaps = overlapping(range([table]), in: levels, level: level + 1)
            if !damaged.isEmpty, overlaps.contains(where: { damaged.contains($0.id) }) { continue }
            let cost = bytes(overlaps)
            if best.map({ cost < $0.cost }) ?? true { best = (table, overlaps, cost) }
        }
        guard let best else { return nil }
        return plan(
            [best.table], targetLevel: level + 1, overlaps: best.overlaps, levels: levels, reason: .levelSize(level))
    }

    static func plan(
        _ tables: [TableDescriptor], targetLevel: Int, overlaps: [TableDescriptor], levels: [[TableDescriptor]],
        reason: CompactionPlan.Reason
    ) -> CompactionPlan {
        let inputs = tables + overlaps
        let range = range(inputs)
        var deeper: [TableDescriptor] = []
        for level in levels.indices where level > targetLevel {
            deeper += overlapping(range, in: levels, level: level)
        }
        return CompactionPlan(
            inputs: inputs, targetLevel: targetLevel, isTrivialMove: targetLevel > 1 && overlaps.isEmpty,
            deeper: deeper, reason: reason)
    }

    static func bytes(_ tables: [TableDescriptor]) -> UInt64 { tables.reduce(0) { $0 + $1.fileBytes } }

    /// The bounds of all together. There is at least one table.
    static func range(_ tables: [TableDescriptor]) -> KeyRange {
        tables.dropFirst().reduce(tables[0].bounds) { $0.hull($1.bounds) }
    }

    static func overlapping(
        _ range: KeyRange, in levels: [[TableDescriptor]], level: Int
    ) -> [TableDescriptor] {
        guard level < levels.count else { return [] }
        return levels[level].filter { $0.bounds.overlaps(range) }
    }
}
