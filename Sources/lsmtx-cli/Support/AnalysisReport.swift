package import LSMTx

/// What `analyze` tells, in the words and the shape that the command line promises: the only place that knows the
/// engine's too. Keys are escaped as `scan` does it.
package struct AnalysisReport: Encodable {
    package struct Use: Encodable {
        package var use: String
        package var bytes: UInt64
        package var extents: UInt64
    }

    package struct Extent: Encodable {
        package var offset: UInt64
        package var bytes: UInt64
        package var use: String
        package var table: UInt64?
        package var level: Int?
    }

    package struct Level: Encodable {
        package var level: Int
        package var tables: UInt64 = 0
        package var entries: UInt64 = 0
        package var tombstones: UInt64 = 0
        package var rangeTombstones: UInt64 = 0
        package var bytes: UInt64 = 0
        package var largeValueBytes: UInt64 = 0
        package var smallestKey = ""
        package var largestKey = ""
    }

    package struct Table: Encodable {
        package var id: UInt64
        package var level: Int
        package var entries: UInt64
        package var keys: UInt64
        package var tombstones: UInt64
        package var rangeTombstones: UInt64
        package var bytes: UInt64
        package var largeValueBytes: UInt64
        package var smallestKey: String
        package var largestKey: String
        package var smallestTimestamp: UInt64
        package var largestTimestamp: UInt64
    }

    /// Where the bytes of tables and large values go.
    package struct Bytes: Encodable {
        /// Keys, once for each version, and values, as the user wrote them.
        package var keys: UInt64 = 0
        package var values: UInt64 = 0
        package var largeValues: UInt64 = 0
        /// What blocks of entries take in the file.
        package var dataBlocks: UInt64 = 0
        package var indexes: UInt64 = 0
        package var filters: UInt64 = 0
        package var rangeTombstones: UInt64 = 0
        package var headers: UInt64 = 0
        /// Of tables' extents, what no block takes.
        package var unused: UInt64 = 0
        /// Extents of large values.
        package var largeValueExtents: UInt64 = 0
    }

    package struct Class: Encodable {
        package var label: String
        package var count: UInt64
    }

    package var path: String
    package var formatVersion: Int
    package var timestamp: UInt64
    package var fileBytes: UInt64
    package var keys: UInt64
    package var versions: UInt64
    package var tombstones: UInt64
    package var largeValues: UInt64
    /// Only the log has these, so that nothing below counts them.
    package var unflushedEntries: UInt64
    package var uses: [Use]
    package var levels: [Level]
    package var bytes: Bytes
    package var ages: [Class]
    package var versionsPerKey: [Class]
    package var keySizes: [Class]
    package var valueSizes: [Class]
    package var tables: [Table]
    package var extents: [Extent]
    /// Bounds of the tables as bytes, in the order of `tables`: what the page's key axis is made of.
    let bounds: [KeyRange]

    private enum CodingKeys: String, CodingKey {
        case path, formatVersion, timestamp, fileBytes, keys, versions, tombstones, largeValues, unflushedEntries, uses
        case levels, bytes, ages, versionsPerKey, keySizes, valueSizes, tables, extents
    }

    /// What ages are told apart, and what they are called.
    package static let ageLimits: [(milliseconds: Int64, label: String)] = [
        (60_000, "under a minute"), (3_600_000, "under an hour"), (86_400_000, "under a day"),
        (604_800_000, "under a week"), (2_592_000_000, "under 30 days"), (31_536_000_000, "under a year"),
    ]

    package init(_ inspection: StoreInspection, statistics: Statistics, path: String) {
        self.path = path
        formatVersion = statistics.formatVersion
        timestamp = statistics.timestamp.rawValue
        fileBytes = statistics.fileBytes
        keys = inspection.keySizes.count
        versions = inspection.versions
        tombstones = inspection.tombstones
        largeValues = inspection.largeValues
        unflushedEntries = inspection.unflushedEntries
        extents = inspection.extents.map(Extent.init)
        uses = Self.uses(of: extents)
        tables = inspection.tables.map { Table($0.descriptor) }
        bounds = inspection.tables.map(\.descriptor.bounds)
        levels = Self.levels(of: tables, bounds)
        bytes = Bytes(inspection)
        let oldest = inspection.ages.lastIndex { $0 > 0 }.map { $0 + 1 } ?? 0
        ages = zip(Self.ageLimits.map(\.label) + ["older", "not known"], inspection.ages.prefix(oldest))
            .map(Class.init)
        versionsPerKey = Self.classes(inspection.versionsPerKey) { range in
            range.count == 1
                ? Rendering.grouped(range.lowerBound)
                : "\(Rendering.grouped(range.lowerBound))–\(Rendering.grouped(range.upperBound))"
        }
        keySizes = Self.classes(inspection.keySizes, Self.sizeLabel)
        valueSizes = Self.classes(inspection.valueSizes, Self.sizeLabel)
    }

    private static func classes(_ distribution: Distribution, _ label: (ClosedRange<UInt64>) -> String) -> [Class] {
        let first = distribution.counts.firstIndex { $0 > 0 } ?? 0
        return distribution.counts.enumerated().dropFirst(first).map { index, count in
            Class(label: label(Distribution.range(index)), count: count)
        }
    }

    /// From 1 KiB on, a class begins where the one before ends: `1KiB–2KiB`, not `1024B–2047B`.
    private static func sizeLabel(_ range: ClosedRange<UInt64>) -> String {
        let (lower, upper) = (range.lowerBound, range.upperBound)
        if lower == upper { return Quantity.size(lower) }
        if upper < 1024 || upper == .max { return "\(lower)–\(Quantity.size(upper))" }
        return "\(Quantity.size(lower))–\(Quantity.size(upper + 1))"
    }

    private static func uses(of extents: [Extent]) -> [Use] {
        let order = ["table", "large values", "log", "manifest", "superblock", "held", "free", "spare"]
        return order.compactMap { name in
            let members = extents.filter { $0.use == name }
            guard !members.isEmpty else { return nil }
            return Use(use: name, bytes: members.reduce(0) { $0 + $1.bytes }, extents: UInt64(members.count))
        }
    }

    private static func levels(of tables: [Table], _ bounds: [KeyRange]) -> [Level] {
        Set(tables.map(\.level)).sorted().map { number in
            var level = Level(level: number)
            var hull: KeyRange?
            for (table, range) in zip(tables, bounds) where table.level == number {
                level.tables += 1
                level.entries += table.entries
                level.tombstones += table.tombstones
                level.rangeTombstones += table.rangeTombstones
                level.bytes += table.bytes
                level.largeValueBytes += table.largeValueBytes
                if hull.map({ range.lowerBound.lexicographicallyPrecedes($0.lowerBound) }) ?? true {
                    level.smallestKey = table.smallestKey
                }
                hull = hull.map { $0.hull(range) } ?? range
                if hull?.upperBound == range.upperBound { level.largestKey = table.largestKey }
            }
            return level
        }
    }
}

