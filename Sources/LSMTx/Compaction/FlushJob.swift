/// Writes one frozen memtable to one table of level 0.
///
/// Every version is kept: which ones no read point needs is decided by compaction, which sees more of each key.
package struct FlushJob {
    private let file: StoreFile
    private let memtable: Memtable
    private let id: TableID
    private let generation: Generation
    private let seededFaults: SeededFaults

    /// - Parameters:
    ///   - memtable: Frozen, and wholly published.
    ///   - generation: The state that will name the table.
    package init(
        file: StoreFile, memtable: Memtable, id: TableID, generation: Generation, seededFaults: SeededFaults = []
    ) {
        self.file = file
        self.memtable = memtable
        self.id = id
        self.generation = generation
        self.seededFaults = seededFaults
    }

    /// Writes the table, reads it back, and returns its descriptor; nothing is durable or published yet.
    ///
    /// Reading back costs about a third of the flush. The log that the table replaces is the only other copy, so a
    /// table that was built wrongly must be found before, not by a reader after.
    ///
    /// - Throws: `diskFull`, with every extent given back; `io`, likewise; `corrupt` when the table does not hold what
    ///   the memtable yielded.
    package func run() throws(StoreError) -> TableDescriptor {
        let rangeTombstones = memtable.rangeTombstones?.merged
        let (table, entries) = try build(rangeTombstones)
        do throws(StoreError) {
            try table.readBack(from: file, entries: entries, rangeTombstones: rangeTombstones?.count ?? 0)
        } catch {
            file.allocator.releaseUnpublished(table.extents)
            throw error
        }
        return table
    }

    private func build(
        _ rangeTombstones: RangeTombstones?
    ) throws(StoreError) -> (table: TableDescriptor, entries: UInt64) {
        let builder = TableBuilder(
            file: file, id: id, level: 0, generation: generation, options: TableOptions())
        do throws(StoreError) {
            var entries: UInt64 = 0
            var cursor = memtable.versions()
            while cursor.isValid {
                let entry = cursor.entry
                if entry.kind == .tombstone, entries > 0, seededFaults.has(.dropTombstonesAtFlush) {
                    cursor.next()
                    continue
                }
                let hidden = rangeTombstones.flatMap {
                    $0.oldest(in: $0.interval(of: cursor.key), above: entry.timestamp)
                }
                try builder.add(
                    key: cursor.key, timestamp: entry.timestamp, kind: entry.kind, value: entry.value, hidden: hidden)
                entries += 1
                cursor.next()
            }
            if let rangeTombstones, try builder.setRangeTombstones(rangeTombstones) { entries += 1 }
            return (try builder.finish(), entries)
        } catch {
            builder.abandon()
            throw error
        }
    }
}
