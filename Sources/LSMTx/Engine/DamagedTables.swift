/// The tables that compactions have found damaged since the store was opened.
///
/// They are left where they are: to read their damage again and again would keep everything else from being compacted.
/// It is not written down. Opening the store anew, or a compaction that somebody asks for, tries again: what could not be
/// read because of a cable may be read with another one.
final class DamagedTables: Sendable {
    struct Finding: Sendable {
        let error: StoreError
        /// Milliseconds since 1970.
        let since: UInt64
    }

    private let found = Guarded<[TableID: Finding]>([:])

    init() {}

    var ids: Set<TableID> { found.withLock { Set($0.keys) } }

    var isEmpty: Bool { found.withLock { $0.isEmpty } }

    /// The first one that was found.
    var first: StoreError? {
        found.withLock { $0.min { ($0.value.since, $0.key) < ($1.value.since, $1.key) }?.value.error }
    }

    subscript(table: TableID) -> Finding? { found.withLock { $0[table] } }

    /// A compaction met `error` in these. Since when a table is known to be damaged stays as it is.
    func note(_ error: StoreError, in tables: [TableDescriptor], at milliseconds: UInt64) {
        found.withLock { found in
            for table in tables {
                found[table.id] = Finding(error: error, since: found[table.id]?.since ?? milliseconds)
            }
        }
    }

    /// These are no more in use: a compaction could read them after all, or dropped them unread.
    func forget(_ tables: [TableID]) {
        found.withLock { found in
            for table in tables { found[table] = nil }
        }
    }
}
