/// What the file turned out to hold, on the way to an engine. The steps are those of Engine+Open.
struct Recovery {
    private let lanes: StoreLanes
    private let options: EngineOptions
    private let slots: SuperblockSlots.Contents
    private let edits: [VersionEdit]
    private let replay: LogReplay
    /// Newest last; each with the place in the log where it begins.
    private var memtables: [ActiveMemtable]
    private let lastTimestamp: Timestamp
    private let file: StoreFile
    private let cache: BlockCache
    private let versions: VersionSet
    private let clock: CommitClock

    private var superblock: Superblock { slots.current }

    /// Reads everything; writes nothing.
    init(lanes: StoreLanes, slots read: SuperblockSlots.Contents, options: EngineOptions) throws(StoreError) {
        self.lanes = lanes
        let device = lanes.tables
        self.options = options
        // Reading needs no allocator; the real one can only be made once everything has been read.
        let probe = StoreFile(
            device: device, identity: read.current.identity, allocator: try ExtentAllocator(used: []),
            extentBytes: read.current.extentBytes)
        var previousEdits: [VersionEdit]?
        if let previous = read.previous {
            previousEdits = try Self.unlessDamaged { () throws(StoreError) in
                try Manifest.read(previous.manifest, from: probe)
            }
        }
        let (slots, edits) = try Self.readManifest(read, previousEdits: previousEdits, from: probe)
        self.slots = slots
        self.edits = edits

        if !options.isReadOnly { Self.dropCachedLog(of: slots.current, device: device) }
        let history = try RetainedHistory(edits)
        clock = CommitClock(timeline: history.timeline, source: options.wallClock)
        let survivors = try Self.replayLog(of: slots.current, device: device, options: options, clock: clock)
        replay = survivors.replay
        memtables = survivors.memtables
        lastTimestamp = max(survivors.lastTimestamp, slots.current.flushedTimestamp)

        let owned =
            SuperblockSlots.extents + slots.current.manifest.extents + Self.tableExtents(of: edits)
            + replay.segments.map(\.range) + survivors.largeValues
        var current = Set(owned)
        // Two owners of the same extent would not show as an overlap below.
        guard current.count == owned.count else {
            throw .corrupt("Two structures own the same bytes.", structure: "extent")
        }
        // After an undisturbed change, the older slot names the same tables and log through a manifest of its own.
        var twin: ManifestPointers?
        var previous: Set<FileRange> = []
        if let older = slots.previous, let previousEdits {
            let olderManifest = Set(older.manifest.extents)
            if Self.liveTables(of: previousEdits) == Self.liveTables(of: edits),
                (try Self.unlessDamaged({ () throws(StoreError) in try RetainedHistory(previousEdits) }))?
                    .agrees(with: history) == true,
                olderManifest.isDisjoint(with: current)
            {
                twin = older.manifest
                current.formUnion(olderManifest)
            }
            previous.formUnion(olderManifest)
            previous.formUnion(Self.tableExtents(of: previousEdits))
            // After a crash between the two slots, the older one's log begins earlier and leads into the same chain.
            if older.logStart != slots.current.logStart {
                var largeValues: [FileRange] = []
                let olderLog = try Self.unlessDamaged { () throws(StoreError) in
                    try LogReader(device: device, identity: older.identity).replay(from: older.logStart) {
                        lsn, payload throws(StoreError) in
                        largeValues += try CommitRecord.decode(payload, fileOffset: lsn.rawValue).largeValues
                    }
                }
                previous.formUnion(olderLog?.segments.map(\.range) ?? [])
                previous.formUnion(largeValues)
            }
        }
        let allocator = try ExtentAllocator(
            used: Array(current.union(previous)), pending: survivors.largeValues)
        for range in previous.subtracting(current) {
            allocator.release(range, lastNamedIn: slots.previous?.generation ?? slots.current.generation)
        }
        file = StoreFile(
            lanes: lanes, identity: slots.current.identity, allocator: allocator,
            extentBytes: slots.current.extentBytes)
        cache = BlockCache(capacity: options.cacheBytes)
        versions = try VersionSet(file: file, cache: cache, slots: slots, edits: edits, twin: twin)
    }

    /// The manifest of the newer superblock; if it is damaged and the older one's is not, the older state is taken
    /// instead, which is whole (R4).
    private static func readManifest(
        _ slots: SuperblockSlots.Contents, previousEdits: [VersionEdit]?, from file: StoreFile
    ) throws(StoreError) -> (SuperblockSlots.Contents, [VersionEdit]) {
        do {
            return (slots, try Manifest.read(slots.current.manifest, from: file))
        } catch {
            guard error.code == .corrupt, let previous = slots.previous, let previousEdits else { throw error }
            let older = SuperblockSlots.Contents(
                current: previous, previous: nil, currentSlot: 1 - slots.currentSlot)
            return (older, previousEdits)
        }
    }

