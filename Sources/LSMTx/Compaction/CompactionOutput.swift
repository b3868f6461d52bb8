/// The tables that a compaction writes, one after the other. Until ``take()``, all their space is given back when
/// this goes away, for whatever reason.
struct CompactionOutput: ~Copyable {
    private let file: StoreFile
    private let level: Int
    private let generation: Generation
    private let takeTableID: @Sendable () -> TableID
    private let options: CompactionOptions
    private var builder: TableBuilder?
    private var finished: [TableDescriptor] = []

    init(
        file: StoreFile, level: Int, generation: Generation, takeTableID: @escaping @Sendable () -> TableID,
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

    /// Whether the present table is large enough to be ended. It is ended between two keys only: all versions of one
    /// are in one table, or tables of a level would overlap.
    var isFull: Bool {
        @inline(__always) get { builder.map { $0.estimatedBytes >= options.targetTableBytes } ?? false }
    }

    @inline(__always)
    mutating func add(
        key: BorrowedBytes, timestamp: Timestamp, kind: EntryKind, value: BorrowedBytes, hidden: Timestamp?
    ) throws(StoreError) {
        if builder == nil { begin() }
        try builder!.add(key: key, timestamp: timestamp, kind: kind, value: value, hidden: hidden)
    }

    private mutating func begin() {
        builder = TableBuilder(
            file: file, id: takeTableID(), level: level, generation: generation, options: options.table)
    }

    /// Ends the present table, or makes one for the range tombstones alone, and reads it back, as a flush does: what it
    /// was made of goes when it is published.
    ///
    /// - Parameter rangeTombstones: The table's.
    mutating func endTable(_ rangeTombstones: RangeTombstones?) throws(StoreError) {
        if builder == nil, let rangeTombstones, !rangeTombstones.isEmpty { begin() }
        guard let builder else { return }
        if let rangeTombstones { try builder.setRangeTombstones(rangeTombstones) }
        let entries = builder.entryCount
        let table = try builder.finish()
        self.builder = nil
        finished.append(table)
        try table.readBack(from: file, entries: entries, rangeTombstones: rangeTombstones?.count ?? 0)
    }

    /// Hands the tables over, in key order, and with them their space.
    mutating func take() -> [TableDescriptor] {
        defer { finished = [] }
        return finished
    }
}
