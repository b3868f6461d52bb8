internal import LSMTx

extension StatisticsReport {
    /// A table that compactions leave alone.
    package struct DamagedTable: Encodable, Equatable {
        package var level: UInt64
        package var since: String
        package var offset: UInt64?
        package var problem: String

        init(_ table: LSMTx.DamagedTable) {
            level = UInt64(table.level)
            since = UnixTime.iso8601(table.since)
            offset = table.error.location.offset
            problem = table.error.description
        }
    }

    /// Without rows when no table is damaged.
    var damage: Section {
        Section(
            title: "Damaged tables",
            rows: damagedTables.map { table in
                Row(label: "level \(table.level)", text: "", detail: "since \(table.since): \(table.problem)")
            })
    }
}
