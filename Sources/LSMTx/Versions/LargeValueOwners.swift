/// What becomes of the large values of the tables that a change replaces.
///
/// A large value belongs to one entry, and its extent to the table that has the entry. Compaction copies the entry and
/// with it the reference, never the value.
struct LargeValueOwners {
    /// For each table that goes, the extents that no table which comes has taken over.
    let dropped: [[FileRange]]
    /// The extents that no table had before: they were pending.
    let taken: [FileRange]

    /// - Throws: `corrupt` when two of the new tables claim one extent, which entries of a crafted file may lead to.
    init(before: [TableDescriptor], after: [TableDescriptor]) throws(StoreError) {
        let claimed = after.flatMap(\.largeValues)
        guard !claimed.isEmpty || before.contains(where: { !$0.largeValues.isEmpty }) else {
            dropped = before.map { _ in [] }
            taken = []
            return
        }
        let kept = Set(claimed)
        guard kept.count == claimed.count else {
            throw .corrupt("Two entries have one large value.", structure: BlockKind.largeValue.name)
        }
        dropped = before.map { table in table.largeValues.filter { !kept.contains($0) } }
        let known = Set(before.lazy.flatMap(\.largeValues))
        taken = kept.subtracting(known).sorted { $0.offset < $1.offset }
    }
}
