/// Writes one frozen memtable to one table of level 0.
///
/// Every version is kept: which ones no read point needs is decided by compaction, which sees more of each key.
package struct FlushJob {
    private let file: StoreFile
    private let memtable: Memtable
    private let id: TableID
    private let generation: Generation

    /// - Parameters:
    ///   - memtable: Frozen, and wholly published.
    ///   - generation: The state that will name the table.
    package init(file: StoreFile, memtable: Memtable, id: TableID, generation: Generation) {
        self.file = file
        self.memtable = memtable
        self.id = id
        self.generation = generation
    }

    /// Writes the table and returns its descriptor; nothing is durable or published yet.
    ///
    /// - Throws: `diskFull`, with every extent given back; `io`, likewise; `corrupt` when the table does not hold as
    ///   many entries as the memtable yielded, which would be a bug and must not replace the log.
    package func run() throws(StoreError) -> TableDescriptor {
        let builder = TableBuilder(
            file: file, id: id, level: 0, generation: generation, options: TableOptions())
        do throws(StoreError) {
            var entries: UInt64 = 0
            var cursor = memtable.versions()
            while cursor.isValid {
                let entry = cursor.entry
                try builder.add(key: cursor.key, timestamp: entry.timestamp, kind: entry.kind, value: entry.value)
                entries += 1
                cursor.next()
            }
            let table = try builder.finish()
            guard table.statistics.entryCount == entries else {
                throw StoreError.corrupt(
                    "A flush wrote \(table.statistics.entryCount) of \(entries) entries.", structure: "table")
            }
            return table
        } catch {
            builder.abandon()
            throw error
        }
    }
}
