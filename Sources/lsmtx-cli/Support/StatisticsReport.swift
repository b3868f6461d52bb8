package import LSMTx

/// The statistics in the words and the shape that the command line promises, whatever the library calls them: this
/// initialiser is the only place that knows both.
package struct StatisticsReport: Encodable, Equatable {
    package struct Level: Encodable, Equatable {
        package var level: UInt64
        package var tables: UInt64
        package var entries: UInt64
        package var bytes: UInt64
    }

    package struct Memtables: Encodable, Equatable {
        package var count: UInt64
        package var bytes: UInt64
        package var entries: UInt64
    }

    package struct LargeValues: Encodable, Equatable {
        package var count: UInt64
        package var bytes: UInt64
    }

    package struct Cache: Encodable, Equatable {
        package var capacity: UInt64
        package var used: UInt64
        package var blocks: UInt64
        package var entered: UInt64
        package var evicted: UInt64
    }

    package struct Compaction: Encodable, Equatable {
        package var count: UInt64
        package var bytesIn: UInt64
        package var bytesOut: UInt64
        package var droppedVersions: UInt64
        package var droppedByRangeDeletion: UInt64
        package var droppedTombstones: UInt64
        package var droppedRangeTombstones: UInt64
        package var levels: [LevelWork]
    }

    package struct LevelWork: Encodable, Equatable {
        package var level: UInt64
        package var count: UInt64
        package var moves: UInt64
        package var bytesIn: UInt64
        package var bytesOut: UInt64
        package var entriesIn: UInt64
        package var entriesOut: UInt64
        package var droppedVersions: UInt64
        package var droppedByRangeDeletion: UInt64
        package var droppedTombstones: UInt64
        package var droppedRangeTombstones: UInt64
    }

    package struct Stall: Encodable, Equatable {
        package var reason: String
        package var slowed: UInt64
        package var stopped: UInt64
        package var nanoseconds: UInt64
    }

    package var path: String
    package var formatVersion: UInt64
    package var generation: UInt64
    package var timestamp: UInt64
    package var oldestSnapshot: UInt64?
    package var past: Past
    package var fileBytes: UInt64
    package var logBytes: UInt64
    package var liveLogBytes: UInt64
    package var logSegmentsAwaited: UInt64
    package var freeBytes: UInt64
    package var punchedBytes: UInt64
    package var memtables: Memtables
    package var levels: [Level]
    package var damagedTables: [DamagedTable]
    package var largeValues: LargeValues
    package var cache: Cache
    package var commits: UInt64
    package var groups: UInt64
    package var conflicts: UInt64
    package var syncs: UInt64
    package var flushes: UInt64
    package var compaction: Compaction
    package var stalls: [Stall]

    package init(_ statistics: Statistics, path: String) {
        self.path = path
        formatVersion = UInt64(statistics.formatVersion)
        generation = statistics.generation
        timestamp = statistics.timestamp.rawValue
        oldestSnapshot = statistics.oldestSnapshot?.rawValue
        past = Past(statistics.past)
        fileBytes = statistics.fileBytes
        logBytes = statistics.log.fileBytes
        liveLogBytes = statistics.log.liveBytes
        logSegmentsAwaited = statistics.log.segmentsAwaited
        freeBytes = statistics.freeBytes
        punchedBytes = statistics.punchedBytes
        memtables = Memtables(
            count: UInt64(statistics.memtables.count), bytes: UInt64(statistics.memtables.bytes),
            entries: UInt64(statistics.memtables.entries))
        levels = statistics.levels.map {
            Level(
                level: UInt64($0.level), tables: UInt64($0.tables), entries: $0.entries, bytes: $0.bytes)
        }
        damagedTables = statistics.damagedTables.map(DamagedTable.init)
        largeValues = LargeValues(
            count: UInt64(statistics.largeValues.count), bytes: statistics.largeValues.bytes)
        cache = Cache(
            capacity: UInt64(statistics.cache.capacity), used: UInt64(statistics.cache.bytes),
            blocks: UInt64(statistics.cache.blocks), entered: statistics.cache.entered,
            evicted: statistics.cache.evicted)
        commits = statistics.commits
        groups = statistics.groups
        conflicts = statistics.conflicts
        syncs = statistics.syncs
        flushes = statistics.flushes
        compaction = Compaction(
            count: statistics.compaction.count, bytesIn: statistics.compaction.bytesIn,
            bytesOut: statistics.compaction.bytesOut, droppedVersions: statistics.compaction.droppedVersions,
            droppedByRangeDeletion: statistics.compaction.droppedByRangeDeletion,
            droppedTombstones: statistics.compaction.droppedTombstones,
            droppedRangeTombstones: statistics.compaction.droppedRangeTombstones,
            levels: statistics.compaction.levels.map {
                LevelWork(
                    level: UInt64($0.level), count: $0.count, moves: $0.moves, bytesIn: $0.bytesIn,
                    bytesOut: $0.bytesOut, entriesIn: $0.entriesIn, entriesOut: $0.entriesOut,
                    droppedVersions: $0.droppedVersions, droppedByRangeDeletion: $0.droppedByRangeDeletion,
                    droppedTombstones: $0.droppedTombstones, droppedRangeTombstones: $0.droppedRangeTombstones)
            })
        stalls = statistics.stalls.map {
            Stall(reason: $0.reason, slowed: $0.slowed, stopped: $0.stopped, nanoseconds: $0.nanoseconds)
        }
    }
}