extension AnalysisReport.Table {
    fileprivate init(_ table: TableDescriptor) {
        id = table.id.rawValue
        level = table.level
        entries = table.statistics.entryCount
        keys = table.statistics.keyCount
        tombstones = table.statistics.tombstoneCount
        rangeTombstones = table.statistics.rangeTombstoneCount
        bytes = table.fileBytes
        largeValueBytes = table.largeValueBytes
        smallestKey = String(decoding: Escaping.line(table.smallestKey), as: UTF8.self)
        largestKey = String(decoding: Escaping.line(table.largestKey), as: UTF8.self)
        smallestTimestamp = table.smallestTimestamp.rawValue
        largestTimestamp = table.largestTimestamp.rawValue
    }
}

extension AnalysisReport.Extent {
    fileprivate init(_ extent: FileExtent) {
        offset = extent.range.offset
        bytes = extent.range.length
        switch extent.use {
        case .superblock: use = "superblock"
        case .manifest: use = "manifest"
        case .log: use = "log"
        case .table(let id, let number):
            use = "table"
            table = id.rawValue
            level = number
        case .largeValue: use = "large values"
        case .free: use = "free"
        case .held: use = "held"
        case .spare: use = "spare"
        }
    }
}

extension AnalysisReport.Bytes {
    fileprivate init(_ inspection: StoreInspection) {
        keys = inspection.keyBytes
        values = inspection.valueBytes
        largeValues = inspection.largeValueBytes
        for table in inspection.tables {
            dataBlocks += table.descriptor.statistics.dataBytes
            indexes += table.indexBytes
            filters += table.filterBytes
            rangeTombstones += table.rangeTombstoneBytes
            headers += table.headerBytes
            unused += table.unusedBytes
            largeValueExtents += table.descriptor.largeValueBytes
        }
    }
}
