/// A table that a compaction could not read, so that compactions leave it alone.
///
/// What of it can be read still is, and commits go on. It takes part in compactions again once the store has been opened
/// anew. ``Database/compact(_:progress:)-50kbx`` tries to read it, too. Once the range of its keys has been deleted and no reader
/// needs them, that drops the table without reading it.
///
/// ```swift
/// for table in try database.statistics.damagedTables {
///     print("Since \(table.since): \(table.error)")
/// }
/// ```
public struct DamagedTable: Sendable, Equatable {
    /// The level that it is in.
    public let level: Int
    /// The keys that the table holds. Those that are lost stand in ``error``.
    public let keys: KeyRange
    /// What the compaction met: `corrupt`, with the place in the file and the keys that cannot be read because of it.
    public let error: StoreError
    /// When that was, in milliseconds since 1970.
    public let since: Int64
}

extension DatabaseCore {
    var damagedTables: [DamagedTable] {
        engine.damagedTables.map { found in
            DamagedTable(
                level: found.table.level, keys: found.table.bounds, error: found.error.at(path: path),
                since: Int64(clamping: found.since))
        }
    }
}
