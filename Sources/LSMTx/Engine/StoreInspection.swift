/// What the tables of a store hold and what it costs, counted over every version in them.
package struct StoreInspection: Sendable {
    /// A table and the bytes that are not entries.
    package struct TableRow: Sendable {
        package let descriptor: TableDescriptor
        package internal(set) var indexBytes: UInt64 = 0
        package internal(set) var filterBytes: UInt64 = 0
        package internal(set) var rangeTombstoneBytes: UInt64 = 0
        /// Extent headers and properties.
        package internal(set) var headerBytes: UInt64 = 0
        /// What of the extents no block takes.
        package var unusedBytes: UInt64 {
            let used =
                descriptor.statistics.dataBytes + indexBytes + filterBytes + rangeTombstoneBytes + headerBytes
            return descriptor.fileBytes - min(descriptor.fileBytes, used)
        }
    }

    package internal(set) var extents: [FileExtent] = []
    /// By level; level 0 newest first, deeper ones in key order.
    package internal(set) var tables: [TableRow] = []
    /// Of each key, however many versions it has.
    package internal(set) var keySizes = Distribution()
    /// Of each version that is no deletion.
    package internal(set) var valueSizes = Distribution()
    /// Of each key.
    package internal(set) var versionsPerKey = Distribution()
    package internal(set) var versions: UInt64 = 0
    package internal(set) var tombstones: UInt64 = 0
    package internal(set) var largeValues: UInt64 = 0
    package internal(set) var largeValueBytes: UInt64 = 0
    /// Bytes of keys, once for each version.
    package internal(set) var keyBytes: UInt64 = 0
    /// Bytes of values that stand in tables.
    package internal(set) var valueBytes: UInt64 = 0
    /// Versions by age: as many as there are limits, then older ones, then those whose time is not known any more.
    package internal(set) var ages: [UInt64] = []
    /// Entries that are not in a table yet: only the log has them.
    package internal(set) var unflushedEntries: UInt64 = 0
}

/// The inspection: walks all versions of all tables once, merged by key, past the cache.
///
/// Memory does not grow with the store, apart from the list of extents. Damage ends it; `check` tells of all damage.
extension Engine {
    /// - Parameters:
    ///   - now: The time that ages are counted from, in milliseconds since 1970.
    ///   - ageLimits: Upper limits of ages in milliseconds, ascending.
    ///   - progress: Called with entries done and entries in all, now and then; throws to stop.
    /// - Throws: `corrupt` or `io` when something cannot be read, and what `progress` throws.
    package func inspect(
        now: Int64, ageLimits: [Int64], progress: (_ done: UInt64, _ total: UInt64) throws -> Void
    ) throws -> StoreInspection {
        var result = StoreInspection()
        result.extents = try fileExtents()
        let view = currentView()
        result.unflushedEntries = UInt64(view.memtables.reduce(0) { $0 + $1.entryCount })
        result.ages = [UInt64](repeating: 0, count: ageLimits.count + 2)
        let tables = view.version.tables
        for table in tables { result.tables.append(try Self.row(of: table)) }
        let total = tables.reduce(0) { $0 + $1.descriptor.statistics.entryCount }
        try progress(0, total)
        var merge = CompactionMerge(tables, from: [])
        try merge.start()
        var key: [UInt8] = []
        var versions: UInt64 = 0
        while merge.isValid {
            let isSame = versions > 0 && key.withUnsafeBytes { KeyOrder.isEqual(BorrowedBytes($0), merge.key) }
            if !isSame {
                if versions > 0 { result.versionsPerKey.add(versions) }
                versions = 0
                key = merge.key.array
                result.keySizes.add(UInt64(key.count))
            }
            versions += 1
            result.add(merge.entry, keyBytes: key.count)
            result.ages[ageClass(of: merge.entry.timestamp, now: now, limits: ageLimits)] += 1
            if result.versions.isMultiple(of: 4096) { try progress(result.versions, total) }
            try merge.next()
        }
        if versions > 0 { result.versionsPerKey.add(versions) }
        try progress(total, total)
        return result
    }

    private func ageClass(of timestamp: Timestamp, now: Int64, limits: [Int64]) -> Int {
        guard let time = unixTime(of: timestamp) else { return limits.count + 1 }
        return limits.firstIndex { now - time < $0 } ?? limits.count
    }

    private static func row(of table: Table) throws(StoreError) -> StoreInspection.TableRow {
        let blocks = try table.blockBytes()
        var row = StoreInspection.TableRow(descriptor: table.descriptor)
        row.indexBytes = blocks.index
        row.filterBytes = blocks.filter
        row.rangeTombstoneBytes = blocks.rangeTombstones
        row.headerBytes = blocks.headers
        return row
    }
}

extension StoreInspection {
    fileprivate mutating func add(_ entry: TableEntry, keyBytes: Int) {
        versions += 1
        self.keyBytes += UInt64(keyBytes)
        switch entry.kind {
        case .value:
            valueBytes += UInt64(entry.value.count)
            valueSizes.add(UInt64(entry.value.count))
        case .largeValue:
            let reference = LargeValueReference(verified: entry.value)
            largeValues += 1
            largeValueBytes += UInt64(reference.count)
            valueSizes.add(UInt64(reference.count))
        case .tombstone, .rangeTombstone: tombstones += 1
        }
    }
}