extension StatisticsReport {
    package struct Section {
        package var title: String
        package var rows: [Row]
    }

    package struct Row {
        package var label: String
        package var text: String
        /// The part of `whole` that a bar shows.
        package var part: UInt64?
        package var whole: UInt64 = 0
        package var detail = ""
    }

    /// What people read, in order.
    package var sections: [Section] {
        let tableBytes = levels.reduce(0) { $0 + $1.bytes }
        let other = fileBytes - min(fileBytes, logBytes + freeBytes + tableBytes + largeValues.bytes)
        func space(_ label: String, _ bytes: UInt64) -> Row {
            Row(
                label: label, text: Rendering.bytes(bytes), part: bytes, whole: fileBytes,
                detail: Rendering.percent(bytes, of: fileBytes))
        }
        var free = space("free", freeBytes)
        if punchedBytes > 0 { free.detail += ", \(Rendering.bytes(punchedBytes)) of it given back" }
        func number(_ label: String, _ count: UInt64) -> Row { Row(label: label, text: Rendering.grouped(count)) }

        var sections = [
            Section(
                title: path,
                rows: [
                    number("format", formatVersion), number("generation", generation), number("timestamp", timestamp),
                ]),
            Section(
                title: "Space",
                rows: [
                    space("tables", tableBytes), space("large values", largeValues.bytes), space("log", logBytes),
                    free, space("other", other),
                    Row(label: "file", text: Rendering.bytes(fileBytes)),
                ]),
        ]
        sections.append(past.section)
        let entries = levels.reduce(0) { $0 + $1.entries }
        sections.append(
            Section(
                title: "Levels",
                rows: levels.map { level in
                    let (entryCount, tables) = (level.entries, UInt64(level.tables))
                    return Row(
                        label: "level \(level.level)", text: Rendering.bytes(level.bytes), part: level.entries,
                        whole: entries,
                        detail: "\(Rendering.count(entryCount, "entry")), \(Rendering.count(tables, "table"))")
                }))
        sections.append(damage)
        sections.append(
            Section(
                title: "Memory",
                rows: [
                    Row(
                        label: "memtables", text: Rendering.bytes(memtables.bytes),
                        detail: "\(Rendering.count(memtables.entries, "entry")) in \(memtables.count)"),
                    Row(
                        label: "cache", text: Rendering.bytes(cache.used), part: cache.used, whole: cache.capacity,
                        detail: "of \(Rendering.bytes(cache.capacity))"),
                    Row(
                        label: "blocks", text: Rendering.grouped(cache.blocks),
                        detail: "\(Rendering.grouped(cache.entered)) read, \(Rendering.grouped(cache.evicted)) evicted"),
                ]))
        // A command that only reads has done none of this.
        guard commits > 0 else { return sections.filter { !$0.rows.isEmpty } }
        sections.append(
            Section(
                title: "Since it was opened",
                rows: [
                    number("commits", commits), number("groups", groups), number("conflicts", conflicts),
                    number("syncs", syncs), number("flushes", flushes), number("compactions", compaction.count),
                ]
                    + compaction.levels.map { work in
                        let droppedVersions = Rendering.grouped(work.droppedVersions)
                        let droppedByRange = Rendering.grouped(work.droppedByRangeDeletion)
                        let droppedTombstones = Rendering.grouped(work.droppedTombstones)
                        let droppedRanges = Rendering.grouped(work.droppedRangeTombstones)
                        return Row(
                            label: "to level \(work.level)", text: Rendering.bytes(work.bytesOut),
                            detail: """
                                \(work.count) times from \(Rendering.bytes(work.bytesIn)), \(work.moves) moved, \
                                dropped \(droppedVersions) superseded, \(droppedByRange) in deleted ranges, \
                                \(droppedTombstones) tombstones, \(droppedRanges) range tombstones
                                """)
                    }
                    + stalls.map {
                        Row(
                            label: "stalls", text: Rendering.grouped($0.slowed + $0.stopped),
                            detail: """
                                for \($0.reason): \($0.slowed) slowed, \($0.stopped) stopped, \
                                \(Rendering.milliseconds(nanoseconds: $0.nanoseconds)) in all
                                """)
                    }))
        return sections.filter { !$0.rows.isEmpty }
    }
}
