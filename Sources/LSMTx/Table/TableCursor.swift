internal import CLSMTxShims

/// Walks what is visible at a timestamp: for each user key its newest version at or before it, tombstones included.
///
/// The place is an entry; nothing else is remembered of the direction, which may change at any move. It pins the
/// block that it stands in, so that ``key`` and ``entry`` stay valid until the next move, in any thread's epoch.
///
/// Forward: skip the other versions of the present key, then versions that are too new.
/// Backward: skip to the key before, whose oldest version is met first; give the key up if even that is too new;
/// else go on back while the next newer version is still old enough.
/// Whether a key goes on across the border of two blocks is known from the index.
///
/// A cursor that met damage stays failed, and throws again at every move until it is placed anew: it never skips.
package struct TableCursor: ~Copyable {
    private var table: Table
    private let timestamp: UInt64
    private var indexBlock: BlockCache.Block?
    private var dataBlock: BlockCache.Block?
    /// Meaningful while `dataBlock` is there.
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

    init(_ table: Table, at timestamp: Timestamp) {
        self.table = table
        self.timestamp = timestamp.rawValue
    }

    deinit {
        dataBlock?.unpin()
        indexBlock?.unpin()
    }

    /// Leaves the table for another, and stands on no entry until it is placed there. Its memory is kept.
    package mutating func stand(in table: Table) {
        dataBlock?.unpin()
        indexBlock?.unpin()
        dataBlock = nil
        indexBlock = nil
        number = 0
        count = 0
        self.table = table
        failure = nil
        isValid = false
    }

    /// Goes to the first visible key.
    package mutating func seekToFirst() throws(StoreError) {
        try place { cursor throws(StoreError) in
            try cursor.open(0, isPointRead: false)
            cursor.slot = 0
            try cursor.settleForward()
        }
    }

    /// Goes to the last visible key.
    package mutating func seekToLast() throws(StoreError) {
        try place { cursor throws(StoreError) in
            try cursor.open(try cursor.index().pointee.blockCount - 1, isPointRead: false)
            cursor.slot = cursor.count - 1
            try cursor.settleBackward()
        }
    }

    /// Goes to the first visible key that is not before `key`.
    package mutating func seek(to key: BorrowedBytes) throws(StoreError) {
        try place { cursor throws(StoreError) in
            guard try cursor.find(key, at: cursor.timestamp) else { return }
            try cursor.settleForward()
        }
    }

    /// Goes to the last visible key that is before `key`.
    package mutating func seekBackward(before key: BorrowedBytes) throws(StoreError) {
        try place { cursor throws(StoreError) in
            if try cursor.find(key, at: .max) {
                guard try cursor.stepBackward() else { return }
            } else {
                // Past the end: `find` left the cursor in the last block.
                cursor.slot = cursor.count - 1
            }
            try cursor.settleBackward()
        }
    }

    /// Goes to the next visible key.
    @inline(__always)
    package mutating func next() throws(StoreError) {
        if isValid, slot + 1 < count, block.slice(slot) != block.slice(slot + 1) {
            let entry = block.entry(slot + 1)
            if entry.timestamp <= timestamp {
                slot += 1
                set(entry)
                return
            }
        }
        try move { cursor throws(StoreError) in
            guard try cursor.skipKeyForward() else { return }
            try cursor.settleForward()
        }
    }

    /// Goes to the visible key before.
    @inline(__always)
    package mutating func previous() throws(StoreError) {
        // The key before this one has a single version here when the slices to both of its sides differ.
        if isValid, slot > 1, block.slice(slot - 1) != block.slice(slot),
            block.slice(slot - 2) != block.slice(slot - 1)
        {
            let entry = block.entry(slot - 1)
            if entry.timestamp <= timestamp {
                slot -= 1
                set(entry)
                return
            }
        }
        try move { cursor throws(StoreError) in
            guard try cursor.skipKeyBackward() else { return }
            try cursor.settleBackward()
        }
    }

    // MARK: Moves

    private mutating func place(_ body: (inout TableCursor) throws(StoreError) -> Void) throws(StoreError) {
        isValid = false
        failure = nil
        do throws(StoreError) {
            try body(&self)
        } catch {
            failure = error
            throw error
        }
    }

    @inline(never)
    private mutating func move(_ body: (inout TableCursor) throws(StoreError) -> Void) throws(StoreError) {
        if let failure { throw failure }
        guard isValid else { return }
        try place(body)
    }

    @inline(__always)
    private mutating func set(_ entry: DataBlock.Entry) {
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

    /// Makes `number` the block that the cursor stands in.
    private mutating func open(_ number: Int, isPointRead: Bool) throws(StoreError) {
        let index = try index()
        if dataBlock != nil, number == self.number { return }
        let opened: BlockCache.Block
        do {
            let epoch = Epoch.pin()
            defer { Epoch.unpin(epoch) }
            opened = try table.dataBlock(number, index: index, isPointRead: isPointRead)
            opened.pin()
        }
        dataBlock?.unpin()
        dataBlock = opened
        let ahead = number > self.number ? number + 1 : number - 1
        self.number = number
        block = DataBlock(verified: opened.payload)
        count = block.count
        keys.setPrefix(block.prefix)
        guard !isPointRead, ahead >= 0, ahead < index.pointee.blockCount else { return }
        prefetch(ahead, index: index, isBackward: ahead < number)
    }

    /// Asks for those parts of a block that a scan will read first when it enters it next: the beginning, and going
    /// backward the last entries too. Nothing is read through the address, so it needs no epoch.
    private func prefetch(_ number: Int, index: UnsafePointer<IndexBlock>, isBackward: Bool) {
        guard let next = BlockCache.block(in: index.pointee.slots + number) else { return }
        for line in 0..<6 { lsmtx_prefetch(next.base + line * 64) }
        guard isBackward else { return }
        let end = next.content + Int(index.pointee.pointer(number).length)
        for line in 1...6 { lsmtx_prefetch(end - line * 64) }
    }

    /// Goes to the first entry that is not before version `timestamp` of `key`, and returns whether there is one. If
    /// not, the cursor is in the last block.
    private mutating func find(_ key: BorrowedBytes, at timestamp: UInt64) throws(StoreError) -> Bool {
        let number = try index().pointee.find(key, at: timestamp)
        try open(number, isPointRead: true)
        slot = block.search(key, at: timestamp).index
        guard slot == count else { return true }
        slot = count - 1
        return try stepForward()
    }

    private mutating func stepForward() throws(StoreError) -> Bool {
        if slot + 1 < count {
            slot += 1
            return true
        }
        guard number + 1 < (try index().pointee.blockCount) else { return false }
        try open(number + 1, isPointRead: false)
        slot = 0
        return true
    }

    private mutating func stepBackward() throws(StoreError) -> Bool {
        if slot > 0 {
            slot -= 1
            return true
        }
        guard number > 0 else { return false }
        try open(number - 1, isPointRead: false)
        slot = count - 1
        return true
    }

    /// Goes to the first entry of the next key.
    private mutating func skipKeyForward() throws(StoreError) -> Bool {
        while true {
            let isSame: Bool
            if slot + 1 < count {
                isSame = block.isSameKey(slot, slot + 1)
            } else {
                isSame = try index().pointee.spanTimestamp(number) != nil
            }
            guard try stepForward() else { return false }
            if !isSame { return true }
        }
    }

    /// Goes to the last entry of the key before.
    private mutating func skipKeyBackward() throws(StoreError) -> Bool {
        while true {
            let isSame: Bool
            if slot > 0 {
                isSame = block.isSameKey(slot - 1, slot)
            } else {
                isSame = number > 0 ? try index().pointee.spanTimestamp(number - 1) != nil : false
            }
            guard try stepBackward() else { return false }
            if !isSame { return true }
        }
    }

    /// From the first entry of a key that may be seen, goes to the first that is visible.
    private mutating func settleForward() throws(StoreError) {
        while block.timestamp(slot) > timestamp {
            guard try stepForward() else { return }
        }
        set(block.entry(slot))
    }

    /// From the last entry of a key, goes back to the first key that has a visible version, and there to the newest.
    private mutating func settleBackward() throws(StoreError) {
        while block.timestamp(slot) > timestamp {
            guard try stepBackward() else { return }
        }
        while true {
            if slot > 0 {
                guard block.isSameKey(slot - 1, slot), block.timestamp(slot - 1) <= timestamp else { break }
            } else {
                guard number > 0, let newer = try index().pointee.spanTimestamp(number - 1), newer <= timestamp else {
                    break
                }
            }
            _ = try stepBackward()
        }
        set(block.entry(slot))
    }
}