    /// What `body` returns, or `nil` when what it reads is damaged. A device that fails is another matter: what cannot
    /// be read may be whole, and is not passed over.
    private static func unlessDamaged<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R? {
        do throws(StoreError) {
            return try body()
        } catch {
            guard error.code == .corrupt else { throw error }
            return nil
        }
    }

    private static func liveTables(of edits: [VersionEdit]) -> [TableID: TableDescriptor] {
        var live: [TableID: TableDescriptor] = [:]
        for edit in edits {
            for id in edit.removed { live[id] = nil }
            for table in edit.added { live[table.id] = table }
        }
        return live
    }

    private static func tableExtents(of edits: [VersionEdit]) -> [FileRange] {
        liveTables(of: edits).values.flatMap(\.ownedExtents)
    }

    /// Whether the store was closed and nothing has happened since.
    ///
    /// The slots say so both, or not at all: the first commit replaces one of them. With one slot lost, the other may be
    /// from before a commit that has left a beginning in the log.
    private var isClean: Bool {
        superblock.isClean && slots.previous?.isClean == true && replay.groups == 0 && replay.segments.count == 1
    }

    /// What was found, in figures.
    struct Summary {
        let isClean: Bool
        let groups: Int
        let bytes: UInt64
    }

    var summary: Summary { Summary(isClean: isClean, groups: replay.groups, bytes: replay.payloadBytes) }

    // MARK: Engines

    /// An engine that changes no byte of the file. What the log holds is served from memory.
    mutating func engineForReading() throws(StoreError) -> Engine {
        let active = memtables.removeLast()
        let frozen = memtables.reversed().map {
            FrozenMemtable(memtable: $0.memtable, logPosition: $0.logPosition, lastTimestamp: lastTimestamp)
        }
        return Engine(
            file: file, options: options, cache: cache, versions: versions,
            start: EngineStart(
                log: nil, clock: clock, active: active, frozen: frozen, published: visibleTimestamp,
                stamped: visibleTimestamp,
                replayedSegments: replay.segments.map(\.range)))
    }

    /// The newest timestamp that is given out for reading.
    private var visibleTimestamp: Timestamp {
        isClean ? max(lastTimestamp, superblock.timestampFloor) : lastTimestamp
    }

    /// An engine that commits.
    mutating func engineForWriting() throws(StoreError) -> Engine {
        if isClean {
            let log = try LogWriter(resuming: replay, in: file, site: logSite())
            // Nothing was replayed, so the memtable that was there for it is empty.
            let active = ActiveMemtable(memtable: memtables[0].memtable, logPosition: log.position)
            return Engine(
                file: file, options: options, cache: cache, versions: versions,
                start: EngineStart(
                    log: log, clock: clock, active: active, frozen: [], published: visibleTimestamp,
                    stamped: visibleTimestamp))
        }
        let floor = max(lastTimestamp, superblock.timestampFloor).advanced(by: Timestamp.uncleanOpenSkip)
        let log = try LogWriter(creatingIn: file, following: replay, site: logSite())
        let old = replay.segments.map(\.range)
        let active: ActiveMemtable
        var edit = VersionEdit()
        if replay.payloadBytes < UInt64(options.smallLogBytes), memtables.count == 1 {
            let start = log.position
            try rewriteLog(into: log)
            active = ActiveMemtable(memtable: memtables[0].memtable, logPosition: start)
        } else {
            edit = try flushSurvivors()
            active = ActiveMemtable(
                memtable: try Memtable(capacity: options.memtableBytes), logPosition: log.position)
        }
        let logStart = log.start(at: active.logPosition)
        for range in old { file.allocator.release(range, lastNamedIn: superblock.generation) }
        let skip = CommitTimeline.Skip(after: lastTimestamp, through: floor)
        clock.noteSkip(skip)
        edit.history.skips = [skip]
        let flushed = edit.added.map(\.largestTimestamp).max() ?? superblock.flushedTimestamp
        _ = try versions.apply(edit) { superblock in
            superblock.isClean = false
            superblock.logStart = logStart
            superblock.logReach = log.end
            superblock.flushedTimestamp = max(superblock.flushedTimestamp, flushed)
            superblock.timestampFloor = floor
        }
        return Engine(
            file: file, options: options, cache: cache, versions: versions,
            // Nothing between the last survivor and the floor exists, so the floor is published: what waits for all that
            // has been stamped, as a flush does, finds it done.
            start: EngineStart(log: log, clock: clock, active: active, frozen: [], published: floor, stamped: floor))
    }

    /// New log segments lie above the space that the next table will need, so that a close can cut them off.
    private func logSite() -> @Sendable () -> LogSite {
        let versions = versions
        let gap = UInt64(options.memtableBytes)
        return {
            let dataEnd = versions.current.tables.flatMap(\.descriptor.extents).map(\.end).max() ?? 0
            return LogSite(floor: dataEnd + gap, generation: versions.superblock.generation)
        }
    }

