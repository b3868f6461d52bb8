/// The set of live tables at one moment, immutable.
///
/// Whoever reads takes the current version and is undisturbed by what flushes and compactions publish meanwhile.
package final class Version: Sendable {
    /// Level 0, newest first: tables whose key ranges may overlap, each newer than the next as a whole.
    ///
    /// Deeper levels, in key order: tables whose bounds are disjoint within a level.
    package let levels: [[Table]]

    /// Whether any table has range tombstones.
    package let hasRangeTombstones: Bool

    /// No table has anything newer.
    package let largestTimestamp: Timestamp

    package static let empty = Version(levels: [[]])

    private init(levels: [[Table]]) {
        self.levels = levels
        largeValueCount = levels.reduce(0) { $0 + $1.reduce(0) { $0 + $1.descriptor.largeValues.count } }
        hasRangeTombstones = levels.contains { $0.contains { $0.hasRangeTombstones } }
        largestTimestamp = levels.reduce(.zero) { newest, level in
            level.reduce(newest) { max($0, $1.descriptor.largestTimestamp) }
        }
    }

    package var tables: [Table] { levels.flatMap { $0 } }

    /// How many large values the tables own.
    package let largeValueCount: Int

    package var tableCount: Int { levels.reduce(0) { $0 + $1.count } }

    /// The version that `edit` leads to.
    ///
    /// An edit that removes and adds the same table moves it to another level.
    ///
    /// - Parameter open: Makes the table of a descriptor; no file access is needed.
    /// - Throws: `corrupt` when the edit removes a table that is not there, adds one twice, changes one that it moves,
    ///   or makes tables of a deeper level overlap.
    package func applying(
        _ edit: VersionEdit, open: (TableDescriptor) -> Table
    ) throws(StoreError) -> Version {
        var levels = levels
        var removed: [TableID: Table] = [:]
        for id in edit.removed {
            guard let (level, index) = levels.place(of: id) else {
                throw .corrupt("An edit removes table \(id), which is not there.", structure: "manifest")
            }
            removed[id] = levels[level].remove(at: index)
        }
        for table in edit.added {
            guard levels.place(of: table.id) == nil else {
                throw .corrupt("An edit adds table \(table.id) twice.", structure: "manifest")
            }
            while levels.count <= table.level { levels.append([]) }
            if let moving = removed[table.id] {
                guard moving.descriptor.moved(toLevel: table.level) == table else {
                    throw .corrupt("An edit changes table \(table.id), which it moves.", structure: "manifest")
                }
                levels[table.level].append(moving.moved(toLevel: table.level))
            } else {
                levels[table.level].append(open(table))
            }
        }
        levels[0].sort { $0.descriptor.id > $1.descriptor.id }
        for level in levels.indices.dropFirst() {
            levels[level].sort {
                $0.descriptor.bounds.lowerBound.lexicographicallyPrecedes($1.descriptor.bounds.lowerBound)
            }
            for (left, right) in zip(levels[level], levels[level].dropFirst())
            where left.descriptor.bounds.overlaps(right.descriptor.bounds) {
                throw .corrupt(
                    "Tables \(left.descriptor.id) and \(right.descriptor.id) of level \(level) overlap.",
                    structure: "manifest")
            }
        }
        return Version(levels: levels)
    }

    /// The table of that number, if it is live.
    package func table(_ id: TableID) -> Table? {
        levels.place(of: id).map { levels[$0.level][$0.index] }
    }

    /// The edit that leads here from the empty version: a manifest's base.
    package var asEdit: VersionEdit {
        VersionEdit(added: tables.map(\.descriptor))
    }
}

extension [[Table]] {
    fileprivate func place(of id: TableID) -> (level: Int, index: Int)? {
        for (level, tables) in enumerated() {
            if let index = tables.firstIndex(where: { $0.descriptor.id == id }) { return (level, index) }
        }
        return nil
    }
}
