/// Compactions that only make space: of tables in which much has become droppable, because a reader has gone.
///
/// A rewrite removes what made its table a candidate: what it keeps, it keeps for read points that are still there, and
/// the new table's spans say for which. So nothing is rewritten twice for the same reason.
extension CompactionPicker {
    /// The share of what a compaction reads that it should drop at least.
    package static let garbageShare = 0.2

    /// The plan that drops the largest share of what it reads, if that is enough.
    ///
    /// A table is rewritten into its own level. Those of level 0 go to level 1 together, as their order is that of
    /// their numbers.
    package static func pickGarbage(
        levels: [[TableDescriptor]], readPoints: ReadPoints, share: Double = garbageShare
    ) -> CompactionPlan? {
        var best: (plan: CompactionPlan, share: Double)?
        for plan in garbagePlans(levels) where plan.mayHaveGarbage {
            let found = Self.share(of: plan, readPoints)
            if found >= share, found > best?.share ?? 0 { best = (plan, found) }
        }
        return best?.plan
    }

    /// One past the newest timestamp at which a reader's end may give rise to a plan; zero when none may.
    package static func newestHindrance(
        levels: [[TableDescriptor]], readPoints: ReadPoints, share: Double = garbageShare
    ) -> Timestamp {
        var newest = Timestamp.zero
        for plan in garbagePlans(levels) where plan.mayHaveGarbage {
            guard Self.share(of: plan, readPoints.withoutReaders) >= share else { continue }
            for table in plan.inputs { newest = max(newest, readPoints.newestHindrance(of: table)) }
        }
        return newest
    }

    private static func garbagePlans(_ levels: [[TableDescriptor]]) -> [CompactionPlan] {
        var plans: [CompactionPlan] = []
        if !levels[0].isEmpty { plans.append(levelZero(levels, reason: .garbage)) }
        for level in levels.indices.dropFirst() {
            for table in levels[level] where table.mayHaveGarbage {
                plans.append(rewrite(table, in: levels, reason: .garbage))
            }
        }
        return plans
    }

    /// Writes a table of a deeper level anew, into the same level.
    static func rewrite(
        _ table: TableDescriptor, in levels: [[TableDescriptor]], reason: CompactionPlan.Reason
    ) -> CompactionPlan {
        var deeper: [TableDescriptor] = []
        for level in levels.indices where level > table.level {
            deeper += overlapping(range([table]), in: levels, level: level)
        }
        return CompactionPlan(
            inputs: [table], targetLevel: table.level, isTrivialMove: false, deeper: deeper, reason: reason)
    }

    private static func share(of plan: CompactionPlan, _ readPoints: ReadPoints) -> Double {
        let whole = plan.inputs.reduce(0) { $0 + Double($1.statistics.dataBytes) }
        let part = plan.inputs.reduce(0) {
            $0 + Double(readPoints.droppableBytes(of: $1, isBottom: plan.isBottom))
        }
        return part / max(whole, 1)
    }
}

extension TableDescriptor {
    /// Whether it was built with anything that may become droppable without anything newer coming.
    var mayHaveGarbage: Bool { !statistics.garbage.superseded.isEmpty || !statistics.garbage.tombstones.isEmpty }
}

extension CompactionPlan {
    fileprivate var mayHaveGarbage: Bool { inputs.contains(where: \.mayHaveGarbage) }
}
