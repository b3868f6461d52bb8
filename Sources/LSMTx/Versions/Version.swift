/// The set of live tables at one moment, immutable.
///
/// Whoever reads takes the current version and is undisturbed by what flushes and compactions publish meanwhile.
package final class Version: Sendable {
    /// Level 0, newest first: tables whose key ranges may overlap, each newer than the next as a whole.
    ///
    /// Deeper levels, in key order: tables whose ranges are disjoint within a level.
    package let levels: [[Table]]

    package static let empty = Version(levels: [[]])

    private init(levels: [[Table]]) {
        self.levels = levels
    }

    package var tables: [Table] { levels.flatMap { $0 } }

    package var tableCount: Int { levels.reduce(0) { $0 + $1.count } }

    /// The version that `edit` leads to.
    ///
    /// - Parameter open: Makes the table of a descriptor; no file access is needed.
    /// - Throws: `corrupt` when the edit removes a table that is not there, adds one twice, or makes tables of a
    ///   deeper level overlap.
    package func applying(
        _ edit: VersionEdit, open: (TableDescriptor) -> Table
    ) throws(StoreError) -> Version {
        var levels = levels
        for id in edit.removed {
            guard let level = levels.firstIndex(where: { $0.contains { $0.descriptor.id == id } }) else {
                throw .corrupt("An edit removes table \(id), which is not there.", structure: "manifest")
            }
            levels[level].removeAll { $0.descriptor.id == id }
        }
        for table in edit.added {
            let isKnown = levels.contains { $0.contains { $0.descriptor.id == table.id } }
            guard !isKnown else {
                throw .corrupt("An edit adds table \(table.id) twice.", structure: "manifest")
            }
            while levels.count <= table.level { levels.append([]) }
            levels[table.level].append(open(table))
        }
        levels[0].sort { $0.descriptor.id > $1.descriptor.id }
        for level in levels.indices.dropFirst() {
            levels[level].sort { $0.descriptor.smallestKey.lexicographicallyPrecedes($1.descriptor.smallestKey) }
            for (left, right) in zip(levels[level], levels[level].dropFirst())
            where !left.descriptor.largestKey.lexicographicallyPrecedes(right.descriptor.smallestKey) {
                throw .corrupt(
                    "Tables \(left.descriptor.id) and \(right.descriptor.id) of level \(level) overlap.",
                    structure: "manifest")
            }
        }
        return Version(levels: levels)
    }

    /// The tables with these numbers, in the order asked for.
    package func tables(_ ids: [TableID]) -> [Table] {
        let known = Dictionary(uniqueKeysWithValues: tables.map { ($0.descriptor.id, $0) })
        return ids.compactMap { known[$0] }
    }

    /// The edit that leads here from the empty version: a manifest's base.
    package var asEdit: VersionEdit {
        VersionEdit(added: tables.map(\.descriptor))
    }
}
