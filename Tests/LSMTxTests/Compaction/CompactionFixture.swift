import LSMTxSimulation
import Testing

@testable import LSMTx

/// A file with tables in levels and nothing else, to which compactions are applied as the engine would.
struct CompactionFixture {
    let device: FaultDevice
    let file: StoreFile
    var options = CompactionOptions()
    private(set) var version = Version.empty
    let numbers = Numbers()

    final class Numbers: Sendable {
        private let next = Guarded(UInt64(0))
        func take() -> TableID {
            next.withLock { next in
                next += 1
                return TableID(rawValue: next)
            }
        }
    }

    private static let born = Generation(rawValue: 3)
    private static let header = FileRange(offset: 0, length: 8192)

    init() throws {
        let device = FaultDevice(MemoryDevice())
        self.device = device
        file = StoreFile(
            device: device, identity: FileIdentity(high: 1, low: 2),
            allocator: try ExtentAllocator(used: [Self.header]), extentBytes: 64 << 10)
        options.baseBytes = 6 << 10
        options.targetTableBytes = 3 << 10
        options.maximumLevels = 4
        options.table.blockBytes = 300
    }

    var descriptors: [[TableDescriptor]] { version.levels.map { $0.map(\.descriptor) } }

    /// Adds a table, newer than all others of its level if that is level 0.
    mutating func addTable(_ versions: [ModelVersion], level: Int) throws {
        let builder = TableBuilder(
            file: file, id: numbers.take(), level: level, generation: Self.born, options: options.table)
        for version in versions.sorted(by: ModelVersion.isBefore) {
            try version.key.withBorrowed { key in
                try version.value.withBorrowed { value in
                    try builder.add(
                        key: key, timestamp: Timestamp(rawValue: version.timestamp), kind: version.kind, value: value)
                }
            }
        }
        try apply(VersionEdit(added: [try builder.finish()]))
    }

    /// Versions that get newer from the last level up: one commit after the other, level by level.
    mutating func fill(keys: [[UInt8]], _ random: inout SeededGenerator) throws {
        var timestamp: UInt64 = 0
        let perTable = max(1, keys.count / 3)
        for level in [3, 2, 1, 0] {
            var versions: [ModelVersion] = []
            for _ in 0..<(level == 0 ? 5 : 1) {
                for _ in 0..<keys.count / (level == 0 ? 3 : 1) {
                    timestamp += UInt64.random(in: 1...2, using: &random)
                    let isTombstone = Int.random(in: 0..<3, using: &random) == 0
                    versions.append(
                        ModelVersion(
                            key: keys.randomElement(using: &random)!, timestamp: timestamp,
                            kind: isTombstone ? .tombstone : .value,
                            value: isTombstone
                                ? []
                                : Array(
                                    repeating: UInt8(timestamp & 255), count: Int.random(in: 0...90, using: &random))
                        ))
                }
                if level == 0, !versions.isEmpty {
                    try addTable(versions, level: 0)
                    versions = []
                }
            }
            guard level > 0 else { continue }
            for start in stride(from: 0, to: keys.count, by: perTable) {
                let share = Set(keys[start..<min(keys.count, start + perTable)])
                let part = versions.filter { share.contains($0.key) }
                if !part.isEmpty { try addTable(part, level: level) }
            }
        }
    }

    func job(
        _ plan: CompactionPlan, _ points: ReadPoints, mayHelp: (@Sendable () -> Bool)? = nil
    ) -> CompactionJob {
        let tables = plan.inputs.map { input in version.tables.first { $0.descriptor.id == input.id }! }
        return CompactionJob(
            file: file, plan: plan, tables: tables, generation: Self.born, takeTableID: numbers.take,
            readPoints: points, options: options, mayHelp: mayHelp)
    }

    /// Runs the plan, and puts its result in place.
    mutating func run(
        _ plan: CompactionPlan, _ points: ReadPoints, mayHelp: (@Sendable () -> Bool)? = nil
    ) throws -> CompactionResult? {
        guard let result = try job(plan, points, mayHelp: mayHelp).run(shouldStop: { false }, pause: {}) else {
            return nil
        }
        let kept = Set(result.edit.added.map(\.id))
        let gone = version.tables.filter {
            result.edit.removed.contains($0.descriptor.id) && !kept.contains($0.descriptor.id)
        }
        try apply(result.edit)
        for table in gone {
            for extent in table.descriptor.extents { file.allocator.releaseUnpublished(extent) }
        }
        return result
    }

    mutating func apply(_ edit: VersionEdit) throws {
        let file = file
        version = try version.applying(edit) { Table(descriptor: $0, file: file, cache: BlockCache(capacity: 1 << 20)) }
    }

    /// All versions of all tables, in order.
    var versions: [ModelVersion] {
        var all: [ModelVersion] = []
        for table in version.tables {
            var cursor = table.versions()
            do {
                try cursor.seekToFirst()
                while let version = cursor.version {
                    all.append(version)
                    try cursor.next()
                }
            } catch {
                Issue.record(error)
            }
        }
        return all.sorted(by: ModelVersion.isBefore)
    }

    /// Space that neither a table owns nor the allocator has.
    var leaks: [String] {
        var ranges = [Self.header] + file.allocator.freeRanges + file.allocator.retiredRanges
        for table in version.tables { ranges += table.descriptor.extents }
        ranges.sort { $0.offset < $1.offset }
        var found: [String] = []
        var end: UInt64 = 0
        for range in ranges {
            if range.offset != end { found.append("from \(end) to \(range.offset)") }
            end = range.end
        }
        if end != file.allocator.end { found.append("from \(end) to the end") }
        return found
    }

    static func read(_ key: [UInt8], at point: UInt64, in versions: [ModelVersion]) -> [UInt8]? {
        let found = versions.first { $0.key == key && $0.timestamp <= point }
        return found?.kind == .value ? found?.value : nil
    }

    /// What the rule keeps when a compaction sees everything.
    static func needed(
        _ versions: [ModelVersion], _ points: ReadPoints, floor: UInt64, older: [UInt64]
    ) -> [ModelVersion] {
        var kept: [ModelVersion] = []
        let writer = points.oldestWriter?.rawValue ?? .max
        for index in versions.indices.reversed() {
            let version = versions[index]
            if index > 0, versions[index - 1].key == version.key {
                let next = versions[index - 1].timestamp
                guard next > floor || older.contains(where: { $0 >= version.timestamp && $0 < next }) else { continue }
            }
            let hasOlder = kept.last?.key == version.key
            let isIdle =
                version.kind == .tombstone && !hasOlder && version.timestamp <= floor && version.timestamp <= writer
            if !isIdle { kept.append(version) }
        }
        return kept.reversed()
    }

    func checkCounts(
        _ result: CompactionResult, before: [ModelVersion], after: [ModelVersion], _ context: String
    ) throws {
        let statistics = result.statistics
        let dropped = Int(statistics.droppedEntries)
        #expect(before.count - after.count == dropped, "\(context)")
        #expect(Int(statistics.entriesIn) - Int(statistics.entriesOut) == dropped, "\(context)")
        #expect(statistics.bytesIn > 0, "\(context)")
        #expect((statistics.bytesOut > 0) == (statistics.entriesOut > 0), "\(context)")
    }
}
