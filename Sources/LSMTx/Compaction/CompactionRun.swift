/// Tables with disjoint ranges, one after the other: a level's share of a compaction's input. One cursor at a time is
/// open, since each has a large buffer.
struct CompactionRun: ~Copyable {
    private let tables: [Table]
    /// Where the first table is entered; later ones begin behind it.
    private let lower: [UInt8]
    private var opened = 0
    /// Initialized while a table is open: a noncopyable value cannot be replaced in place through an optional.
    private let cursor: UnsafeMutablePointer<TableVersionCursor>
    private var isOpen = false

    /// - Parameters:
    ///   - tables: In key order.
    ///   - lower: The first key of interest; no table ends before it.
    init(_ tables: [Table], from lower: [UInt8]) {
        self.tables = tables
        self.lower = lower
        cursor = .allocate(capacity: 1)
    }

    deinit {
        if isOpen { cursor.deinitialize(count: 1) }
        cursor.deallocate()
    }

    /// Whether there is an entry. False before the first call of ``next()``.
    var isValid: Bool {
        @inline(__always) get { isOpen && cursor.pointee.isValid }
    }

    /// Valid until the next move, as is ``entry``.
    var key: BorrowedBytes {
        @inline(__always) get { cursor.pointee.key }
    }

    var entry: TableEntry {
        @inline(__always) get { cursor.pointee.entry }
    }

    /// Goes to the next version, at first to the first one.
    @inline(__always)
    mutating func next() throws(StoreError) {
        if isOpen {
            try cursor.pointee.next()
            if cursor.pointee.isValid { return }
        }
        try openNext()
    }

    @inline(never)
    private mutating func openNext() throws(StoreError) {
        if isOpen { cursor.deinitialize(count: 1) }
        isOpen = opened < tables.count
        guard isOpen else { return }
        cursor.initialize(to: tables[opened].versions())
        opened += 1
        if opened == 1, !lower.isEmpty {
            try lower.span.bytes.withUnsafeBytes { bytes throws(StoreError) in
                try cursor.pointee.seek(to: BorrowedBytes(bytes))
            }
        } else {
            try cursor.pointee.seekToFirst()
        }
    }
}
