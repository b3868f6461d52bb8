/// A compaction that somebody asked for: where it is, and what it does next.
///
/// Everything that overlaps the range goes down level by level, each time one table with what it overlaps in the next
/// level, so that every step is bounded and flushes and other compactions go between. At the last level, tables with
/// anything that can be dropped are rewritten. Each level is walked once, in key order, so writes that go on meanwhile
/// do not keep it from ending.
///
/// Rejected: one merge of everything. It takes twice the space, and nothing else is compacted until it ends. This
/// writes each byte once more for each level above the last, which together hold about a tenth of it.
package struct RequestedCompaction: Sendable {
    package let range: KeyRange
    private var level = 0
    /// Tables of the level that begin at or before this key are done.
    private var after: [UInt8]?

    package init(_ range: KeyRange) {
        self.range = range
    }

    /// What is to be done next; `nil` at the end. It stays the same until ``didRun(_:)``.
    package mutating func next(levels: [[TableDescriptor]], readPoints: ReadPoints) -> CompactionPlan? {
        let last = max(levels.lastIndex { !$0.isEmpty } ?? 0, 1)
        while level <= last, level < levels.count {
            if level == 0, levels[0].contains(where: isConcerned) {
                return CompactionPicker.levelZero(levels, reason: .requested)
            }
            let tables = level == 0 ? [] : levels[level].filter { isConcerned($0) && isAhead($0) }
            for table in tables {
                if level < last { return CompactionPicker.push(table, in: levels, reason: .requested) }
                let plan = CompactionPicker.rewrite(table, in: levels, reason: .requested)
                let droppable = readPoints.droppableBytes(of: table, isBottom: plan.isBottom)
                if droppable > 0 || plan.isBottom && readPoints.hasIdleRangeTombstones(table) { return plan }
            }
            level += 1
            after = nil
        }
        return nil
    }

    /// The plan that was next has been carried out.
    package mutating func didRun(_ plan: CompactionPlan) {
        if level == 0 { level = 1 } else { after = plan.inputs[0].bounds.lowerBound }
    }

    private func isConcerned(_ table: TableDescriptor) -> Bool { table.mayHoldKeys(in: range, at: .max) }

    private func isAhead(_ table: TableDescriptor) -> Bool {
        after.map { $0.lexicographicallyPrecedes(table.bounds.lowerBound) } ?? true
    }
}

extension CompactionPicker {
    /// Merges a table of a deeper level into the level below it.
    static func push(
        _ table: TableDescriptor, in levels: [[TableDescriptor]], reason: CompactionPlan.Reason
    ) -> CompactionPlan {
        let target = table.level + 1
        return plan(
            [table], targetLevel: target, overlaps: overlapping(range([table]), in: levels, level: target),
            levels: levels, reason: reason)
    }
}
