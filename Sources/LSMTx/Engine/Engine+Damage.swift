/// Compactions that meet damage: nothing has been written wrongly, so the store goes on, and leaves the table alone.
extension Engine {
    /// Notes which tables of a plan `error` says are damaged.
    ///
    /// - Returns: `false` when it is none of them: then what was written is wrong, or what comes out of it.
    func noteDamage(_ error: StoreError, to job: CompactionJob) -> Bool {
        let tables = job.inputs(damagedBy: error)
        guard !tables.isEmpty else { return false }
        damage.note(error, in: tables, at: clock.now)
        tell(.tableDamaged(error))
        return true
    }

    /// Looks whether level 0 can get shorter at all, for the writers whom its length stops.
    ///
    /// No other compaction changes the answer: none takes a damaged table, so those stay where they are.
    func noteLevelZero(of levels: [[TableDescriptor]], avoiding damaged: Set<TableID>) {
        let isStuck =
            !damaged.isEmpty && !levels[0].isEmpty
            && CompactionPicker.levelZero(levels, avoiding: damaged) == nil
        let reason = isStuck ? damage.first : nil
        let hasChanged = state.withLock { state in
            defer { state.levelZeroDamage = reason }
            return state.levelZeroDamage != reason
        }
        if hasChanged { state.notifyAll() }
    }

    /// What keeps tables that hold keys of `range` from being compacted; `nil` when nothing is known to.
    func damage(in range: KeyRange) -> StoreError? {
        guard !damage.isEmpty else { return nil }
        for table in versions.current.tables where table.descriptor.mayHoldKeys(in: range, at: .max) {
            if let finding = damage[table.descriptor.id] { return finding.error }
        }
        return nil
    }

    /// The tables that compactions leave alone, and why; from the top, in the order of each level.
    package var damagedTables: [(table: TableDescriptor, error: StoreError, since: UInt64)] {
        guard !damage.isEmpty else { return [] }
        return versions.current.tables.compactMap { table in
            damage[table.descriptor.id].map { (table.descriptor, $0.error, $0.since) }
        }
    }
}
