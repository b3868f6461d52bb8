/// Walks all versions in order, for compaction and the integrity check. It reads past the cache, in large pieces, so
/// that neither disturbs what readers keep there.
///
/// A cursor that met damage stays failed, and throws again at every move until it is placed anew.
package struct TableVersionCursor: ~Copyable {
    private let table: Table
    private var indexBlock: BlockCache.Block?
    private var reader: TableBlockReader
    private var block = DataBlock()
    private var count = 0
    private var number = 0
    private var slot = 0
    private var keys = KeyBuffer()
    private var failure: StoreError?

    /// Whether the cursor stands on an entry.
    package private(set) var isValid = false
    /// The entry, valid until the next move. Requires ``isValid``.
    package private(set) var entry = TableEntry(kind: .tombstone, timestamp: .zero, value: .empty)
    /// The entry's key, valid until the next move. Requires ``isValid``.
    package var key: BorrowedBytes {
        @inline(__always) get { keys.key }
    }

    init(_ table: Table) {
        self.table = table
        reader = TableBlockReader(table)
    }

    deinit { indexBlock?.unpin() }

    /// Goes to the first version of the first key.
    package mutating func seekToFirst() throws(StoreError) {
        try place { cursor throws(StoreError) in
            try cursor.open(0)
            cursor.slot = 0
            cursor.set()
        }
    }

    /// Goes to the newest version of the first key that is not before `key`.
    package mutating func seek(to key: BorrowedBytes) throws(StoreError) {
        try place { cursor throws(StoreError) in
            let newest = Timestamp.max.rawValue
            try cursor.open(try cursor.index().pointee.find(key, at: newest))
            cursor.slot = cursor.block.search(key, at: newest).index
            if cursor.slot < cursor.count {
                cursor.set()
            } else {
                try cursor.openNext()
            }
        }
    }

    /// Goes to the next version: an older one of the same key, or the newest of the next.
    @inline(__always)
    package mutating func next() throws(StoreError) {
        if isValid, slot + 1 < count {
            slot += 1
            set()
            return
        }
        try leaveBlock()
    }

    @inline(never)
    private mutating func leaveBlock() throws(StoreError) {
        if let failure { throw failure }
        guard isValid else { return }
        try place { cursor throws(StoreError) in try cursor.openNext() }
    }

    private mutating func openNext() throws(StoreError) {
        guard number + 1 < (try index().pointee.blockCount) else { return }
        try open(number + 1)
        slot = 0
        set()
    }

    private mutating func place(
        _ body: (inout TableVersionCursor) throws(StoreError) -> Void
    ) throws(StoreError) {
        isValid = false
        failure = nil
        do throws(StoreError) {
            try body(&self)
        } catch {
            failure = error
            throw error
        }
    }

    @inline(__always)
    private mutating func set() {
        let entry = block.entry(slot)
        keys.set(entry, slice: block.slice(slot))
        self.entry = TableEntry(
            kind: entry.kind, timestamp: Timestamp(rawValue: entry.timestamp), value: entry.value)
        isValid = true
    }

    private mutating func index() throws(StoreError) -> UnsafePointer<IndexBlock> {
        if let indexBlock { return IndexBlock.view(indexBlock) }
        let epoch = Epoch.pin()
        defer { Epoch.unpin(epoch) }
        let block = try table.indexBlock()
        block.pin()
        indexBlock = block
        return IndexBlock.view(block)
    }

    private mutating func open(_ number: Int) throws(StoreError) {
        block = try reader.read(number, index: try index())
        self.number = number
        count = block.count
        keys.setPrefix(block.prefix)
    }
}
