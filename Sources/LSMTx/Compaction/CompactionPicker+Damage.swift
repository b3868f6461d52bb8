/// Picking around tables that are known to be damaged: a plan that reads one would fail again.
extension CompactionPicker {
    /// As much of level 0 as can go to level 1 without any of `damaged`; `nil` when that is nothing.
    ///
    /// From the oldest on, a table goes along unless it is damaged, or those that go would then reach over
    /// - an older one that stays, whose versions must not come to lie above newer ones;
    /// - a damaged one of level 1, since tables of that level must not overlap.
    package static func levelZero(
        _ levels: [[TableDescriptor]], avoiding damaged: Set<TableID>
    ) -> CompactionPlan? {
        guard !damaged.isEmpty else { return levelZero(levels) }
        var staying = levels.count > 1 ? levels[1].filter { damaged.contains($0.id) }.map(\.bounds) : []
        var going: [TableDescriptor] = []
        for table in levels[0].reversed() {
            let reach = range(going + [table])
            if damaged.contains(table.id) || staying.contains(where: { $0.overlaps(reach) }) {
                staying.append(table.bounds)
            } else {
                going.append(table)
            }
        }
        guard !going.isEmpty else { return nil }
        let overlaps = overlapping(range(going), in: levels, level: 1)
        return plan(going.reversed(), targetLevel: 1, overlaps: overlaps, levels: levels, reason: .levelZero)
    }
}

extension CompactionPlan {
    /// Whether it takes any of these tables.
    func takes(anyOf tables: Set<TableID>) -> Bool {
        !tables.isEmpty && inputs.contains { tables.contains($0.id) }
    }
}

extension CompactionJob {
    /// Which inputs are damaged, by an error of ``run(shouldStop:pause:)``. None of them are when what it has written
    /// cannot be read back: then a write has failed.
    ///
    /// Structures that contradict each other have no place. They are those of all inputs.
    package func inputs(damagedBy error: StoreError) -> [TableDescriptor] {
        guard error.code == .corrupt else { return [] }
        guard let offset = error.location.offset else { return plan.inputs }
        return plan.inputs.filter { table in
            table.extents.contains { $0.offset <= offset && offset < $0.end }
        }
    }
}
