/// The difference between two states: which tables came and which went, and what changed about the past.
///
/// A manifest's base is an edit too, from the version without tables.
package struct VersionEdit: Sendable {
    /// Each in the level that its descriptor says.
    package var added: [TableDescriptor] = []
    package var removed: [TableID] = []
    package var history = HistoryEdit()

    package init(added: [TableDescriptor] = [], removed: [TableID] = []) {
        self.added = added
        self.removed = removed
    }

    /// Levels are numbered from 0 to below this.
    package static let maximumLevels = 16

    /// Each field of an edit carries its tag. A tag that a reader does not know makes the whole edit unreadable to
    /// it, so new kinds of fields need no new format version unless old readers could ignore them wrongly.
    private enum Tag: UInt8 {
        case add = 1
        case remove = 2
    }

    package func encode(to writer: inout ByteWriter) {
        for table in added {
            writer.uint8(Tag.add.rawValue)
            table.encode(to: &writer)
        }
        for id in removed {
            writer.uint8(Tag.remove.rawValue)
            writer.varint(id.rawValue)
        }
        history.encode(to: &writer)
    }

    /// Reads an edit from the payload of a verified block, to its end.
    package init(from reader: inout ByteReader) throws(StoreError) {
        while reader.remaining > 0 {
            let tag = try reader.uint8()
            switch Tag(rawValue: tag) {
            case .add:
                let table = try TableDescriptor(from: &reader)
                guard table.level < Self.maximumLevels else { throw reader.fail("A table's level is out of range.") }
                added.append(table)
            case .remove:
                removed.append(TableID(rawValue: try reader.varint()))
            case nil:
                if let tag = HistoryEdit.Tag(rawValue: tag) {
                    try history.read(tag, from: &reader)
                    continue
                }
                throw StoreError(
                    .unsupportedFormat, "The manifest has a field (tag \(tag)) that this build does not know.",
                    remedy: "Open the file with the release that wrote it.")
            }
        }
    }
}
