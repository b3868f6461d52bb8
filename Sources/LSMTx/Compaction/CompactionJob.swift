/// Carries out a plan: merges tables, drops what no read point needs, and writes the rest to new tables.
///
/// The algorithm:
/// 1. A trivial move only renames: the edit takes the table out of its level and adds it to the next.
/// 2. A table that newer range tombstones hide as a whole from every read point is not even read
///    (``CompactionJob/isHidden(_:by:)``). If the others are large enough, the keys are split into two parts
///    (``CompactionSplit``), which are treated alike, and may be merged at the same time (``CompactionPair``).
/// 3. The inputs' versions are merged in order (``CompactionPart``). They are disjoint: each version is in one table.
/// 4. For each key the ``VersionFilter`` says what goes on; tombstones that it holds back are written before the next
///    version of the key that is kept.
/// 5. The ``RangeTombstoneFilter`` does the same for range tombstones, and gives each table its share.
/// 6. Tables are cut between keys, and read back when they are complete.
/// 7. Every so many bytes of input the job asks whether it should stop, and lets more urgent work go first. Nothing
///    that it holds is in anyone's way meanwhile.
/// 8. What went in must have come out or been dropped, entry by entry; else input was lost on the way.
package struct CompactionJob {
    private let file: StoreFile
    let plan: CompactionPlan
    private let tables: [Table]
    private let generation: Generation
    private let takeTableID: @Sendable () -> TableID
    private let readPoints: ReadPoints
    private var options: CompactionOptions
    private let mayHelp: (@Sendable () -> Bool)?

    /// - Parameters:
    ///   - tables: Those of `plan.inputs`, in the same order.
    ///   - generation: The next one to be published, or an earlier one: it is the new tables' mark of birth.
    ///   - readPoints: Taken after the inputs were chosen, so that every reader who may still come reads at one.
    ///   - mayHelp: Whether a second thread may merge beside the caller's now; called on both. `nil` for never.
    package init(
        file: StoreFile, plan: CompactionPlan, tables: [Table], generation: Generation,
        takeTableID: @escaping @Sendable () -> TableID, readPoints: ReadPoints, options: CompactionOptions,
        mayHelp: (@Sendable () -> Bool)? = nil
    ) {
        precondition(tables.map(\.descriptor.id) == plan.inputs.map(\.id), "the tables are not those of the plan")
        self.file = file
        self.plan = plan
        self.tables = tables
        self.generation = generation
        self.takeTableID = takeTableID
        self.readPoints = readPoints
        self.mayHelp = mayHelp
        self.options = options
        self.options.table.floor = readPoints.floor
        self.options.table.olderReadPoints = readPoints.older
    }

    /// Writes the new tables and returns the edit that puts them in place; nothing is synced or published.
    ///
    /// - Parameters:
    ///   - shouldStop: Whether to give up.
    ///   - pause: Called every `pauseBytes` of input; returns when the job may go on.
    /// - Returns: `nil` when it was stopped, with every extent given back.
    /// - Throws: What reading and writing throw; `corrupt` when the inputs are not in order, or the outputs do not hold
    ///   what was written. Every extent was given back.
    package func run(shouldStop: () -> Bool, pause: () -> Void) throws(StoreError) -> CompactionResult? {
        if plan.isTrivialMove {
            let moved = plan.inputs.map { $0.moved(toLevel: plan.targetLevel) }
            return CompactionResult(
                edit: VersionEdit(added: moved, removed: plan.inputs.map(\.id)), statistics: CompactionStatistics())
        }
        let rangeTombstones = try rangeTombstones()
        let hidden = tables.filter { table in rangeTombstones.map { isHidden(table.descriptor, by: $0) } ?? false }
        let read = tables.filter { table in !hidden.contains { $0 === table } }
        var statistics = CompactionStatistics()
        for table in hidden { statistics.noteUnread(table.descriptor) }
        let parts = try ranges(of: read).map { part($0, of: read, rangeTombstones) }
        guard try merge(parts, shouldStop: shouldStop, pause: pause) else { return nil }
        for part in parts { statistics.add(part.statistics) }
        let expected = plan.inputs.reduce(0) { $0 + $1.statistics.entryCount }
        guard statistics.entriesIn == expected, statistics.entriesOut + statistics.droppedEntries == expected else {
            throw .corrupt(
                "A compaction met \(statistics.entriesIn) of \(expected) entries.", structure: "table")
        }
        if let rangeTombstones {
            // One that was cut where tables or parts meet is one again.
            let kept = RangeTombstones(parts.flatMap(\.keptRangeTombstones)).count
            statistics.droppedRangeTombstones = UInt64(max(0, rangeTombstones.count - kept))
        }
        let added = parts.flatMap { $0.take() }
        statistics.bytesIn = plan.inputs.reduce(0) { $0 + $1.fileBytes }
        statistics.bytesOut = added.reduce(0) { $0 + $1.fileBytes }
        var edit = VersionEdit(added: added, removed: plan.inputs.map(\.id))
        edit.history.collectedFloor = readPoints.floor
        return CompactionResult(edit: edit, statistics: statistics)
    }

    /// The ranges of keys that are merged apart: all, or two.
    private func ranges(of tables: [Table]) throws(StoreError) -> [KeyRange] {
        guard let minimum = options.partBytes,
            let key = try CompactionSplit.key(of: tables, minimumBytes: minimum)
        else { return [.all] }
        return [KeyRange(upTo: key), KeyRange(from: key)]
    }

    private func part(_ range: KeyRange, of tables: [Table], _ rangeTombstones: RangeTombstones?) -> CompactionPart {
        CompactionPart(
            range, of: tables, deeper: plan.deeper, rangeTombstones: rangeTombstones, readPoints: readPoints,
            pauseBytes: options.pauseBytes,
            output: CompactionOutput(
                file: file, level: plan.targetLevel, generation: generation, takeTableID: takeTableID,
                options: options))
    }

    /// - Returns: `false` when it was stopped.
    private func merge(
        _ parts: [CompactionPart], shouldStop: () -> Bool, pause: () -> Void
    ) throws(StoreError) -> Bool {
        if parts.count == 2, let mayHelp {
            return try CompactionPair(parts[0], parts[1]).run(mayHelp: mayHelp, shouldStop: shouldStop, pause: pause)
        }
        for part in parts { guard try part.run(shouldStop: shouldStop, pause: pause) else { return false } }
        return true
    }

    /// Of all inputs; `nil` when none has any.
    private func rangeTombstones() throws(StoreError) -> RangeTombstones? {
        var sets: [RangeTombstones] = []
        for table in tables { if let set = try table.readRangeTombstones() { sets.append(set) } }
        guard !sets.isEmpty else { return nil }
        return sets.count == 1 ? sets[0] : RangeTombstones(merging: sets)
    }

    /// Whether range tombstones newer than all of the table hide each of its keys, with no read point between its oldest
    /// version and them: then every version in it is superseded.
    ///
    /// Without it, the others of its keys are judged as before: what is newer does not depend on it, and what is older is
    /// hidden by the same tombstones, with no read point added or gone in between.
    private func isHidden(_ table: TableDescriptor, by tombstones: RangeTombstones) -> Bool {
        let keys = table.entryRange
        let runs = tombstones.runs(in: keys, above: table.largestTimestamp)
        guard runs.count == 1, runs[0].range == keys else { return false }
        return !readPoints.hasPoint(from: table.smallestTimestamp, before: runs[0].hiddenFrom)
    }
}
