/// Carries out a plan: merges tables, drops what no read point needs, and writes the rest to new tables.
///
/// The algorithm:
/// 1. A trivial move only renames: the edit takes the table out of its level and adds it to the next.
/// 2. The inputs' versions are merged in order. They are disjoint: each version is in one table. A table that newer
///    range tombstones hide as a whole from every read point is not even read (``CompactionJob/isHidden(_:by:)``).
/// 3. For each key the ``VersionFilter`` says what goes on; tombstones that it holds back are written before the next
///    version of the key that is kept.
/// 4. The ``RangeTombstoneFilter`` does the same for range tombstones, and gives each table its share.
/// 5. Tables are cut between keys, and read back when they are complete.
/// 6. Every so many bytes of input the job asks whether it should stop, and lets more urgent work go first. Nothing
///    that it holds is in anyone's way meanwhile.
/// 7. What went in must have come out or been dropped, entry by entry; else input was lost on the way.
package struct CompactionJob {
    private let file: StoreFile
    let plan: CompactionPlan
    private let tables: [Table]
    private let generation: Generation
    private let takeTableID: () -> TableID
    private let readPoints: ReadPoints
    private var options: CompactionOptions

    /// - Parameters:
    ///   - tables: Those of `plan.inputs`, in the same order.
    ///   - generation: The next one to be published, or an earlier one: it is the new tables' mark of birth.
    ///   - readPoints: Taken after the inputs were chosen, so that every reader who may still come reads at one.
    package init(
        file: StoreFile, plan: CompactionPlan, tables: [Table], generation: Generation,
        takeTableID: @escaping () -> TableID, readPoints: ReadPoints, options: CompactionOptions
    ) {
        precondition(tables.map(\.descriptor.id) == plan.inputs.map(\.id), "the tables are not those of the plan")
        self.file = file
        self.plan = plan
        self.tables = tables
        self.generation = generation
        self.takeTableID = takeTableID
        self.readPoints = readPoints
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
        var output = CompactionOutput(
            file: file, level: plan.targetLevel, generation: generation, takeTableID: takeTableID, options: options)
        var statistics = CompactionStatistics()
        guard try merge(into: &output, &statistics, shouldStop: shouldStop, pause: pause) else { return nil }
        guard !shouldStop() else { return nil }
        let expected = plan.inputs.reduce(0) { $0 + $1.statistics.entryCount }
        guard statistics.entriesIn == expected, statistics.entriesOut + statistics.droppedEntries == expected else {
            throw .corrupt(
                "A compaction met \(statistics.entriesIn) of \(expected) entries.", structure: "table")
        }
        let added = output.take()
        statistics.bytesIn = plan.inputs.reduce(0) { $0 + $1.fileBytes }
        statistics.bytesOut = added.reduce(0) { $0 + $1.fileBytes }
        var edit = VersionEdit(added: added, removed: plan.inputs.map(\.id))
        edit.history.collectedFloor = readPoints.floor
        return CompactionResult(edit: edit, statistics: statistics)
    }

    /// - Returns: `false` when it was stopped.
    private func merge(
        into output: inout CompactionOutput, _ statistics: inout CompactionStatistics, shouldStop: () -> Bool,
        pause: () -> Void
    ) throws(StoreError) -> Bool {
        let tombstones = try rangeTombstones()
        let hidden = tables.filter { table in tombstones.map { isHidden(table.descriptor, by: $0) } ?? false }
        for table in hidden { statistics.noteUnread(table.descriptor) }
        var merge = CompactionMerge(tables.filter { table in !hidden.contains { $0 === table } })
        var filter = VersionFilter(readPoints: readPoints)
        var deeper = DeeperKeys(plan.deeper)
        var ranges = tombstones.map { RangeTombstoneFilter($0, readPoints: readPoints, deeper: plan.deeper) }
        var place = Place()
        var untilPause = options.pauseBytes
        try merge.start()
        while merge.isValid {
            let key = merge.key
            let entry = merge.entry
            if try place.moves(to: key, entry.timestamp) {
                statistics.droppedTombstones += UInt64(filter.beginKey())
                ranges?.move(to: key)
                if output.isFull { try output.endTable(ranges?.cut(at: key)) }
            }
            statistics.entriesIn += 1
            let hidden = ranges?.hidden(entry.timestamp)
            let verdict = filter.judge(
                entry.timestamp, kind: entry.kind, hidden: hidden,
                mayHaveOlderElsewhere: entry.kind == .tombstone && deeper.mayHold(key))
            switch verdict {
            case .dropSuperseded:
                statistics.droppedSuperseded += 1
            case .dropCovered:
                statistics.droppedCovered += 1
            case .hold:
                break
            case .keep:
                if !filter.held.isEmpty {
                    for timestamp in filter.held {
                        try output.add(
                            key: key, timestamp: timestamp, kind: .tombstone, value: .empty,
                            hidden: ranges?.hidden(timestamp))
                    }
                    statistics.entriesOut += UInt64(filter.held.count)
                    filter.takeOutHeld()
                }
                try output.add(
                    key: key, timestamp: entry.timestamp, kind: entry.kind, value: entry.value, hidden: hidden)
                statistics.entriesOut += 1
                ranges?.keep(entry.timestamp)
            }
            untilPause -= key.count + entry.value.count + Self.entryBytes
            try merge.next()
            if untilPause <= 0 {
                untilPause = options.pauseBytes
                if shouldStop() { return false }
                pause()
            }
        }
        statistics.droppedTombstones += UInt64(filter.beginKey())
        try output.endTable(ranges?.finish())
        statistics.droppedRangeTombstones = ranges?.droppedCount ?? 0
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

    /// About what an entry takes beside its key and value.
    private static let entryBytes = 16
}

/// Where a merge is. Its order is checked here, because a crafted file could name tables that contradict each other,
/// and a builder relies on it.
private struct Place {
    private let key = GrowingBuffer()
    private var timestamp: Timestamp?

    /// - Returns: Whether `key` is another than before.
    @inline(__always)
    mutating func moves(to next: BorrowedBytes, _ newTimestamp: Timestamp) throws(StoreError) -> Bool {
        defer { timestamp = newTimestamp }
        if let timestamp {
            let order = KeyOrder.compare(key.bytes, next)
            if order == 0, newTimestamp < timestamp { return false }
            guard order < 0 else { throw Self.outOfOrder }
        }
        key.assign(next)
        return true
    }

    private static var outOfOrder: StoreError {
        .corrupt("The tables of a compaction contradict each other.", structure: "table")
    }
}