    // MARK: Survivors

    /// Copies the replayed groups to `log`, each with the timestamps that it has, and makes them durable with the
    /// sync that comes before the superblock.
    private func rewriteLog(into log: LogWriter) throws(StoreError) {
        let durable = log.end
        _ = try LogReader(device: lanes.tables, identity: superblock.identity).replay(from: superblock.logStart) {
            _, payload throws(StoreError) in
            let write = try log.prepare(
                payloadBytes: payload.count, startsOnNewSector: false, durable: durable
            ) { $0.append(payload) }
            try log.perform(write, durably: false)
        }
    }

    private func flushSurvivors() throws(StoreError) -> VersionEdit {
        var edit = VersionEdit()
        for memtable in memtables.map(\.memtable) where memtable.entryCount > 0 {
            memtable.freeze()
            let job = FlushJob(
                file: file, memtable: memtable, id: versions.takeTableID(), generation: versions.nextGeneration)
            edit.added.append(try job.run())
        }
        edit.history.samples = clock.samples(
            after: versions.history.timeline.samples.last?.timestamp ?? .zero, upTo: lastTimestamp)
        return edit
    }

    /// Has the system forget its copy of the log, so that the replay reads what is on the medium. A first pass finds
    /// the segments; whatever is wrong with them, the replay itself will say.
    private static func dropCachedLog(of superblock: Superblock, device: any StorageDevice) {
        // A log that was closed is one segment, and the superblock says where.
        guard !superblock.isClean else {
            device.dropCache(superblock.logStart.segment)
            return
        }
        guard
            let found = try? LogReader(device: device, identity: superblock.identity)
                .replay(from: superblock.logStart, { _, _ in })
        else { return }
        for segment in found.segments { device.dropCache(segment.range) }
    }

    /// What ``replayLog(of:device:options:clock:)`` found.
    private struct Survivors {
        let replay: LogReplay
        let memtables: [ActiveMemtable]
        let lastTimestamp: Timestamp
        /// The extents of the large values that the log names.
        let largeValues: [FileRange]
    }

    /// Applies the log to as many memtables as it takes, and notes when its commits happened.
    private static func replayLog(
        of superblock: Superblock, device: any StorageDevice, options: EngineOptions, clock: CommitClock
    ) throws(StoreError) -> Survivors {
        let start = superblock.logStart.position
        var memtables = [
            ActiveMemtable(memtable: try Memtable(capacity: options.memtableBytes), logPosition: start)
        ]
        var last = superblock.flushedTimestamp
        var largeValues: [FileRange] = []
        let fileEnd = try device.length()
        let reader = LogReader(device: device, identity: superblock.identity)
        let replay = try reader.replay(from: superblock.logStart, mustReach: superblock.logReach) {
            lsn, payload throws(StoreError) in
            let group = try CommitRecord.decode(payload, after: last, fileOffset: lsn.rawValue)
            last = group.lastTimestamp
            clock.note(last, at: group.wallClockMilliseconds, end: lsn)
            for extent in group.largeValues {
                // It was durable before the record was written.
                guard extent.end <= fileEnd else {
                    throw .corrupt(
                        "The log names a value past the end of the file.", structure: BlockKind.largeValue.name,
                        offset: extent.offset)
                }
                largeValues.append(extent)
            }
            let (bytes, entries) = Self.space(of: group)
            if !memtables[memtables.count - 1].memtable.hasRoom(bytes: bytes, entries: entries) {
                memtables[memtables.count - 1].memtable.freeze()
                memtables.append(
                    ActiveMemtable(
                        memtable: try Memtable(capacity: max(options.memtableBytes, bytes), entries: entries),
                        logPosition: LogPosition(lsn: lsn, previousChecksum: 0)))
            }
            Self.apply(group, to: memtables[memtables.count - 1].memtable)
        }
        clock.sampleNewest()
        return Survivors(replay: replay, memtables: memtables, lastTimestamp: last, largeValues: largeValues)
    }

    private static func space(of group: CommitRecord.Group) -> (bytes: Int, entries: Int) {
        var bytes = 0
        var entries = 0
        for member in group.members {
            var operations = member.operations
            while let operation = operations.next() {
                bytes += Memtable.spaceNeeded(operation)
                entries += 1
            }
        }
        return (bytes, entries)
    }

    private static func apply(_ group: CommitRecord.Group, to memtable: Memtable) {
        for member in group.members {
            var operations = member.operations
            while let operation = operations.next() {
                guard operation.kind != .rangeTombstone else {
                    memtable.insertRangeTombstone(operation, timestamp: member.timestamp)
                    continue
                }
                memtable.insert(
                    key: operation.key, hash: xxh3(operation.key), timestamp: member.timestamp, kind: operation.kind,
                    value: operation.value)
            }
        }
    }
}
