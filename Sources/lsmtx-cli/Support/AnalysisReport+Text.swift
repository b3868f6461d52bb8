internal import LSMTxSpecs

extension AnalysisReport {
    package typealias Section = StatisticsReport.Section
    package typealias Row = StatisticsReport.Row

    /// What people read, in order.
    package var sections: [Section] {
        var sections = [summary, space, levelSection, byteSection]
        sections.append(histogram("Versions by age", ages))
        sections.append(histogram("Versions of a key", versionsPerKey))
        sections.append(histogram("Keys by size", keySizes))
        sections.append(histogram("Values by size", valueSizes))
        return sections.filter { !$0.rows.isEmpty }
    }

    private func number(_ label: String, _ count: UInt64, _ detail: String = "") -> Row {
        Row(label: label, text: Rendering.grouped(count), detail: detail)
    }

    private var summary: Section {
        var rows = [
            number("keys", keys, "those of which only a deletion is left among them"), number("versions", versions),
            number("tombstones", tombstones), number("large values", largeValues),
        ]
        if unflushedEntries > 0 {
            rows.append(
                number("in the log", unflushedEntries, "entries that no table has yet, and nothing here counts"))
        }
        return Section(title: Escaping.terminal(Array(path.utf8)), rows: rows)
    }

    private var space: Section {
        Section(
            title: "The file",
            rows: uses.map { use in
                Row(
                    label: use.use == "table" ? "tables" : use.use, text: Rendering.bytes(use.bytes), part: use.bytes,
                    whole: fileBytes,
                    detail: "\(Rendering.percent(use.bytes, of: fileBytes)) in \(Rendering.count(use.extents, "place"))"
                )
            } + [Row(label: "in all", text: Rendering.bytes(fileBytes))])
    }

    private var levelSection: Section {
        let largest = levels.map(\.bytes).max() ?? 0
        return Section(
            title: "Levels",
            rows: levels.map { level in
                var detail = "\(Rendering.count(level.tables, "table")), \(Rendering.grouped(level.entries)) entries"
                if level.tombstones > 0 { detail += ", \(Rendering.count(level.tombstones, "tombstone"))" }
                if level.rangeTombstones > 0 {
                    detail += ", \(Rendering.count(level.rangeTombstones, "range tombstone"))"
                }
                let (first, last) = (Self.short(level.smallestKey), Self.short(level.largestKey))
                return Row(
                    label: "level \(level.level)", text: Rendering.bytes(level.bytes), part: level.bytes,
                    whole: largest, detail: "\(detail), \(first) to \(last)")
            })
    }

    private var byteSection: Section {
        let stored =
            bytes.dataBlocks + bytes.indexes + bytes.filters + bytes.rangeTombstones + bytes.headers + bytes.unused
            + bytes.largeValueExtents
        guard stored > 0 else { return Section(title: "Bytes", rows: []) }
        func row(_ label: String, _ count: UInt64, _ detail: String = "") -> Row {
            Row(label: label, text: Rendering.bytes(count), part: count, whole: stored, detail: detail)
        }
        let blocks = Rendering.percent(bytes.dataBlocks, of: bytes.keys + bytes.values)
        let rows = [
            row("keys", bytes.keys, "as they were written, once for each version"), row("values", bytes.values),
            row("large values", bytes.largeValues),
            row("data blocks", bytes.dataBlocks, "\(blocks) of keys and values"), row("indexes", bytes.indexes),
            row("filters", bytes.filters), row("range tombstones", bytes.rangeTombstones),
            row("headers", bytes.headers), row("large extents", bytes.largeValueExtents),
            row("unused", bytes.unused, "of the tables' extents"),
        ]
        return Section(title: "Bytes", rows: rows.filter { $0.part ?? 0 > 0 })
    }

    private func histogram(_ title: String, _ classes: [Class]) -> Section {
        let sum = classes.reduce(0) { $0 + $1.count }
        let largest = classes.map(\.count).max() ?? 0
        guard sum > 0 else { return Section(title: title, rows: []) }
        return Section(
            title: title,
            rows: classes.map { item in
                Row(
                    label: item.label, text: Rendering.grouped(item.count), part: item.count, whole: largest,
                    detail: Rendering.percent(item.count, of: sum))
            })
    }

    /// A key in a line with others.
    static func short(_ key: String) -> String {
        key.isEmpty ? "''" : TextColumns.shortened(TextColumns.printable(key), to: 24)
    }
}
