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
    /// their numbers. A table that hides much in deeper ones is pushed a level down; what all pushes together will read
    /// and drop is what counts then.
    ///
    /// - Parameters:
    ///   - below: What the tables hide in those below them.
    ///   - damaged: Tables that no plan takes.
    package static func pickGarbage(
        levels: [[TableDescriptor]], below: HiddenBelow = HiddenBelow(), readPoints: ReadPoints,
        share: Double = garbageShare, avoiding damaged: Set<TableID> = []
    ) -> CompactionPlan? {
        var best: (plan: CompactionPlan, share: Double)?
        for candidate in garbageCandidates(levels, below) where !candidate.plan.takes(anyOf: damaged) {
            let found = candidate.share(readPoints, below)
            if found >= share, found > best?.share ?? 0 { best = (candidate.plan, found) }
        }
        return best?.plan
    }

    /// One past the newest timestamp at which a reader's end may give rise to a plan; zero when none may.
    package static func newestHindrance(
        levels: [[TableDescriptor]], below: HiddenBelow = HiddenBelow(), readPoints: ReadPoints,
        share: Double = garbageShare
    ) -> Timestamp {
        var newest = Timestamp.zero
        for candidate in garbageCandidates(levels, below) {
            guard candidate.share(readPoints.withoutReaders, below) >= share else { continue }
            for table in candidate.plan.inputs { newest = max(newest, readPoints.newestHindrance(of: table)) }
            newest = max(newest, below.newestHindrance(under: candidate.pushed, readPoints))
        }
        return newest
    }

    private static func garbageCandidates(_ levels: [[TableDescriptor]], _ below: HiddenBelow) -> [GarbageCandidate] {
        var candidates: [GarbageCandidate] = []
        if !levels[0].isEmpty {
            let plan = levelZero(levels, reason: .garbage)
            if plan.inputs.contains(where: \.mayHaveGarbage) || levels[0].contains(where: below.hidesAnything) {
                candidates.append(GarbageCandidate(plan, pushed: levels[0]))
            }
        }
        for level in levels.indices.dropFirst() {
            for table in levels[level] {
                if table.mayHaveGarbage {
                    candidates.append(GarbageCandidate(rewrite(table, in: levels, reason: .garbage), pushed: []))
                }
                if below.hidesAnything(table) {
                    candidates.append(GarbageCandidate(push(table, in: levels, reason: .garbage), pushed: [table]))
                }
            }
        }
        return candidates
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
}

/// A plan that may make space, and which of its inputs go down a level.
private struct GarbageCandidate {
    let plan: CompactionPlan
    let pushed: [TableDescriptor]

    init(_ plan: CompactionPlan, pushed: [TableDescriptor]) {
        self.plan = plan
        self.pushed = pushed
    }

    /// What can be dropped, divided by what must be read for it, which large values are not.
    func share(_ readPoints: ReadPoints, _ below: HiddenBelow) -> Double {
        let hidden = below.droppableBytes(under: pushed, readPoints)
        var whole = plan.inputs.reduce(0) { $0 + Double($1.statistics.dataBytes) }
        if hidden > 0 {
            for table in plan.deeper where pushed.contains(where: { $0.bounds.overlaps(table.bounds) }) {
                whole += Double(table.statistics.dataBytes)
            }
        }
        let part = plan.inputs.reduce(Double(hidden)) {
            $0 + Double(readPoints.droppableBytes(of: $1, isBottom: plan.isBottom))
        }
        return part / max(whole, 1)
    }
}

extension TableDescriptor {
    /// Whether it was built with anything that may become droppable without anything newer coming.
    var mayHaveGarbage: Bool { !statistics.garbage.superseded.isEmpty || !statistics.garbage.tombstones.isEmpty }
}
