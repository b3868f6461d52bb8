/// The tables that a compaction writes, one after the other. Until ``take()``, all their space is given back when
/// this goes away, for whatever reason.
struct CompactionOutput: ~Copyable {
    private let file: StoreFile
    private let level: Int
    private let generation: Generation
    private let takeTableID: () -> TableID
    private let options: CompactionOptions
    private var builder: TableBuilder?
    private var finished: [TableDescriptor] = []

    init(
        file: StoreFile, level: Int, generation: Generation, takeTableID: @escaping () -> TableID,
        options: CompactionOptions
    ) {
        self.file = file
        self.level = level
        self.generation = generation
        self.takeTableID = takeTableID
        self.options = options
    }

    deinit {
        builder?.abandon()
        for table in finished { file.allocator.releaseUnpublished(table.extents) }
    }

    /// Ends the present table if it is large enough. Called between two keys only: all versions of one are in one
    /// table, or tables of a level would overlap.
    @inline(__always)
    mutating func beginKey() throws(StoreError) {
        guard let builder, builder.estimatedBytes >= options.targetTableBytes else { return }
        try finishTable()
    }

    @inline(__always)
    mutating func add(
        key: BorrowedBytes, timestamp: Timestamp, kind: EntryKind, value: BorrowedBytes
    ) throws(StoreError) {
        if builder == nil {
            builder = TableBuilder(
                file: file, id: takeTableID(), level: level, generation: generation, options: options.table)
        }
        try builder!.add(key: key, timestamp: timestamp, kind: kind, value: value)
    }

    /// Ends the last table. Nothing may be added after it.
    mutating func finish() throws(StoreError) {
        if builder != nil { try finishTable() }
    }

    /// Reads each table back, as a flush does: what it was made of goes when it is published.
    private mutating func finishTable() throws(StoreError) {
        guard let builder else { return }
        let entries = builder.entryCount
        let table = try builder.finish()
        self.builder = nil
        finished.append(table)
        try table.readBack(from: file, entries: entries)
    }

    /// Hands the tables over, in key order, and with them their space.
    mutating func take() -> [TableDescriptor] {
        defer { finished = [] }
        return finished
    }
}
